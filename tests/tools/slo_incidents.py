"""Incidents: what exact counting of their events says, and their counters as promtool wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from slo.model import WINDOW, Indicator, Slo
from slo.policy import Period
from units import seconds

REQUESTS = 10_000
"""Requests a minute."""
HEALTHY = 4400
"""Minutes before an incident: a little more than the longest window."""
AFTER = 420
"""Minutes that are watched after an incident."""


@dataclass(frozen=True)
class Incident:
    """A share of requests that fails for some time, once or again and again."""

    name: str
    ratio: float
    lasts: int
    """Minutes."""
    pause: int = 0
    """Minutes without failures between two of its times."""
    times: int = 1
    restart: bool = False
    """Whether the service restarts in the middle, and its counters with it."""
    requests: int = REQUESTS
    """Requests a minute."""
    healthy: int = HEALTHY
    """Minutes before it."""
    unscraped: tuple[tuple[int, int], ...] = ()
    """From and until which minute after the onset no scrape succeeds; negative ones are before it."""

    @property
    def minutes(self) -> int:
        """How long all of it takes."""
        return self.times * (self.lasts + self.pause) - self.pause

    def failures(self, length: int) -> list[int]:
        """Return the failures of each minute from the onset, ``length`` of them."""
        failed, cycle = round(self.requests * self.ratio), self.lasts + self.pause
        return [
            failed if minute < self.minutes and minute % cycle < self.lasts else 0 for minute in range(length)
        ]

    def series(self, length: int) -> dict[str, str]:
        """Return the counters of requests and failures."""
        middle = self.healthy + self.minutes // 2 if self.restart else -1
        counts = {
            "requests": [self.requests] * (self.healthy + length),
            "failures": [0] * self.healthy + self.failures(length),
        }
        gaps = [(self.healthy + start, self.healthy + end) for start, end in self.unscraped]
        return {
            f'{kind}_total{{c="{self.name}"}}': _without(_counter(steps, middle), steps, gaps)
            for kind, steps in counts.items()
        }

    def slo(self, period: Period, **changes: object) -> Slo:
        """Return an objective of 99.9 % over these requests."""
        errors, events = (
            f'sum(rate({metric}_total{{c="{self.name}"}}[{WINDOW}]))' for metric in ("failures", "requests")
        )
        fields = {"period": period, **changes}
        return Slo(self.name, f"slo-{period}", Decimal("99.9"), Indicator(events, errors), **fields)  # type: ignore[arg-type]


def _counter(steps: Sequence[int], restart: int) -> str:
    """Return a counter that grows by ``steps``, from zero again at one of them; equal steps are one part."""
    parts, value, position = ["0"], 0, 0
    while position < len(steps):
        value = 0 if position == restart else value
        step, end = steps[position], position + 1
        while end < len(steps) and steps[end] == step and end != restart:
            end += 1
        count = end - position
        parts.append(f"{value + step}+{step}x{count - 1}")
        value, position = value + step * count, end
    return " ".join(parts)


def _without(counter: str, steps: Sequence[int], gaps: Sequence[tuple[int, int]]) -> str:
    """Return the counter with missing samples in the ``gaps``, while it goes on growing unseen."""
    if not gaps:
        return counter
    values = [0]
    for step in steps:
        values.append(values[-1] + step)
    return " ".join(
        "_" if any(start <= minute < end for start, end in gaps) else str(value)
        for minute, value in enumerate(values)
    )


INCIDENTS = (
    Incident("outage", 1.0, 10),
    Incident("long-outage", 1.0, 60),
    Incident("five-per-cent", 0.05, 120),
    Incident("two-per-cent", 0.02, 240),
    Incident("slow-burn", 0.008, 600),
    Incident("slower-burn", 0.004, 1440),
    Incident("drizzle", 0.0015, 2880),
    Incident("flapping", 0.5, 5, pause=25, times=12),
    Incident("restarting", 0.05, 120, restart=True),
)
ESTABLISHED = {
    "outage": ((5, 38), (5, 365)),
    "long-outage": ((5, 85), (5, 415)),
    "five-per-cent": ((20, 140), (90, 470)),
    "two-per-cent": ((45, 255), (215, 580)),
    "slow-burn": ((270, 605), (540, 910)),
    "slower-burn": (None, (1080, 1705)),
    "drizzle": (None, None),
}
"""First and last minute at which the established generator's page and ticket fire over 30 days, measured in
steps of five minutes."""
PAIRS = {"page": (("5m", "1h", 0.02), ("30m", "6h", 0.05)), "ticket": (("2h", "1d", 0.1), ("6h", "3d", 0.1))}
"""Its windows, and the share of the budget that each pair stands for."""


def first_minute(
    failures: Sequence[int], kind: str, period: Period, *, requests: int = REQUESTS, minimum: int = 0
) -> int | None:
    """Return the minute at which counted events first exceed both windows of a pair; None for never.

    ``minimum`` is the number of failures that the long window must have.
    """
    spent = [0]
    for number in failures:
        spent.append(spent[-1] + number)

    def ratio(minute: int, window: str) -> float:
        length = int(seconds(window) / 60)
        return (spent[minute] - spent[max(0, minute - length)]) / (requests * length)

    length = seconds(period) if period != "month" else seconds("30d")
    for minute in range(1, len(spent)):
        for short, long, share in PAIRS[kind]:
            threshold = share * length / seconds(long) * 0.001
            counted = spent[minute] - spent[max(0, minute - int(seconds(long) / 60))]
            if min(ratio(minute, short), ratio(minute, long)) > threshold and counted >= minimum:
                return minute
    return None
