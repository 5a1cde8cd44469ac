"""The objectives that a team writes, and what it changes about their alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from catalogue.entry import Entry
from catalogue.indicators import (
    Availability,
    Correctness,
    Events,
    Freshness,
    Journey,
    Latency,
    Uptime,
    bucket_problem,
)
from slo.checks import Annotations, Labels, Query
from slo.checks import Objective as PerCent
from slo.model import AlertOptions, Indicator, Slo
from slo.policy import Period
from units import DnsName, Duration


class AlertChange(Entry):
    """What is different about one alert."""

    disable: bool = False
    """Whether there is no such alert."""
    labels: Labels = Field(default_factory=dict)
    """Further labels, or another ``severity``."""
    annotations: Annotations = Field(default_factory=dict)
    """Further annotations, or others in place of the usual ones."""

    def over(self, general: AlertChange) -> AlertOptions:
        """Return both, this one first."""
        return AlertOptions(
            self.disable or general.disable,
            labels={**general.labels, **self.labels},
            annotations={**general.annotations, **self.annotations},
        )


class Alerts(Entry):
    """What is different about the alerts on burn rates."""

    page: AlertChange = Field(default_factory=AlertChange)
    """The alert that calls somebody."""
    ticket: AlertChange = Field(default_factory=AlertChange)
    """The alert that waits for working hours."""


class Agreement(Entry):
    """What was promised to somebody, beside the aim of the team's own, with a budget of its own."""

    objective: PerCent | None = None
    """Share of good events, per cent; the objective's own when left out."""
    below: Duration | None = None
    """For a latency: how fast; the objective's own when left out."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.objective is None and self.below is None:
            raise ValueError("must say objective or below")
        return self


class Objective(Entry):
    """A service level objective: a name, a share, and one kind of indicator."""

    name: DnsName
    """Unique in the service."""
    objective: PerCent | None = None
    """Share of good events, per cent: 99.9."""
    period: Period = "30d"
    """Over which the budget counts: 7d, 28d, 30d, or the calendar month in UTC."""
    description: str = ""
    """A sentence."""
    minimum_errors: Annotated[int, Field(ge=0)] = 0
    """Failures within the long window below which no burn rate alerts: for services with few events."""
    alerts: Alerts = Field(default_factory=Alerts)
    """What is different about its alerts."""
    sla: Agreement | None = None
    """The agreement with somebody else."""
    availability: Availability | None = None
    latency: Latency | None = None
    freshness: Freshness | None = None
    uptime: Uptime | None = None
    correctness: Correctness | None = None
    events: Events | None = None
    ratio: Query | None = None
    """Share of failures that somebody else computes, 0 to 1; each moment weighs the same."""
    journey: Journey | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        chosen = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(chosen) != 1:
            given = " and ".join(chosen) or "none"
            raise ValueError(f"name exactly one kind of indicator of {', '.join(KINDS)}; got {given}")
        percentile = self.latency.percentile if self.latency else None
        if self.objective is None and percentile is None:
            raise ValueError("objective: is required but missing")
        if self.objective is not None and percentile not in (None, self.objective):
            raise ValueError(
                f"objective: is {self.objective}, and latency.percentile {percentile}; say it once"
            )
        if self.sla and self.sla.below and not self.latency:
            raise ValueError("sla.below: is only for a latency")
        if self.sla and self.sla.below and self.latency:
            problem = bucket_problem(self.latency.metric, self.latency.native, self.sla.below)
            if problem:
                raise ValueError(f"sla.below: {problem}")
        if self.minimum_errors and (self.ratio or self.freshness or self.journey):
            raise ValueError("minimumErrors: there are no events to count; remove it")
        return self

    @property
    def share(self) -> Decimal:
        """Share of good events, per cent."""
        found = self.objective or (self.latency.percentile if self.latency else None)
        assert found is not None, "checked above"  # noqa: S101
        return found

    def slos(
        self, service: str, team: str, alerts: Alerts, labels: Mapping[str, str], runbook: str
    ) -> Iterator[Slo]:
        """Yield the objective, and its agreement where it has one."""
        slo = Slo(
            service,
            self.name,
            self.share,
            self._indicator(service),
            self.period,
            team,
            self.description,
            minimum_errors=self.minimum_errors,
            page=self.alerts.page.over(alerts.page),
            ticket=self.alerts.ticket.over(alerts.ticket),
            labels=labels,
            runbook=runbook,
        )
        yield slo
        if self.sla:
            promised = self.latency
            if promised and self.sla.below:
                promised = promised.model_copy(update={"below": self.sla.below})
            yield replace(
                slo,
                name=f"{self.name}-sla",
                objective=self.sla.objective or self.share,
                indicator=promised.indicator(service) if promised else slo.indicator,
                commitment="sla",
            )

    def _indicator(self, service: str) -> Indicator:
        if self.ratio:
            return Indicator(ratio=self.ratio, unit="time")
        (kind,) = filter(None, (getattr(self, kind) for kind in KINDS))
        found: Indicator = kind.indicator(service)
        return found


KINDS = ("availability", "latency", "freshness", "uptime", "correctness", "events", "ratio", "journey")
"""The kinds of indicators, by their keys."""
