"""Faults that a demonstration switches on: the shop fails or slows down as told."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from typing import Any


class InjectedError(Exception):
    """The failure that was asked for."""


@dataclass(frozen=True)
class Faults:
    """What goes wrong at present; nothing by default."""

    error_ratio: float = 0.0
    """The share of requests that fail, 0 to 1."""
    latency_seconds: float = 0.0
    """Seconds added to every request, 0 to 30."""

    def changed(self, wanted: Any) -> Faults:
        """Return these faults with what a client asked for.

        Raises:
            ValueError: a key is unknown, or a value is not a number in its range.
        """
        limits = {"error_ratio": 1.0, "latency_seconds": 30.0}
        if not isinstance(wanted, dict):
            # A client's input is wrong, not a caller's type.
            raise ValueError('send an object such as {"error_ratio": 0.5, "latency_seconds": 0.2}')  # noqa: TRY004
        for key, value in wanted.items():
            if key not in limits:
                raise ValueError(f"{key!r} is not a fault: there are {' and '.join(limits)}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= limits[key]:
                raise ValueError(f"{key} is {value!r}: give a number from 0 to {limits[key]:g}")
        return replace(self, **wanted)

    def strike(self) -> None:
        """Wait and fail as configured; called on a worker thread."""
        time.sleep(self.latency_seconds)
        if random.random() < self.error_ratio:  # noqa: S311
            raise InjectedError("failing as POST /faults asked")
