"""Say what is going on: one line when a step begins and ends, and one every now and then while it lasts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

_SHOW_TENTHS_BELOW = 9.95


@dataclass(frozen=True)
class Progress:
    """Writes progress for people."""

    stream: TextIO
    heartbeat: float = 15.0
    """Seconds between the lines of a step that lasts."""

    def line(self, text: str) -> None:
        """Write one line at once."""
        self.stream.write(f"{text}\n")
        self.stream.flush()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say every `heartbeat` seconds that this step still goes on."""
        begin = time.monotonic()
        done = threading.Event()

        def beat() -> None:
            while not done.wait(self.heartbeat):
                self.line(f"  {text}… {elapsed(time.monotonic() - begin)}")

        self.line(f"  {text}…")
        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def elapsed(seconds: float) -> str:
    """Return a duration as people write it: 0.4s, 12s, 3m12s."""
    if seconds < _SHOW_TENTHS_BELOW:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
