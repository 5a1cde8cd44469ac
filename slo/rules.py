"""The rules of one objective: what only it has. What all have in common is in ``slo.arithmetic``.

Only windows up to an hour read the services' own series; see ``slo.arithmetic`` for the longer ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from mixins.model import Alert, RecordingRule, RuleGroup, Severity
from slo.links import ServiceLinks
from slo.model import WINDOW, AlertOptions, BurnRate, Slo, burn_rates
from slo.policy import BudgetPolicy, Window
from slo.templates import literal
from units import seconds

BASE: Window = "5m"
"""The window whose events and errors are recorded; all longer ones than an hour are sums of it."""
SUMMED: tuple[Window, ...] = ("2h", "6h", "1d", "3d")
"""Windows that are sums of tiles."""
KEPT = "11m"
"""How long a tile counts as the last one: one may be late, two may not."""
RAW: tuple[Window, ...] = ("30m", "1h")
"""Further windows that read the services' own series, because minutes count there."""
EVENTS, ERRORS, OBJECTIVE = f"slo:events:rate{BASE}", f"slo:errors:rate{BASE}", "slo:objective:ratio"
OWN = '{slo_id!=""}'
"""Selects what these rules record: usual generators call some of their series the same."""
DASHBOARD = "slo-detail"
"""UID of the dashboard of one objective."""
NAMES = {"page": "ErrorBudgetBurnFast", "ticket": "ErrorBudgetBurnSlow"}
SEVERITY = {"page": Severity.CRITICAL, "ticket": Severity.WARNING}
_SUMMARY = {
    "page": "An error budget is burning so fast that somebody must act now.",
    "ticket": "An error budget is burning faster than it lasts.",
}


def ratio(window: Window) -> str:
    """Name of the recorded share of failed events over ``window``, 0 to 1."""
    return f"slo:sli_error:ratio_rate{window}"


def groups(slo: Slo, policy: BudgetPolicy, links: ServiceLinks) -> tuple[RuleGroup, ...]:
    """Return the recording rules and the burn rate alerts of an objective."""
    labels = {"slo_id": slo.id, "service": slo.service, "slo": slo.name, "period": slo.period}
    measured = (*_measured(slo), *(_counted(slo) if slo.minimum_errors else ()))
    records = [RecordingRule(name, expr, labels) for name, expr in measured]
    about = {**slo.labels, **({"team": slo.team} if slo.team else {}), "commitment": slo.commitment}
    records.append(
        RecordingRule(OBJECTIVE, f"vector({(slo.objective / 100).normalize():f})", {**labels, **about})
    )
    alerts = tuple(_alerts(slo, policy, links))
    return (
        RuleGroup(f"slo:{slo.id}", tuple(records)),
        *((RuleGroup(f"slo:{slo.id}:alerts", alerts),) if alerts else ()),
    )


def _measured(slo: Slo) -> Iterator[tuple[str, str]]:
    indicator, here = slo.indicator, f'{{slo_id="{slo.id}"}}'
    per_second = f" / {seconds(BASE):.0f}" if indicator.counts else ""
    if indicator.steps:
        yield EVENTS, f'sum({EVENTS}{{slo_id="{indicator.steps[0]}"}})'
        yield ratio(BASE), f"{_journey(indicator.steps, BASE)} and on () {EVENTS}{here} > 0"
        yield ERRORS, f"{ratio(BASE)}{here} * {EVENTS}{here} or {EVENTS}{here} * 0"
        for window in RAW:
            yield ratio(window), _journey(indicator.steps, window)
        return
    if indicator.ratio:
        # The comparison drops the ratio of nothing by nothing, which is not a number.
        yield ERRORS, f"({_over(indicator.ratio, BASE)}) >= 0"
        yield EVENTS, f"{ERRORS}{here} * 0 + 1"
        for window in RAW:
            yield ratio(window), f"({_over(indicator.ratio, window)}) >= 0"
    else:
        # No series of errors means that there were none: then they are as many as the events times zero.
        zero = f"({_over(indicator.events, BASE)}) * 0"
        yield EVENTS, f"({_over(indicator.events, BASE)}){per_second} >= 0"
        yield ERRORS, f"({_over(indicator.errors, BASE)}){per_second} >= 0 or {zero}"
        for window in RAW:
            share = f"({_over(indicator.errors, window)}) / (({_over(indicator.events, window)}) > 0)"
            yield ratio(window), f"{share} or {zero}"
    yield ratio(BASE), f"{ERRORS}{here} / ({EVENTS}{here} > 0)"


