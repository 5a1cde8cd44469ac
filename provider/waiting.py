"""Waiting on conditions: with a deadline, ever more slowly, and given up when the engine cancels."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from provider.errors import CancelledError

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 0.5


class Cancellation:
    """Set once, when the engine wants every wait to end."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """End all waits, now and later."""
        self._event.set()

    def attempts(self, timeout_seconds: float, pause_seconds: float = FIRST_PAUSE_SECONDS) -> Iterator[None]:
        """Yield at once, then again and again until the deadline, with one last time after it.

        Raises CancelledError when the engine cancels during a pause.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            last = time.monotonic() >= deadline
            yield
            if last:
                return
            if self._event.wait(min(pause_seconds, max(0.0, deadline - time.monotonic()))):
                raise CancelledError
            pause_seconds = min(pause_seconds * 1.25, LONGEST_PAUSE_SECONDS)


NEVER = Cancellation()
"""For cleaning up, which goes on after a cancellation."""
