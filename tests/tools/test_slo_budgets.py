"""Budgets, evaluated by promtool: each event weighs the same; neither silence nor a restart spoils them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from slo import arithmetic, indicators, rules
from slo.model import WINDOW, Indicator, Slo
from slo.policy import Period
from tests.tools.test_slo_incidents import check, evaluate

HALF_DAY = 360
"""Minutes; of a day of twelve hours, which is long enough."""
Part = tuple[int, int, int]
"""Minutes, requests a minute, failures a minute."""


def counter(steps: Sequence[tuple[int, int]], *, resets: Sequence[int] = ()) -> str:
    """Return a counter that grows by so many for so many minutes; it restarts before each of ``resets``."""
    value, text = 0, ["0"]
    for number, (minutes, step) in enumerate(steps):
        value = 0 if number in resets else value
        text.append(f"{value + step}+{step}x{minutes - 1}")
        value += minutes * step
    return " ".join(text)


def case(
    name: str, parts: Sequence[Part], period: Period = "30d", **options: Any
) -> tuple[Slo, dict[str, str]]:
    """Return an objective of 99 % over requests in ``parts``, and their counters."""
    errors, events = (
        f'sum(rate({metric}_total{{c="{name}"}}[{WINDOW}]))' for metric in ("failures", "requests")
    )
    series = {f'requests_total{{c="{name}"}}': counter([(m, r) for m, r, _ in parts], **options)}
    if any(failures for _, _, failures in parts):
        series[f'failures_total{{c="{name}"}}'] = counter([(m, f) for m, _, f in parts], **options)
    return Slo(name, "slo", Decimal(99), Indicator(events, errors), period), series


def truth(parts: Sequence[Part]) -> float:
    """Return the share of all requests that failed."""
    return sum(m * f for m, _, f in parts) / sum(m * r for m, r, _ in parts)


BUSY_DAYS = [(HALF_DAY, 1000, 10), (HALF_DAY, 10, 0)] * 2
BAD_NIGHTS = [(HALF_DAY, 1000, 0), (HALF_DAY, 10, 1)] * 2
EVEN = [(4 * HALF_DAY, 1000, 10)]
SILENT_HOUR = [(HALF_DAY, 1000, 5), (60, 0, 0), (3 * HALF_DAY - 52, 1000, 5)]
NO_FAILURES = [(4 * HALF_DAY, 1000, 0)]
RESTARTS = [(HALF_DAY, 1000, 10), (HALF_DAY, 1000, 10), (2 * HALF_DAY, 1000, 10)]
NOTHING = [(4 * HALF_DAY, 0, 0)]
END = 4 * HALF_DAY


def test_every_event_weighs_the_same(tmp_path: Path) -> None:
    cases = {
        "busy": (case("busy", BUSY_DAYS), truth(BUSY_DAYS)),
        "nights": (case("nights", BAD_NIGHTS), truth(BAD_NIGHTS)),
        "even": (case("even", EVEN, "28d"), truth(EVEN)),
        "silent": (case("silent", SILENT_HOUR, "7d"), truth(SILENT_HOUR)),
        "clean": (case("clean", NO_FAILURES), 0.0),
        "restarts": (case("restarts", RESTARTS, resets=(1, 2)), truth(RESTARTS)),
        "nothing": (case("nothing", NOTHING), 0.0),
        "month": (case("month", BUSY_DAYS, "month"), truth(BUSY_DAYS)),
    }
    assert truth(BUSY_DAYS) == pytest.approx(0.0099, rel=0.001)
    assert truth(BAD_NIGHTS) == pytest.approx(0.00099, rel=0.001)
    checks = []
    for name, (_, share) in cases.items():
        found = f'sum({arithmetic.PERIOD_ERROR}{{service="{name}"}})'
        checks.append(check(END, f"abs({found} - {share}) <= bool {0.01 * share + 1e-9}", 1))
        left = f'sum({arithmetic.REMAINING}{{service="{name}"}})'
        checks.append(check(END, f"abs({left} - {1 - share / 0.01}) <= bool 0.01", 1))
    # While nobody asked for an hour, the budget stayed a number, and so it is afterwards.
    checks.append(check(HALF_DAY + 55, f'count({arithmetic.REMAINING}{{service="silent"}} <= 1)', 1))
    checks.append(check(END, f"count({arithmetic.REMAINING} != {arithmetic.REMAINING})", None))
    requests = sum(m * r for m, r, _ in BUSY_DAYS)
    counted = f'sum({arithmetic.period_sum("events")}{{service="busy"}})'
    checks.append(check(END, f"abs({counted} - {requests}) <= bool {0.01 * requests}", 1))
    slos = [slo for (slo, _), _ in cases.values()]
    series = {name: text for (_, own), _ in cases.values() for name, text in own.items()}
    assert evaluate(tmp_path, slos, series, checks, interval="5m") == ""


def test_alerts_on_budgets_and_on_what_measures_nothing(tmp_path: Path) -> None:
    half, gone, well = (
        case("half", [(300, 1000, 6)]), case("gone", [(300, 1000, 20)]), case("well", [(300, 1000, 2)]),
    )  # fmt: skip
    absent = Slo("absent", "slo", Decimal(99), indicators.latency('service="absent"', 0.5))
    firing = 'count(ALERTS{{alertstate="firing", alertname="{}", service="{}"}})'
    expected = {
        ("ErrorBudgetHalfSpent", "half"): 1,
        ("ErrorBudgetHalfSpent", "gone"): None,
        ("ErrorBudgetHalfSpent", "well"): None,
        ("ErrorBudgetExhausted", "half"): None,
        ("ErrorBudgetExhausted", "gone"): 1,
        ("ErrorBudgetExhausted", "well"): None,
        ("SloWithoutData", "absent"): 1,
        ("SloWithoutData", "well"): None,
    }
    checks = [check(299, firing.format(*key), value) for key, value in expected.items()]
    checks.append(check(20, firing.format("SloWithoutData", "absent"), None))
    checks += [
        check(299, f'sum({arithmetic.FREEZE}{{service="{name}"}})', value)
        for name, value in {"half": 0, "gone": 1, "well": 0}.items()
    ]
    # The usual generator has names in common with us, which are no reason to fail, to fire or to freeze.
    recorded = ("objective", "error_budget", "period_error_budget_remaining", "current_burn_rate")
    theirs = [f"slo:{name}:ratio" for name in recorded] + ["slo:sli_error:ratio_rate5m"]
    others = {
        f'{name}{{sloth_id="{each}", service="{each}"}}': "0x300" for name in theirs for each in ("a", "b")
    }
    checks += [
        check(299, f'count(ALERTS{{service=~"a|b"}} or {arithmetic.FREEZE}{{service=~"a|b"}})', None),
        check(299, f"count({arithmetic.BURN_RATE}{rules.OWN})", 3),
    ]
    series = {**half[1], **gone[1], **well[1], **others}
    slos = [half[0], gone[0], well[0], absent]
    assert evaluate(tmp_path, slos, series, checks, interval="5m") == ""


def test_indicators_count_what_they_name(tmp_path: Path) -> None:
    """Per second or per window, by threshold, by probe, by age: the same share in the end."""
    own = {
        "classic": indicators.latency('s="a"', 0.5, "d_seconds"),
        "whole": indicators.latency('s="a"', 1, "d_seconds"),
        "native": indicators.latency('s="n"', 1, "n_seconds", native=True),
        "probes": indicators.uptime('s="a"'),
        "good": indicators.good_events(
            f"sum(increase(g[{WINDOW}]))", f"sum(increase(t[{WINDOW}]))", counts=True
        ),
        "no-good": indicators.good_events(f"sum(rate(none[{WINDOW}]))", f"sum(rate(t[{WINDOW}]))"),
        "fresh": indicators.freshness("age_seconds", 600),
        "ratio": Indicator(ratio=f"sum(rate(re[{WINDOW}])) / sum(rate(r[{WINDOW}]))", unit="time"),
    }
    slos = [Slo(name, "slo", Decimal(99), indicator) for name, indicator in own.items()]
    slos.append(Slo("journey", "slo", Decimal(90), Indicator(steps=("classic/slo", "good/slo"))))
    series = {
        'd_seconds_count{s="a"}': "0+100x120",
        'd_seconds_bucket{s="a", le="0.5"}': "0+80x120",
        'd_seconds_bucket{s="a", le="1.0"}': "0+90x120",
        'n_seconds{s="n"}': (
            "{{schema:0 sum:0 count:0 buckets:[0 0]}}+{{schema:0 sum:15 count:10 buckets:[8 2]}}x120"
        ),
        'probe_success{s="a"}': "1 1 1 0 " * 30,
        "g": "0+95x120",
        "t": "0+100x120",
        "age_seconds": "0x120",
        "re": "0+25x59 1475+0x15 1475+25x45",
        "r": "0+100x59 5900+0x15 5900+100x45",
    }
    expected = {
        "classic": 0.2, "whole": 0.1, "native": 0.2, "probes": 0.25, "good": 0.05, "no-good": 1,
        "ratio": 0.25, "journey": 1 - 0.8 * 0.95,
    }  # fmt: skip
    checks = []
    for name, share in expected.items():
        for window in ("5m", "1h"):
            found = f'sum({rules.ratio(window)}{{service="{name}"}})'
            # Probes fail in a pattern of four, of which five minutes may hold two.
            near = 0.16 if name == "probes" else 0.002
            checks.append(check(115, f"abs({found} - {share}) <= bool {near}", 1))
    checks.append(check(5, f'sum({rules.ratio("5m")}{{service="fresh"}})', 0))
    checks.append(check(60, f'sum({rules.ratio("5m")}{{service="fresh"}})', 1))
    # Nothing by nothing, for ten minutes, is not a number; the budget still is.
    checks.append(
        check(115, f'abs(sum({arithmetic.PERIOD_ERROR}{{service="ratio"}}) - 0.25) < bool 0.001', 1)
    )
    per_second = f'sum({rules.EVENTS}{{service="%s"}})'
    checks += [
        check(115, f"abs({per_second % name} - {100 / 60}) <= bool 0.02", 1) for name in ("classic", "good")
    ]
    assert evaluate(tmp_path, slos, series, checks, interval="5m") == ""


def test_a_calendar_month_begins_anew(tmp_path: Path) -> None:
    slo, series = case("month", [(180, 1000, 10)], "month")
    counted = f"sum({arithmetic.period_sum('events')})"
    checks = [
        check(at, f"abs({counted} - {1000 * minutes}) <= bool 5000", 1)
        for at, minutes in ((59, 59), (90, 30), (170, 110))
    ]
    for begins, right in (("23:00", True), ("12:00", False)):
        said = evaluate(tmp_path, [slo], series, checks, interval="5m", start=f"2026-01-31T{begins}:00Z")
        assert (said == "") is right
