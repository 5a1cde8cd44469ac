"""Servers that a test starts, waits for and stops, each by its process id."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.project import until


@dataclass
class Servers:
    """Running programs; what they print is in a file for each, below one folder."""

    folder: Path
    inside: Sequence[str] = ()
    """Command that every program is started with, such as one that enters a namespace."""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str | Path, **environment: str) -> None:
        """Start a program."""
        with self.log(name).open("ab") as output:
            self.running[name] = subprocess.Popen(
                [*self.inside, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        """Return the file with what a program prints."""
        return self.folder / f"{name}.log"

    def wait(self, name: str, ready: Callable[[], object], *, seconds: float = 60) -> None:
        """Wait until a program is ready; fail at once, with what it printed, where it ends."""

        def answer() -> bool:
            process = self.running[name]
            if process.poll() is not None:
                raise AssertionError(f"{name} ended with {process.returncode}:\n{self._end_of_log(name)}")
            return bool(ready())

        try:
            until(answer, seconds=seconds, what=f"{name} is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._end_of_log(name)}") from None

    def _end_of_log(self, name: str) -> str:
        return self.log(name).read_text(errors="replace")[-3000:]

    def end(self, name: str) -> None:
        """Stop a program, and wait until it has."""
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def stop(self) -> None:
        """Stop what runs, the last started first."""
        for name in reversed(list(self.running)):
            self.end(name)


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
