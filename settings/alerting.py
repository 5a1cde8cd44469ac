"""What a stack file may say about alerts: who hears of what, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import model_validator

from settings.receivers import DEAD_MANS_SWITCH, Receiver, SecretCheck, Webhook
from settings.routes import GroupLabels, Inhibition, Route, RouteTest, TimeInterval
from settings.section import Section
from units import NOT_EMPTY, Duration, Wait, seconds


@dataclass(frozen=True)
class Destination:
    """Where an alert goes by one route, and when."""

    receiver: str
    group_by: tuple[str, ...]
    group_wait: str
    group_interval: str
    repeat_interval: str
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()


class Alerting(Section):
    """Alertmanager: who hears of what, and how often."""

    receivers: tuple[Receiver, ...] = ()
    routes: tuple[Route, ...] = ()
    default_receiver: str = ""
    """Receiver of what no route matches; the first receiver when left out."""
    group_by: Annotated[GroupLabels, NOT_EMPTY] = ("alertname", "environment", "service")
    """Alerts with the same values of these labels are one notification."""
    group_wait: Wait = "30s"
    """How long the first notification of a group waits for company; ``0s`` sends at once."""
    group_interval: Duration = "5m"
    """How long until a changed group is notified again."""
    repeat_interval: Duration = "12h"
    """How long until an unchanged group is notified again."""
    time_intervals: tuple[TimeInterval, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()
    route_tests: tuple[RouteTest, ...] = ()
    dead_mans_switch: Webhook | None = None
    """Outside service that alarms when the Watchdog alert stops arriving."""

    @property
    def secrets(self) -> Mapping[str, SecretCheck]:
        """Configuration key of each secret that a receiver needs, and what its value must be like."""
        channels = [channel for receiver in self.receivers for channel in receiver.channels.values()]
        channels += [self.dead_mans_switch] if self.dead_mans_switch else []
        found: dict[str, list[SecretCheck]] = {}
        for channel in channels:
            for key, check in channel.secrets.items():
                found.setdefault(key, []).append(check)
        return {key: _all_of(checks) for key, checks in found.items()}

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the receivers need, each once."""
        return tuple(self.secrets)

    @property
    def ports(self) -> tuple[int, ...]:
        """TCP ports that notifications leave by, in order."""
        channels = [channel for receiver in self.receivers for channel in receiver.channels.values()]
        channels += [self.dead_mans_switch] if self.dead_mans_switch else []
        return tuple(sorted({channel.port for channel in channels}))

    @property
    def fallback(self) -> str:
        """Receiver of what no route matches; empty where there is no receiver at all."""
        return self.default_receiver or next((receiver.name for receiver in self.receivers), "")

    @property
    def decided(self) -> tuple[Route, ...]:
        """The routes, then those of the teams: a receiver with a team's name hears of the team's alerts."""
        return (
            *self.routes,
            *(
                Route(match={"team": receiver.name}, receiver=receiver.name)
                for receiver in self.receivers
                if receiver.name != self.fallback
            ),
        )

    @property
    def unheard(self) -> tuple[str, ...]:
        """Receivers that no route leads to, except of alerts of a team of that name."""
        reached = {self.fallback, *(route.receiver for route in self.routes)}
        return tuple(receiver.name for receiver in self.receivers if receiver.name not in reached)

    def destinations(self, labels: Mapping[str, str]) -> tuple[Destination, ...]:
        """Return where an alert with these labels goes, the journal left out, as Alertmanager decides it."""
        if labels.get("alertname") == "Watchdog":
            return (Destination(DEAD_MANS_SWITCH, self.group_by, "0s", "1m", "1m"),)
        found = []
        for route in self.decided:
            if all(condition.matches(labels) for condition in route.conditions):
                found.append(self._destination(route.receiver, route))
                if not route.continue_:
                    return tuple(found)
        return (*found, *([self._destination(self.fallback)] if self.fallback else []))

    def _destination(self, receiver: str, route: Route | None = None) -> Destination:
        if route is None:
            return Destination(
                receiver, self.group_by, self.group_wait, self.group_interval, self.repeat_interval
            )
        return Destination(
            receiver,
            route.group_by or self.group_by,
            route.group_wait or self.group_wait,
            route.group_interval or self.group_interval,
            route.repeat_interval or self.repeat_interval,
            route.mute_time_intervals,
            route.active_time_intervals,
        )

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        problems = [*self._name_problems(), *self._time_problems()]
        # Where names are wrong, what follows from them would be said twice.
        problems = problems or [*self._shadowed(), *self._failed_tests()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _name_problems(self) -> Iterator[str]:
        receivers = [receiver.name for receiver in self.receivers]
        intervals = [interval.name for interval in self.time_intervals]
        for key, names in (("receivers", receivers), ("timeIntervals", intervals)):
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield f"{key}.{index}.name: {name!r} is there already; give each a name of its own"
        for place, kind, named in self._references():
            defined = receivers if kind == "receiver" else intervals
            for name in named:
                if name not in defined:
                    near = get_close_matches(name, defined, n=1)
                    advice = f"did you mean {near[0]!r}?" if near else f"defined are: {_listed(defined)}"
                    yield f"{place}: there is no {kind} {name!r}; {advice}"

    def _references(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield where receivers and time intervals are named, which of the two, and their names."""
        if self.default_receiver:
            yield "defaultReceiver", "receiver", (self.default_receiver,)
        for index, route in enumerate(self.routes):
            yield f"routes.{index}.receiver", "receiver", (route.receiver,)
            yield f"routes.{index}.muteTimeIntervals", "time interval", route.mute_time_intervals
            yield f"routes.{index}.activeTimeIntervals", "time interval", route.active_time_intervals
        for index, test in enumerate(self.route_tests):
            yield f"routeTests.{index}.receivers", "receiver", test.receivers

    def _time_problems(self) -> Iterator[str]:
        timings = {"": self._destination("")}
        timings |= {f"routes.{i}.": self._destination("", route) for i, route in enumerate(self.routes)}
        for place, timing in timings.items():
            if seconds(timing.repeat_interval) < seconds(timing.group_interval):
                yield (
                    f"{place}repeatInterval: {timing.repeat_interval} is shorter than the groupInterval, "
                    f"{timing.group_interval}, at which Alertmanager looks; make it longer"
                )
                if not place:
                    return

    def _shadowed(self) -> Iterator[str]:
        for later, route in enumerate(self.routes):
            for earlier, other in enumerate(self.routes[:later]):
                if not other.continue_ and other.takes_all_of(route):
                    yield (
                        f"routes.{later}: never matches, routes.{earlier} takes all its alerts; "
                        "put it first, or give the other one continue: true"
                    )
                    break

    def _failed_tests(self) -> Iterator[str]:
        for index, test in enumerate(self.route_tests):
            found = tuple(destination.receiver for destination in self.destinations(test.labels))
            if found != test.receivers:
                alert = ", ".join(f"{name}: {value}" for name, value in test.labels.items())
                yield (
                    f"routeTests.{index}: {{{alert}}} goes to {_listed(found)}, not to "
                    f"{_listed(test.receivers)}; correct the routes or the test"
                )


def _all_of(checks: Sequence[SecretCheck]) -> SecretCheck:
    """Return a check of a secret that several channels use: it must suit each of them."""
    return lambda value: next((problem for check in checks if (problem := check(value))), "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
