"""Which alerts go where and when: matchers, routes, times, what silences what."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from settings.section import Section
from units import NOT_EMPTY, DnsName, Duration, LabelName, Wait, matching

_MATCHER = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*')
_NOT_IN_RE2 = re.compile(r"\(\?<?[=!]|\(\?P=|\\[1-9]")
"""Lookaround and references to groups."""
_DAYS = re.compile(r"-?\d{1,2}(:-?\d{1,2})?")
_LONGEST_MONTH = 31
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


@dataclass(frozen=True)
class Matcher:
    """A condition on one label, as Alertmanager has it. A label that is absent counts as empty."""

    name: str
    operator: str
    """``=``, ``!=``, ``=~`` or ``!~``; regular expressions match the whole value."""
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels fulfils it."""
        found = labels.get(self.name, "")
        if self.operator.endswith("~"):
            return bool(re.fullmatch(self.value, found)) is (self.operator == "=~")
        return (found == self.value) is (self.operator == "=")

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{json.dumps(self.value, ensure_ascii=False)}"


def parse_matcher(text: str) -> Matcher:
    """Read ``severity=~"warning|info"``; `ValueError` says what is wrong with it."""
    parts = _MATCHER.fullmatch(text)
    if not parts:
        raise ValueError('write a matcher as label, =, !=, =~ or !~, and a value in quotes: severity!="info"')
    name, operator, quoted = parts.groups()
    try:
        value: str = json.loads(quoted)
    except json.JSONDecodeError:
        raise ValueError(r"the value has a backslash that escapes nothing; write \\ for one") from None
    if operator.endswith("~"):
        if _NOT_IN_RE2.search(value):
            raise ValueError("Alertmanager's regular expressions know no lookaround and no references")
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
    return Matcher(name, operator, value)


def _matcher(text: str) -> str:
    parse_matcher(text)
    return text


def _values(given: Any) -> Any:
    if isinstance(given, str):
        return given
    if isinstance(given, list | tuple) and given and all(isinstance(value, str) for value in given):
        return tuple(given)
    raise ValueError("use a text, or a list of texts of which one must match")


def _listed(wanted: str | tuple[str, ...]) -> set[str]:
    return {wanted} if isinstance(wanted, str) else set(wanted)


def _range_of(known: tuple[str, ...], advice: str) -> AfterValidator:
    def check(value: str) -> str:
        ends = value.split(":")
        if len(ends) > 2 or not set(ends) <= set(known):
            raise ValueError(advice)
        if known.index(ends[0]) > known.index(ends[-1]):
            raise ValueError(f"ends before it starts ({known[0]} comes first); write two ranges")
        return value

    return AfterValidator(check)


def _days_of_month(value: str) -> str:
    if not _DAYS.fullmatch(value):
        raise ValueError("use days such as 1, 1:5 or -3:-1")
    ends = [int(end) for end in value.split(":")]
    if not all(0 < abs(end) <= _LONGEST_MONTH for end in ends):
        raise ValueError("days are 1 to 31, or -1 for the last one to -31")
    if ends[0] < 0 < ends[-1]:
        raise ValueError("begins at the end of the month and ends at its beginning; write two ranges")
    first, last = (end if end > 0 else _LONGEST_MONTH + 1 + end for end in (ends[0], ends[-1]))
    if first > last:
        raise ValueError("ends before it starts; write two ranges")
    return value


