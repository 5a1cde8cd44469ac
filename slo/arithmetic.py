"""The rules that all objectives share, said once: long windows, budgets, and what their state means.

Every five minutes the events and errors of the last five are kept as a *tile*. Windows from two hours on, and
the period of the budget, are sums of tiles, so that each event weighs the same and no window reads the
services' own series for days. Between two tiles the events since the last one are added, as

    the greater of    rate over 5m * time since the tile    and    events of the last 5m - events of the tile

Both are exact while the rate is constant, the second also from the first moment of an outage. What is left
out is less than a tile, and only while the rate changes: at most 75 s late in the first five minutes of an
outage, and at most one part in 24 of the events of two hours (in 288 of a day) at the window's far end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mixins.model import Alert, RecordingRule, RuleGroup, Severity
from slo.policy import BudgetPolicy, Period
from slo.rules import BASE, DASHBOARD, ERRORS, EVENTS, KEPT, OBJECTIVE, OWN, SUMMED, ratio
from units import seconds

ROLLING: tuple[Period, ...] = ("7d", "28d", "30d")
TILE = f"{seconds(BASE):.0f}"
TILE_TIME, MONTH = "slo:tile:timestamp_seconds", "slo:tile:month_number"
TILES = {"errors": f"slo:errors:increase{BASE}", "events": f"slo:events:increase{BASE}"}
RATES = {"errors": ERRORS, "events": EVENTS}
TILES_INTERVAL = "30s"
"""How often it is looked whether a tile is due: soon after a start, and after a missed evaluation."""
BUDGET, REMAINING = "slo:error_budget:ratio", "slo:period_error_budget_remaining:ratio"
BURN_RATE, PERIOD_ERROR, FREEZE = "slo:current_burn_rate:ratio", "slo:period_error:ratio", "slo:freeze:active"
_NUMBER_OF_MONTH = "(year() * 12 + month())"
TILES_GROUP, BURN_GROUP = "slo-tiles", "slo-burn-rates"
EVALUATION_ORDER = (TILES_GROUP, BURN_GROUP)
"""Order in which a test evaluates the groups, between the objectives' records and their alerts."""


def groups(policy: BudgetPolicy, periods: Sequence[Period] = (*ROLLING, "month")) -> tuple[RuleGroup, ...]:
    """Return the rules that turn what objectives record into burn rates and budgets of all of them."""
    return (
        RuleGroup(TILES_GROUP, tuple(_tiles(periods)), interval=TILES_INTERVAL),
        RuleGroup(BURN_GROUP, (*_burn_rates(), *_budgets(policy), *_alerts(policy))),
    )


def period_sum(kind: str) -> str:
    """Name of the recorded number of ``errors`` or ``events`` in the period of the budget so far."""
    return f"slo:{kind}:sum_period"


def _tiles(periods: Sequence[Period]) -> Iterator[RecordingRule]:
    # Rules are evaluated more often than that, and tiles must not overlap: a new one only where the last is
    # five minutes old.
    yield RecordingRule(TILE_TIME, f"vector(time()) unless last_over_time({TILE_TIME}[{BASE}])")
    for kind, tile in TILES.items():
        yield RecordingRule(tile, f"{RATES[kind]} * {TILE} and on () {TILE_TIME} == time()")
    for kind, tile in TILES.items():
        for window in SUMMED:
            yield RecordingRule(f"slo:{kind}:sum{window}", f"sum_over_time({tile}[{window}])")
        sums = [f'sum_over_time({tile}{{period="{each}"}}[{each}])' for each in periods if each != "month"]
        month = [_month(kind)] if "month" in periods else []
        yield RecordingRule(period_sum(kind), " or ".join(sums + month))
    yield RecordingRule(MONTH, f"{_NUMBER_OF_MONTH} and on () {TILE_TIME} == time()")


