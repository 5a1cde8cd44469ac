"""A service level objective, whatever it was written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from slo.policy import PERIOD_SECONDS, BudgetPolicy, Period, Tier
from units import seconds

WINDOW = "{{.window}}"
"""Stands for the window in the queries of an indicator, as the usual generators have it."""
RESERVED_LABELS = frozenset(
    {"slo_id", "slo", "service", "period", "commitment", "slo_severity", "environment"}
)
"""Labels that the rules set; nobody else may."""
SMALLEST_OBJECTIVE, LARGEST_OBJECTIVE = 50, Decimal("99.9999")
"""Per cent. Below, half of all events may fail; above, a month has 2.6 s of budget."""


@dataclass(frozen=True)
class Indicator:
    """What is counted. Queries contain WINDOW in place of their range."""

    events: str = ""
    """All events; empty where there is only a ratio, or where it is a journey."""
    errors: str = ""
    """The events that failed; no series means that none did."""
    ratio: str = ""
    """Share of failures, where nobody can count: each moment then weighs the same."""
    steps: tuple[str, ...] = ()
    """Identifiers of the objectives that a journey passes, all of which must succeed."""
    counts: bool = False
    """Whether the queries return events per window rather than per second."""
    unit: Literal["events", "time"] = "events"
    """Whether the budget is one of failed events or of bad time."""


@dataclass(frozen=True)
class AlertOptions:
    """What somebody changes about the alert of one kind."""

    disable: bool = False
    name: str = ""
    """Name of the alert; empty for the usual one."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Slo:
    """A promise about a share of events over a period."""

    service: str
    name: str
    """Unique in the service."""
    objective: Decimal
    """Share of good events, per cent: 99.9."""
    indicator: Indicator
    period: Period = "30d"
    team: str = ""
    description: str = ""
    commitment: Literal["slo", "sla"] = "slo"
    """Whether it is an aim of the team's own, or a contract with somebody."""
    minimum_errors: int = 0
    """Failures within the long window below which no burn rate alerts: for services with few events."""
    page: AlertOptions = AlertOptions()
    ticket: AlertOptions = AlertOptions()
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels of its alerts and of ``slo:objective:ratio``."""
    runbook: str = ""
    """Page about this service; empty for the page of the alert."""

    @property
    def id(self) -> str:
        """``service/name``, unique because neither may contain a slash."""
        return f"{self.service}/{self.name}"

    @property
    def budget(self) -> Decimal:
        """Share of events that may fail, exactly: 0.001."""
        return ((100 - self.objective) / 100).normalize()

    @property
    def budget_seconds(self) -> float:
        """How long everything may fail in a period: 25 920 s for 99 % of 30 days, which is 7.2 h."""
        return float(self.budget) * PERIOD_SECONDS[self.period]


@dataclass(frozen=True)
class BurnRate:
    """A tier applied to an objective."""

    tier: Tier
    factor: Decimal
    """Speed, as a multiple of the one that spends the budget exactly in the period, above which it fires."""
    notice: str = ""
    """Why the factor is not the policy's own."""


def burn_rates(slo: Slo, policy: BudgetPolicy) -> tuple[BurnRate, ...]:
    """Return the burn rates that alert for ``slo``.

    A tier that would need more errors than ``policy.largest_error_ratio`` can never fire (at 90 %, 14.4 times
    the budget is 144 % of all events). It is lowered to what can happen.
    """
    found = []
    largest = Decimal(str(policy.largest_error_ratio)) / slo.budget
    for tier in policy.tiers_of(slo.period):
        length = Decimal(str(PERIOD_SECONDS[slo.period])) / Decimal(str(seconds(tier.long)))
        factor = (Decimal(str(tier.share)) * length).quantize(Decimal("1.0000")).normalize()
        notice = ""
        if factor > largest:
            notice = (
                f"{tier.kind} on {tier.short}/{tier.long}: {factor:f} times the budget would need "
                f"{factor * slo.budget:.1%} errors, which hardly happens or cannot; "
                f"it fires above {policy.largest_error_ratio:.0%} instead"
            )
            factor = largest.quantize(Decimal("1.0000")).normalize()
        found.append(BurnRate(tier, factor, notice))
    return tuple(found)
