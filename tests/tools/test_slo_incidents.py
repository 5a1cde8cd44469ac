"""Burn rate alerts, evaluated by promtool over incidents: exact counting says when they must fire."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import toolchain
from mixins.model import Links, rule_file
from rendering import to_yaml
from slo import arithmetic, rules
from slo.links import ServiceLinks
from slo.model import Slo
from slo.policy import BudgetPolicy, Period
from tests.tools.slo_incidents import AFTER, ESTABLISHED, HEALTHY, INCIDENTS, PAIRS, Incident, first_minute

POLICY = BudgetPolicy()
PERIODS: tuple[Period, ...] = ("30d", "28d")
ONE_PERIOD = {"long-outage", "five-per-cent", "drizzle", "flapping", "restarting"}
"""Incidents that are watched over 30 days only; the rules of 28 differ from them by a factor."""


def evaluate(
    folder: Path,
    slos: list[Slo],
    series: dict[str, str],
    checks: list[dict[str, Any]],
    *,
    interval: str = "1m",
    start: str = "",
    alerts: Sequence[dict[str, Any]] = (),
    links: Links = Links(),  # noqa: B008
) -> str:
    """Have promtool evaluate the rules of ``slos`` every ``interval``; return what it complains about.

    ``checks`` are values of expressions, ``alerts`` what fires with its labels and annotations.
    """
    own = [rules.groups(slo, POLICY, ServiceLinks(links.grafana)) for slo in slos]
    ordered = (
        *(groups[0] for groups in own),
        *arithmetic.groups(POLICY, sorted({slo.period for slo in slos})),
        *(group for groups in own for group in groups[1:]),
    )
    (folder / "rules.yaml").write_text(to_yaml(rule_file(ordered, links)))
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": interval,
        "group_eval_order": [group.name for group in ordered],
        "fuzzy_compare": True,
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": checks,
                "alert_rule_test": list(alerts),
                **({"start_timestamp": start} if start else {}),
            }
        ],
    }
    (folder / "test.yaml").write_text(to_yaml(test))
    program = toolchain.find("promtool")
    assert program, "promtool is not installed; run: make setup"
    done = subprocess.run(
        [program, "test", "rules", folder / "test.yaml"], capture_output=True, text=True, check=False
    )
    assert "SUCCESS" in done.stdout or done.returncode, done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout + done.stderr


def check(at: int, expr: str, value: float | None) -> dict[str, Any]:
    return {
        "expr": expr,
        "eval_time": f"{at}m",
        "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
    }


def periods(incident: Incident) -> tuple[Period, ...]:
    return PERIODS[:1] if incident.name in ONE_PERIOD else PERIODS


@pytest.mark.parametrize("name", ESTABLISHED)
def test_counting_agrees_with_the_established_generator(name: str) -> None:
    incident = next(each for each in INCIDENTS if each.name == name)
    failures = incident.failures(incident.minutes + AFTER)
    for kind, measured in zip(PAIRS, ESTABLISHED[incident.name], strict=True):
        first = first_minute(failures, kind, "30d")
        assert (first is None) is (measured is None)
        assert first is None or measured is None or abs(first - measured[0]) <= 5


def test_alerts_start_where_counting_says_and_tickets_end_sooner(tmp_path: Path) -> None:
    end = max(incident.minutes for incident in INCIDENTS if incident.name != "drizzle") + AFTER
    last = HEALTHY + end
    checks = []
    for incident in INCIDENTS:
        for period in periods(incident):
            for kind in PAIRS:
                alert = f'ALERTS{{alertname="{rules.NAMES[kind]}", slo_id="{incident.slo(period).id}"}}'
                fires = "max without (alertname, alertstate, commitment, service, severity, slo, slo_id, "
                fires += f"slo_severity, period) (timestamp({alert}))"
                first = first_minute(incident.failures(end), kind, period)
                if first is None:
                    checks.append(check(last, f"count_over_time({alert}[{last}m])", None))
                    continue
                found = f"min_over_time(({fires})[{last}m:5m]) / 60 - {HEALTHY}"
                # Evaluated every five minutes: at the step in which counting says so, or at the one after.
                checks.append(
                    check(last, f"({found} - {first} >= bool -1) * ({found} - {first} < bool 10)", 1)
                )
                measured = ESTABLISHED.get(incident.name, (None, None))[list(PAIRS).index(kind)]
                if kind == "ticket" and measured and period == "30d":
                    ended = f"max_over_time(({fires})[{last}m:5m]) / 60 - {HEALTHY}"
                    checks.append(check(last, f"{ended} <= bool {measured[1] - 120}", 1))
                    checks.append(check(last, f"{ended} < bool {incident.minutes + 240}", 1))
    slos = [incident.slo(period) for incident in INCIDENTS for period in periods(incident)]
    series = {
        name: text
        for incident in INCIDENTS
        for name, text in incident.series(max(end, incident.minutes)).items()
    }
    assert evaluate(tmp_path, slos, series, checks, interval="5m") == ""


def firing(slo: Slo, kind: str) -> str:
    return f'ALERTS{{alertname="{rules.NAMES[kind]}", slo_id="{slo.id}"}}'


def first_firing(incident: Incident, slo: Slo, kind: str, watched: int) -> str:
    """Return a query of the minute after the onset at which an alert began, ``watched`` minutes after it."""
    fires = f"min(timestamp({firing(slo, kind)}))"
    return f"min_over_time(({fires})[{watched}m:1m]) / 60 - {incident.healthy}"


@pytest.mark.parametrize(("name", "ratio", "lasts"), [("outage", 1.0, 10), ("five-per-cent", 0.05, 120)])
def test_pages_start_within_one_evaluation_of_a_minute(
    name: str, ratio: float, lasts: int, tmp_path: Path
) -> None:
    # A page looks back six hours at most.
    incident, watched = Incident(name, ratio, lasts, healthy=400), 40
    slo, first = incident.slo("30d"), first_minute(incident.failures(watched), "page", "30d")
    assert first is not None
    began = first_firing(incident, slo, "page", watched)
    checks = [
        check(incident.healthy, f"count_over_time({firing(slo, 'page')}[{incident.healthy}m])", None),
        check(incident.healthy + watched, f"abs({began} - {first}) <= bool 1", 1),
    ]
    assert evaluate(tmp_path, [slo], incident.series(watched), checks) == ""


def test_a_few_errors_of_a_quiet_service_alert_only_without_the_guard(tmp_path: Path) -> None:
    blip = Incident("blip", 1.0, 3, requests=2, healthy=400)
    outage = Incident("quiet-outage", 1.0, 60, requests=2, healthy=400)
    watched, minimum = 120, 10
    guarded, unguarded = blip.slo("30d", minimum_errors=minimum), blip.slo("28d")
    sustained = outage.slo("30d", minimum_errors=minimum)
    assert first_minute(blip.failures(watched), "page", "30d", requests=2, minimum=minimum) is None
    first = first_minute(outage.failures(watched), "page", "30d", requests=2, minimum=minimum)
    assert first == minimum / outage.requests
    last, began = blip.healthy + watched, first_firing(outage, sustained, "page", watched)
    checks = [
        *(check(last, f"count_over_time({firing(guarded, kind)}[{last}m])", None) for kind in PAIRS),
        check(last, f"sum(count_over_time({firing(unguarded, 'page')}[{watched}m])) > bool 0", 1),
        # Failures are counted by their rate over five minutes, which knows all of them when these are over.
        check(last, f"{began} - {first} >= bool 0", 1),
        check(last, f"{began} - {first} <= bool 5", 1),
    ]
    series = {**blip.series(watched), **outage.series(watched)}
    assert evaluate(tmp_path, [guarded, unguarded, sustained], series, checks) == ""


def test_a_young_service_has_only_the_errors_that_it_had(tmp_path: Path) -> None:
    """Ten failures in its first ten minutes are ten, not sixty in an hour."""
    young = Incident("young", 0.5, 60, requests=2, healthy=0)
    watched, minimum = 40, 20
    slo, first = young.slo("30d", minimum_errors=minimum), minimum / 1
    assert first_minute(young.failures(watched), "page", "30d", requests=2, minimum=minimum) == first
    began = first_firing(young, slo, "page", watched)
    checks = [
        check(watched, f"{began} - {first} >= bool 0", 1),
        check(watched, f"{began} - {first} <= bool 5", 1),
    ]
    assert evaluate(tmp_path, [slo], young.series(watched), checks) == ""


def test_missed_scrapes_neither_alert_nor_hide_an_incident(tmp_path: Path) -> None:
    short = tuple((minute, minute + 2) for minute in range(-600, 120, 5))
    long = ((-300, -288), (60, 72))
    incidents = [
        Incident(f"{name}-{kind}", ratio, 120, unscraped=gaps)
        for name, ratio in (("failing", 0.05), ("healthy", 0.0))
        for kind, gaps in (("gaps", short), ("silence", long))
    ]
    watched = 180
    last, checks = HEALTHY + watched, []
    for incident in incidents:
        slo = incident.slo("30d")
        recorded = f'{{__name__=~"slo:.+", slo_id="{slo.id}"}}'
        missing = f"count({recorded}) - count({recorded} >= -Inf)"
        checks.append(check(last, f"max_over_time(({missing})[{watched + 600}m:5m])", 0))
        first = first_minute(incident.failures(watched), "page", "30d")
        if first is None:
            checks += [check(last, f"count_over_time({firing(slo, kind)}[{last}m])", None) for kind in PAIRS]
            continue
        checks.append(check(HEALTHY, f"count_over_time({firing(slo, 'page')}[{HEALTHY}m])", None))
        began = first_firing(incident, slo, "page", watched)
        # Evaluated every five minutes, as above.
        checks.append(check(last, f"({began} - {first} >= bool -1) * ({began} - {first} < bool 10)", 1))
        checks.append(check(HEALTHY + incident.minutes, f"count({firing(slo, 'page')})", 1))
    series = {name: text for incident in incidents for name, text in incident.series(watched).items()}
    assert (
        evaluate(tmp_path, [incident.slo("30d") for incident in incidents], series, checks, interval="5m")
        == ""
    )