def _month(kind: str) -> str:
    """Add tile to tile, and begin anew where the month is another than that of the last tile."""
    same = f"on () group_left () (last_over_time({MONTH}[3d]) == bool {_NUMBER_OF_MONTH})"
    new = f'({TILES[kind]}{{period="month"}} and on () {TILE_TIME} == time())'
    total = f'(last_over_time({period_sum(kind)}{{period="month"}}[3d]) and on (slo_id) {OBJECTIVE}{OWN})'
    return f"{new} + {total} * {same} or {new} or {total}"


def _burn_rates() -> Iterator[RecordingRule]:
    since = f"on () group_left () (time() - last_over_time({TILE_TIME}[{KEPT}]))"
    for kind, tile in TILES.items():
        rate = RATES[kind]
        begun = f"({rate} * {TILE} - last_over_time({tile}[{KEPT}]))"
        steady = f"({rate} * {since})"
        yield RecordingRule(f"slo:{kind}:since_tile", f"{begun} > {steady} or {steady}")
    for window in SUMMED:
        errors, events = (
            f"(last_over_time(slo:{kind}:sum{window}[{KEPT}]) + slo:{kind}:since_tile)" for kind in TILES
        )
        yield RecordingRule(ratio(window), f"{errors} / ({events} > 0)")


def _budgets(policy: BudgetPolicy) -> Iterator[RecordingRule]:
    errors, events = (f"last_over_time({period_sum(kind)}[{KEPT}])" for kind in TILES)
    budget = f"on (slo_id) group_left () {BUDGET}{OWN}"
    yield RecordingRule(BUDGET, f"1 - {OBJECTIVE}{OWN}")
    yield RecordingRule(BURN_RATE, f"{ratio(BASE)}{OWN} / {budget}")
    # No events in the whole period have failed nobody.
    yield RecordingRule(PERIOD_ERROR, f"{errors} / ({events} > 0) or {events} * 0")
    yield RecordingRule(REMAINING, f"1 - {PERIOD_ERROR} / {budget}")
    yield RecordingRule(FREEZE, f"{REMAINING}{OWN} <= bool {1 - policy.freeze_at:g}")


def _alerts(policy: BudgetPolicy) -> Iterator[Alert]:
    labelled = (
        f"* on (slo_id) group_left (team, commitment) ({OBJECTIVE}{OWN} > bool 0)"  # times 1, for its labels
    )
    left = "{{ $labels.service }}: {{ $labels.slo }} has {{ $value | humanizePercentage }} of its budget left"
    half, exhausted = policy.half_spent, policy.exhausted
    board = f"{DASHBOARD}?var-slo={{{{ $labels.slo_id }}}}"
    yield Alert(
        "ErrorBudgetHalfSpent",
        expr=f"({REMAINING}{OWN} <= {1 - half.spent:g} > {1 - exhausted.spent:g}) {labelled}",
        for_="10m",
        severity=Severity(half.severity),
        summary="A large part of an error budget is spent.",
        description=f"{left} for {{{{ $labels.period }}}}; the policy speaks up at {half.spent:.0%} spent.",
        labels={"priority": half.priority},
        dashboard=board,
    )
    yield Alert(
        "ErrorBudgetExhausted",
        expr=f"({REMAINING}{OWN} <= {1 - exhausted.spent:g}) {labelled}",
        for_="10m",
        severity=Severity(exhausted.severity),
        summary="An error budget is spent; releases wait until the service is reliable again.",
        description=f"{left} for {{{{ $labels.period }}}}. The error budget policy applies.",
        labels={"priority": exhausted.priority},
        dashboard=board,
    )
    yield Alert(
        "SloWithoutData",
        expr=f"{OBJECTIVE}{OWN} unless on (slo_id) {EVENTS}",
        for_="30m",
        severity=Severity.WARNING,
        summary="An objective measures nothing, so that nobody would notice an outage.",
        description=(
            "The queries of {{ $labels.service }}: {{ $labels.slo }} return no series; until they do, it has "
            "no alerts."
        ),
        dashboard=board,
    )