def _counted(slo: Slo) -> Iterator[tuple[str, str]]:
    """Yield the errors of windows that are no sums of tiles: so many as there were, however young it is."""
    for window in RAW:
        scale = "" if slo.indicator.counts else f" * {seconds(window):.0f}"
        yield f"slo:errors:sum{window}", f"({_over(slo.indicator.errors, window)}){scale}"


def _over(query: str, window: Window) -> str:
    return query.replace(WINDOW, window)


def _journey(steps: tuple[str, ...], window: Window) -> str:
    """Return the share of journeys that fail when each step fails independently of the others."""
    good = (f'(1 - (max({ratio(window)}{{slo_id="{step}"}}) or vector(0)))' for step in steps)
    return f"1 - {' * '.join(good)}"


def _alerts(slo: Slo, policy: BudgetPolicy, links: ServiceLinks) -> Iterator[Alert]:
    rates = sorted(burn_rates(slo, policy), key=lambda rate: rate.tier.kind)
    for kind, members in groupby(rates, key=lambda rate: rate.tier.kind):
        options: AlertOptions = getattr(slo, kind)
        if not options.disable:
            yield _alert(slo, kind, tuple(members), options, links)


def _alert(
    slo: Slo, kind: str, rates: tuple[BurnRate, ...], options: AlertOptions, links: ServiceLinks
) -> Alert:
    conditions = [_condition(slo, rate) for rate in rates]
    contract = " (a contract)" if slo.commitment == "sla" else ""
    labels = {
        "slo_id": slo.id,
        "service": slo.service,
        "slo": slo.name,
        **({"team": slo.team} if slo.team else {}),
        "commitment": slo.commitment,
        "slo_severity": kind,
        **slo.labels,
        **options.labels,
    }
    return Alert(
        options.name or NAMES[kind],
        expr="\nor\n".join(f"({condition})" for condition in conditions),
        severity=SEVERITY[kind],
        summary=_SUMMARY[kind],
        description=(
            f"{slo.service}: {slo.name}, {slo.objective:f} % over {slo.period}{contract}, loses its budget "
            '{{ $value | printf "%.1f" }} times faster than it lasts. Budget left: '
            + _query(f'slo:period_error_budget_remaining:ratio{{slo_id="{slo.id}"}}', "humanizePercentage")
            + "."
            + (f" {literal(slo.description)}" if slo.description else "")
        ),
        labels=labels,
        annotations={
            "windows": "".join(
                _fired(condition, rate) for condition, rate in zip(conditions, rates, strict=True)
            ),
            **links.annotations(slo.service),
            **({"runbook_url": slo.runbook} if slo.runbook else {}),
            **options.annotations,
        },
        dashboard=f"{DASHBOARD}?var-slo={slo.id}",
        runbook=NAMES[kind],
    )


def _condition(slo: Slo, rate: BurnRate) -> str:
    here, budget, tier = f'{{slo_id="{slo.id}"}}', f"{slo.budget:f}", rate.tier
    windows = (tier.long, tier.short, *((tier.reset,) if tier.reset else ()))
    burning = [f"{ratio(window)}{here} / {budget} > {rate.factor:f}" for window in windows]
    if slo.minimum_errors:
        burning.append(f"{_errors(here, tier.long)} >= {slo.minimum_errors}")
    return " and ".join(burning)


def _errors(here: str, window: Window) -> str:
    """Return the expression of the number of errors in a window."""
    if window in SUMMED:
        return f"(last_over_time(slo:errors:sum{window}{here}[{KEPT}]) + slo:errors:since_tile{here})"
    return f"slo:errors:sum{window}{here}"


def _fired(condition: str, rate: BurnRate) -> str:
    """Return a template that names the pair of windows of ``rate`` where its condition holds."""
    tier = rate.tier
    text = (
        f"[{tier.priority}] {tier.short} and {tier.long}, above {rate.factor:f} times: "
        f"{tier.share * 100:g} % of the budget in {tier.long}. "
    )
    return f"{{{{ if query `{condition}` }}}}{text}{{{{ end }}}}"


def _query(query: str, form: str) -> str:
    found = f"{{{{ . | first | value | {form} }}}}"
    return f"{{{{ with query `{query}` }}}}{found}{{{{ else }}}}unknown{{{{ end }}}}"
