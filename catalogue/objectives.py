"""The objectives that a team writes, by kinds it can name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from catalogue.entry import Entry
from mixins.thresholds import BUCKETS
from slo import indicators, promql
from slo.checks import Annotations, CountQuery, Labels, Query
from slo.checks import Objective as PerCent
from slo.model import AlertOptions, Indicator, Slo
from slo.policy import Period
from units import NOT_EMPTY, DnsName, Duration, matching, seconds

Metric = Annotated[str, matching(r"[a-zA-Z_:][a-zA-Z0-9_:]*", "use the name of a metric")]
Matchers = Annotated[
    str,
    matching(
        r'([a-zA-Z_]\w*\s*(=|!=|=~|!~)\s*"(\\.|[^"\\])*"\s*(,\s*(?=[a-zA-Z_])|$))*',
        'use matchers such as route!="/health", method="GET"',
    ),
]


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

    page: AlertChange = AlertChange()
    """The alert that calls somebody."""
    ticket: AlertChange = AlertChange()
    """The alert that waits for working hours."""


class Availability(Entry):
    """Share of requests that the server did not fail."""

    metric: Metric = indicators.REQUESTS
    """Counter of all requests."""
    errors: Annotated[Matchers, NOT_EMPTY] = 'status=~"5.."'
    """Matchers of the failed ones."""
    only: Matchers = ""
    """Matchers of the requests that count at all."""


class Latency(Entry):
    """Share of requests that were fast enough."""

    below: Duration
    """How fast: 500ms."""
    percentile: PerCent | None = None
    """What people state as p95 is an objective of 95."""
    metric: Metric = indicators.DURATION
    """Histogram of durations, seconds, without _bucket."""
    native: bool = False
    """Whether it is a native histogram."""
    only: Matchers = ""
    """Matchers of the requests that count at all."""

    @model_validator(mode="after")
    def _is_a_bound(self) -> Self:
        problem = bucket_problem(self.metric, self.native, self.below)
        if problem:
            raise ValueError(f"below: {problem}")
        return self


class Freshness(Entry):
    """Share of time in which data was recent enough."""

    timestamp: Annotated[str, Field(min_length=1)]
    """Selector of the time of the newest data, seconds since 1970."""
    within: Duration
    """How old it may be."""

    @model_validator(mode="after")
    def _is_a_selector(self) -> Self:
        if problem := promql.selector_problem(self.timestamp):
            raise ValueError(f"timestamp: {problem}")
        return self


class Uptime(Entry):
    """Share of probes that were answered."""

    instance: Annotated[str, matching(r'[^"\\\n]*', "use the address of a probe")] = ""
    """One of the probed addresses; all of them when left out."""


class Events(Entry):
    """Share of good events, by queries of one's own."""

    total: CountQuery
    """All events: sum(rate(jobs_total[{{.window}}]))."""
    errors: CountQuery | None = None
    """The failed ones; either these or the good ones."""
    good: CountQuery | None = None
    """The good ones."""

    @model_validator(mode="after")
    def _has_one_part(self) -> Self:
        part = self.errors or self.good
        if part is None or (self.errors and self.good):
            raise ValueError("name either errors or good, beside total")
        if found := promql.pair_problems(part, self.total):
            raise ValueError(f"{'errors' if self.errors else 'good'}: {found[0]}")
        return self


class Correctness(Entry):
    """Share of results that were right."""

    wrong: CountQuery
    """Results that were found to be wrong."""
    checked: CountQuery
    """Results that were checked."""

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if found := promql.pair_problems(self.wrong, self.checked):
            raise ValueError(f"wrong: {found[0]}")
        return self


class Journey(Entry):
    """Share of users who come through several steps, each of which is an objective."""

    steps: Annotated[
        tuple[Annotated[str, matching(r"[^/]+/[^/]+", "use service/objective")], ...], Field(min_length=2)
    ]
    """``service/objective``, in order; the first one's events are the journeys that begin."""


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
    alerts: Alerts = Alerts()
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
        below = seconds(self.latency.below) if self.latency else 0.0
        slo = Slo(
            service,
            self.name,
            self.share,
            self._indicator(service, below),
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
            yield Slo(
                **{
                    **vars(slo),
                    "name": f"{self.name}-sla",
                    "objective": self.sla.objective or self.share,
                    "indicator": self._indicator(
                        service, seconds(self.sla.below) if self.sla.below else below
                    ),
                    "commitment": "sla",
                }
            )

    def _indicator(self, service: str, below: float) -> Indicator:
        own = f'service="{service}"'
        if it := self.availability:
            return indicators.availability(_all(own, it.only), it.metric, it.errors)
        if latency := self.latency:
            return indicators.latency(_all(own, latency.only), below, latency.metric, native=latency.native)
        if self.freshness:
            return indicators.freshness(self.freshness.timestamp, seconds(self.freshness.within))
        if self.uptime:
            address = f'instance="{self.uptime.instance}"' if self.uptime.instance else ""
            return indicators.uptime(_all('job="probe"', own, address))
        if self.correctness:
            checked = self.correctness.checked
            return Indicator(checked, self.correctness.wrong, counts=promql.counts(checked))
        if self.journey:
            return Indicator(steps=self.journey.steps)
        if events := self.events:
            counts = promql.counts(events.total)
            if events.good:
                return indicators.good_events(events.good, events.total, counts=counts)
            return Indicator(events.total, events.errors or "", counts=counts)
        return Indicator(ratio=self.ratio or "", unit="time")


KINDS = ("availability", "latency", "freshness", "uptime", "correctness", "events", "ratio", "journey")
"""The kinds of indicators, by their keys."""


def bucket_problem(metric: str, native: bool, below: str) -> str:
    """Return what is wrong with a bound of a classic histogram whose buckets are known."""
    if native or metric != indicators.DURATION or seconds(below) in BUCKETS:
        return ""
    bounds = ", ".join(f"{bound * 1000:g}ms" if bound < 1 else f"{bound:g}s" for bound in BUCKETS)
    return f"no bucket of {metric} ends at {below}; use one of {bounds}, or a histogram of your own"


def _all(*matchers: str) -> str:
    return ", ".join(filter(None, (matcher.strip().rstrip(",") for matcher in matchers)))
