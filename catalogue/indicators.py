"""The kinds of indicators that a team can name in an objective."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from catalogue.entry import Entry
from mixins.buckets import BUCKETS
from slo import indicators, promql
from slo.checks import CountQuery
from slo.checks import Objective as PerCent
from slo.model import Indicator
from units import NOT_EMPTY, Duration, matching, seconds

Metric = Annotated[str, matching(r"[a-zA-Z_:][a-zA-Z0-9_:]*", "use the name of a metric")]
Matchers = Annotated[
    str,
    matching(
        r'([a-zA-Z_]\w*\s*(=|!=|=~|!~)\s*"(\\.|[^"\\])*"\s*(,\s*(?=[a-zA-Z_])|$))*',
        'use matchers such as route!="/health", method="GET"',
    ),
]


class Availability(Entry):
    """Share of requests that the server did not fail."""

    metric: Metric = indicators.REQUESTS
    """Counter of all requests."""
    errors: Annotated[Matchers, NOT_EMPTY] = 'status=~"5.."'
    """Matchers of the failed ones."""
    only: Matchers = ""
    """Matchers of the requests that count at all."""

    def indicator(self, service: str) -> Indicator:
        """Return what it counts of a service."""
        return indicators.availability(_all(_own(service), self.only), self.metric, self.errors)


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

    def indicator(self, service: str) -> Indicator:
        """Return what it counts of a service."""
        own = _all(_own(service), self.only)
        return indicators.latency(own, seconds(self.below), self.metric, native=self.native)


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

    def indicator(self, _: str) -> Indicator:
        """Return what it counts."""
        return indicators.freshness(self.timestamp, seconds(self.within))


class Uptime(Entry):
    """Share of probes that were answered."""

    instance: Annotated[str, matching(r'[^"\\\n]*', "use the address of a probe")] = ""
    """One of the probed addresses; all of them when left out."""

    def indicator(self, service: str) -> Indicator:
        """Return what it counts of a service."""
        address = f'instance="{self.instance}"' if self.instance else ""
        return indicators.uptime(_all('job="probe"', _own(service), address))


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

    def indicator(self, _: str) -> Indicator:
        """Return what it counts."""
        counts = promql.counts(self.total)
        if self.good:
            return indicators.good_events(self.good, self.total, counts=counts)
        return Indicator(self.total, self.errors or "", counts=counts)


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

    def indicator(self, _: str) -> Indicator:
        """Return what it counts."""
        return Indicator(self.checked, self.wrong, counts=promql.counts(self.checked))


def _several(steps: tuple[str, ...]) -> tuple[str, ...]:
    if len(steps) < 2:
        raise ValueError("a journey has at least two steps; name another, or use the objective itself")
    return steps


class Journey(Entry):
    """Share of users who come through several steps, each of which is an objective."""

    steps: Annotated[
        tuple[Annotated[str, matching(r"[^/]+/[^/]+", "use service/objective")], ...],
        AfterValidator(_several),
    ]
    """``service/objective``, in order; the first one's events are the journeys that begin."""

    def indicator(self, _: str) -> Indicator:
        """Return what it counts: nothing of its own."""
        return Indicator(steps=self.steps)


def bucket_problem(metric: str, native: bool, below: str) -> str:
    """Return what is wrong with a bound of a classic histogram whose buckets are known."""
    if native or metric != indicators.DURATION or seconds(below) in BUCKETS:
        return ""
    bounds = ", ".join(f"{bound * 1000:g}ms" if bound < 1 else f"{bound:g}s" for bound in BUCKETS)
    return f"no bucket of {metric} ends at {below}; use one of {bounds}, or a histogram of your own"


def _own(service: str) -> str:
    return f'service="{service}"'


def _all(*matchers: str) -> str:
    return ", ".join(filter(None, (matcher.strip().rstrip(",") for matcher in matchers)))
