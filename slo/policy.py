"""The error budget policy as data: what burns too fast, what is spent too far, what follows from it.

Alerts, dashboards, reports and the freeze of releases all read these numbers; none has numbers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from units import Ratio, seconds

Period = Literal["7d", "28d", "30d", "month"]
"""Time over which an error budget is counted: rolling, or the calendar month in UTC."""
Window = Literal["5m", "30m", "1h", "2h", "6h", "1d", "3d"]
"""Time over which a burn rate is measured."""
Priority = Literal["P1", "P2", "P3", "P4"]
"""How soon somebody acts: P1 at once, P2 within the hour, P3 today, P4 this week."""

PERIOD_SECONDS: Mapping[Period, float] = {
    "7d": seconds("7d"),
    "28d": seconds("28d"),
    "30d": seconds("30d"),
    "month": seconds("30d"),
}
"""Length of a period, seconds; a month counts as 30 days where a burn rate is turned into a share."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Tier(_Part):
    """One pair of windows, and how much of the budget may be spent within the long one."""

    kind: Literal["page", "ticket"]
    """Whether somebody is called or finds it in the morning."""
    long: Window
    """Window that shows that it matters."""
    short: Window
    """Window that shows that it goes on."""
    reset: Window | None = None
    """A still shorter window that ends the alert sooner; it never delays its start."""
    share: Ratio
    """Share of the period's budget that, spent within the long window, fires."""
    priority: Priority = "P3"
    """How soon somebody acts: P1 at once, P2 within the hour, P3 today, P4 this week."""

    @model_validator(mode="after")
    def _windows_are_ordered(self) -> Self:
        if seconds(self.short) >= seconds(self.long):
            raise ValueError(f"the short window {self.short} must be shorter than the long one, {self.long}")
        if self.reset and seconds(self.reset) >= seconds(self.short):
            raise ValueError(
                f"the reset window {self.reset} must be shorter than the short one, {self.short}"
            )
        return self


class Step(_Part):
    """A share of the budget whose being spent is told to somebody."""

    spent: Annotated[float, Field(gt=0, le=1)]
    """Share of the period's budget that is spent."""
    severity: Literal["critical", "warning", "info"] = "warning"
    """Severity of the alert."""
    priority: Priority = "P3"
    """How soon somebody acts."""


def _tiers(page_fast: float, page: float, ticket: float, ticket_slow: float) -> tuple[Tier, ...]:
    return (
        Tier(kind="page", long="1h", short="5m", share=page_fast, priority="P1"),
        Tier(kind="page", long="6h", short="30m", share=page, priority="P2"),
        Tier(kind="ticket", long="1d", short="2h", reset="1h", share=ticket, priority="P3"),
        Tier(kind="ticket", long="3d", short="6h", reset="2h", share=ticket_slow, priority="P4"),
    )


_MONTHLY = _tiers(0.02, 0.05, 0.1, 0.1)
_WEEKLY = _tiers(0.08, 0.125, 0.2, 0.42)


class BudgetPolicy(_Part):
    """What a team owes its users and itself while an error budget is spent."""

    tiers: tuple[Tier, ...] = Field(_MONTHLY, min_length=1)
    """Burn rates that alert over 28 days, 30 days or a month."""
    weekly_tiers: tuple[Tier, ...] = Field(_WEEKLY, min_length=1)
    """Burn rates that alert over 7 days, where the same windows are a larger part of the period."""
    half_spent: Step = Step(spent=0.5, severity="warning", priority="P3")
    """When ErrorBudgetHalfSpent fires."""
    exhausted: Step = Step(spent=1.0, severity="warning", priority="P2")
    """When ErrorBudgetExhausted fires. Critical would silence the service's other warnings for weeks."""
    freeze_at: Annotated[float, Field(gt=0)] = 1.0
    """Share of the budget that, once spent, stops releases that are no repairs."""
    largest_error_ratio: Ratio = 0.8
    """A burn rate that would need a larger share of errors than this could hardly fire; it is lowered."""
    allocation: Mapping[str, Ratio] = Field(
        default_factory=lambda: {"releases": 0.4, "incidents": 0.4, "maintenance": 0.1, "experiments": 0.1}
    )
    """What the budget is meant for, as shares that add up to 1."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if abs(sum(self.allocation.values()) - 1) > 1e-9:
            raise ValueError(f"allocation adds up to {sum(self.allocation.values()):g}; make it 1")
        if self.half_spent.spent >= self.exhausted.spent:
            raise ValueError("halfSpent.spent must be less than exhausted.spent")
        return self

    def tiers_of(self, period: Period) -> tuple[Tier, ...]:
        """Return the burn rates that alert in ``period``."""
        return self.weekly_tiers if period == "7d" else self.tiers
