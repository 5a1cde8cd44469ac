"""The error budgets of a running stack, as its Prometheus knows them; and whether they stop releases."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.request import OpenerDirector

from operations.login import opener
from slo import arithmetic, rules
from slo.policy import PERIOD_SECONDS

TIMEOUT_SECONDS = 30.0
DAY = 86_400.0
POINTS = 240
"""Points of a course over time."""
MOST_POINTS = 10_000
"""Points of a series that Prometheus returns for one query, a little less than its limit."""

Course = tuple[tuple[float, float], ...]
"""Unix seconds and value, in order of time."""


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that can be asked."""

    url: str
    opener: OpenerDirector = field(default_factory=lambda: opener({}))
    """What opens its address; logs in where the stack has a login in front of it."""


class PrometheusUnavailableError(Exception):
    """Prometheus does not answer as it should; the message says which address and how."""


@dataclass(frozen=True)
class Incident:
    """A time in which an alert on a burn rate was firing."""

    kind: str
    """``page`` or ``ticket``."""
    start: float
    """Unix seconds."""
    end: float
    """Unix seconds; to the resolution of the course."""


@dataclass(frozen=True)
class Budget:
    """One objective, and what is left of its budget."""

    id: str
    service: str
    name: str
    team: str
    commitment: str
    period: str
    objective: float
    """Share of good events, 0 to 1."""
    events: float
    """In the period so far, to the precision of recorded rates."""
    errors: float
    remaining: float | None
    """Share of the budget; below 0 where it is overspent, None where nothing was recorded yet."""
    burn_rate: float | None
    frozen: bool
    course: Course = ()
    """What was left over time."""
    incidents: tuple[Incident, ...] = field(default=())

    @property
    def budget_seconds(self) -> float:
        """How long everything may fail in the period."""
        return (1 - self.objective) * PERIOD_SECONDS[self.period]  # type: ignore[index]


def budgets(prometheus: Prometheus, now: float, days: float = 30) -> list[Budget]:
    """Return every objective that ``prometheus`` records, with its course over ``days`` until ``now``.

    Raises `PrometheusUnavailableError`.
    """
    # Alerts are looked at as finely as Prometheus answers in one piece, so that no short one is missed.
    step, fine = max(60.0, days * DAY / POINTS), max(60.0, days * DAY / MOST_POINTS)

    def values(query: str) -> dict[str, float]:
        found = _get(prometheus, "query", {"query": query, "time": f"{now:.3f}"})
        return {series["metric"].get("slo_id", ""): float(series["value"][1]) for series in found}

    def courses(query: str, step: float) -> list[tuple[Mapping[str, str], Course]]:
        window = {"start": f"{now - days * DAY:.3f}", "end": f"{now:.3f}", "step": f"{step:.0f}"}
        return [
            (series["metric"], tuple((float(at), float(value)) for at, value in series["values"]))
            for series in _get(prometheus, "query_range", {"query": query, **window})
        ]

    remaining, burning, frozen = map(
        values,
        (f"{name}{rules.OWN}" for name in (arithmetic.REMAINING, arithmetic.BURN_RATE, arithmetic.FREEZE)),
    )
    kept = (f"last_over_time({arithmetic.period_sum(kind)}[{rules.KEPT}])" for kind in ("events", "errors"))
    events, errors = map(values, kept)
    over_time = {
        labels.get("slo_id", ""): course
        for labels, course in courses(f"{arithmetic.REMAINING}{rules.OWN}", step)
    }
    fired = courses('max by (slo_id, slo_severity) (ALERTS{alertstate="firing", slo_severity!=""})', fine)
    found = []
    for series in _get(prometheus, "query", {"query": f"{rules.OBJECTIVE}{rules.OWN}", "time": f"{now:.3f}"}):
        labels, identifier = series["metric"], series["metric"].get("slo_id", "")
        found.append(
            Budget(
                identifier,
                labels.get("service", ""),
                labels.get("slo", ""),
                labels.get("team", ""),
                labels.get("commitment", ""),
                labels.get("period", ""),
                float(series["value"][1]),
                events.get(identifier, 0.0),
                errors.get(identifier, 0.0),
                remaining.get(identifier),
                burning.get(identifier),
                frozen.get(identifier) == 1,
                over_time.get(identifier, ()),
                tuple(
                    incident
                    for alert, course in fired
                    if alert.get("slo_id") == identifier
                    for incident in _incidents(alert.get("slo_severity", ""), course, fine)
                ),
            )
        )
    return sorted(found, key=lambda budget: (budget.team, budget.service, budget.name))


def freeze(found: Sequence[Budget], chosen: Callable[[Budget], bool]) -> tuple[int, list[str]]:
    """Return the exit status for a pipeline and what to print: 0 release, 1 frozen, 2 nobody knows.

    Agreements and objectives stop releases alike. An objective without data is not taken for a good one.
    """
    mine = [budget for budget in found if chosen(budget)]
    if not mine:
        return 2, ["unknown: no objective of that name is recorded"]
    lines = []
    for budget in mine:
        if budget.remaining is None:
            lines.append(f"unknown  {budget.id}: nothing was recorded yet")
        else:
            state = "frozen " if budget.frozen else "free   "
            lines.append(
                f"{state}  {budget.id}: {budget.remaining:.1%} of the budget of {budget.period} left"
            )
    if any(budget.frozen for budget in mine):
        return 1, lines
    return (2 if any(budget.remaining is None for budget in mine) else 0), lines


def _incidents(kind: str, course: Course, step: float) -> list[Incident]:
    """Return the times in which there were samples without a gap."""
    found: list[Incident] = []
    begun = course[0][0] if course else 0.0
    for (before, _), (after, _) in pairwise(course):
        if after - before > 1.5 * step:
            found.append(Incident(kind, begun, before + step))
            begun = after
    return [*found, Incident(kind, begun, course[-1][0] + step)] if course else []


def _get(prometheus: Prometheus, path: str, parameters: Mapping[str, str]) -> list[Any]:
    url = f"{prometheus.url.rstrip('/')}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with prometheus.opener.open(url, timeout=TIMEOUT_SECONDS) as response:
            result: list[Any] = json.load(response)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise PrometheusUnavailableError(
            f"{prometheus.url} answers {error.code} to a query of {path}"
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise PrometheusUnavailableError(
            f"{prometheus.url} does not answer: {getattr(error, 'reason', error)}"
        ) from None
    return result