def _location(value: str) -> str:
    try:
        ZoneInfo(value or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("use a name of the time zone database, such as Europe/Berlin") from None
    return value


MatcherText = Annotated[str, AfterValidator(_matcher)]
LabelValues = Annotated[str | tuple[str, ...], BeforeValidator(_values)]
GroupLabel = Annotated[
    str, matching(r"\.\.\.|[A-Za-z_][A-Za-z0-9_]*", "use the name of a label, or ... for all of them")
]


def _once(labels: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ValueError(f"names {twice[0]} twice; once will do")
    if "..." in labels and len(labels) > 1:
        raise ValueError("... stands for all labels; leave the others out")
    return labels


GroupLabels = Annotated[tuple[GroupLabel, ...], AfterValidator(_once)]
TimeOfDay = Annotated[
    str, matching(r"([01]\d|2[0-3]):[0-5]\d|24:00", "use a time in quotes from 00:00 to 24:00, such as 18:30")
]


class Hours(Section):
    """A part of a day."""

    start: TimeOfDay
    """``"18:00"``."""
    end: TimeOfDay
    """``"24:00"``; the minute itself is no longer in it."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(
                f"{self.start} to {self.end} ends before it starts; "
                f"across midnight write two: {self.start} to 24:00, and 00:00 to {self.end}"
            )
        return self


class Period(Section):
    """A stretch of time: all that is given must hold, one of each list is enough."""

    weekdays: tuple[
        Annotated[str, _range_of(_WEEKDAYS, "use days such as saturday or monday:friday")], ...
    ] = ()
    """Days or ranges of days, ``monday:friday``; a week starts on sunday."""
    times: tuple[Hours, ...] = ()
    days_of_month: tuple[Annotated[str, AfterValidator(_days_of_month)], ...] = ()
    """Days or ranges of days, ``1:5``; ``-1`` is the last one."""
    months: tuple[Annotated[str, _range_of(_MONTHS, "use months such as december or june:august")], ...] = ()
    """Months or ranges of months, ``june:august``."""
    location: Annotated[str, AfterValidator(_location)] = ""
    """Time zone of all that, ``Europe/Berlin``; UTC when left out."""

    @model_validator(mode="after")
    def _is_limited(self) -> Self:
        if not (self.weekdays or self.times or self.days_of_month or self.months):
            raise ValueError("is always; say when with weekdays, times, daysOfMonth or months")
        return self


class TimeInterval(Section):
    """Times by a name that routes use."""

    name: DnsName
    """What routes call it."""
    periods: Annotated[tuple[Period, ...], NOT_EMPTY]


class Route(Section):
    """Which alerts go to which receiver; the first route that matches decides."""

    match: Mapping[LabelName, LabelValues] = Field(default_factory=dict)
    """Label → value, or a list of values; all must agree: ``{severity: critical, team: [shop, it]}``."""
    matchers: tuple[MatcherText, ...] = ()
    """What ``match`` cannot say, in Alertmanager's language: ``'alertname=~"Kafka.+"'``."""
    receiver: str
    """Name of a receiver above."""
    continue_: Annotated[bool, Field(alias="continue")] = False
    """Whether the routes below are asked as well."""
    group_by: GroupLabels = ()
    """As ``alerting.groupBy``, for these alerts only."""
    group_wait: Wait | None = None
    """As ``alerting.groupWait``, for these alerts only."""
    group_interval: Duration | None = None
    """As ``alerting.groupInterval``, for these alerts only."""
    repeat_interval: Duration | None = None
    """As ``alerting.repeatInterval``, for these alerts only."""
    mute_time_intervals: tuple[str, ...] = ()
    """Names of time intervals in which nothing is sent; what still fires afterwards is sent then."""
    active_time_intervals: tuple[str, ...] = ()
    """Names of time intervals outside of which nothing is sent."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.match and not self.matchers:
            raise ValueError(
                "matches every alert; add match, such as {severity: critical}, "
                "or make its receiver the alerting.defaultReceiver"
            )
        for name in sorted({*self.mute_time_intervals} & {*self.active_time_intervals}):
            raise ValueError(
                f"never sends: {name!r} is in muteTimeIntervals and in activeTimeIntervals; remove one"
            )
        wanted = [condition for condition in self.conditions if condition.operator == "="]
        for first, other in combinations(wanted, 2):
            if first.name == other.name and first.value != other.value:
                raise ValueError(f"matches no alert: {first} and {other} exclude each other; remove one")
        return self

    @property
    def conditions(self) -> tuple[Matcher, ...]:
        """What an alert must fulfil."""
        named = [
            Matcher(name, "=", wanted)
            if isinstance(wanted, str)
            else Matcher(name, "=~", "|".join(map(re.escape, wanted)))
            for name, wanted in self.match.items()
        ]
        return (*named, *map(parse_matcher, self.matchers))

    def takes_all_of(self, other: Route) -> bool:
        """Whether every alert that ``other`` matches surely is one that this route matches."""
        return set(self.matchers) <= set(other.matchers) and all(
            name in other.match and _listed(other.match[name]) <= _listed(wanted)
            for name, wanted in self.match.items()
        )


class Inhibition(Section):
    """Alerts that are not sent while another one fires."""

    source_matchers: Annotated[tuple[MatcherText, ...], NOT_EMPTY]
    """The alert that silences: ``['alertname="NetworkDown"']``."""
    target_matchers: Annotated[tuple[MatcherText, ...], NOT_EMPTY]
    """The alerts that are silenced."""
    equal: tuple[LabelName, ...] = ()
    """Labels besides ``environment`` that must have the same value in both."""


class RouteTest(Section):
    """What a routing must do; checked whenever the stack file is read."""

    labels: Annotated[Mapping[LabelName, str], NOT_EMPTY]
    """Labels of an alert, ``{severity: critical, team: payments}``."""
    receivers: Annotated[tuple[str, ...], NOT_EMPTY]
    """Names of the receivers that hear of it, in the order of the routes."""
