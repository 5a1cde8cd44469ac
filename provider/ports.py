"""Who holds a port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from provider.errors import ProviderError
from provider.ownership import MARK, marked


def is_free(port: int) -> bool:
    """Whether nobody listens on this TCP port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise ProviderError(f"port {port} may be used by root only; choose one above 1023") from None
            return False
    return True


def taken_ports(ports: Mapping[str, int], *, allowed: Path | None = None) -> dict[str, str]:
    """Say who holds which of the named ports; what belongs to the stack in `allowed` counts as free."""
    taken = {label: port for label, port in ports.items() if not is_free(port)}
    ours = {process.pid for process in marked(allowed)} if taken and allowed else set()
    owners = {label: _owner(port) for label, port in taken.items()}
    return {
        label: "a process of another user" if owner is None else _who(owner)
        for label, owner in owners.items()
        if owner is None or owner.pid not in ours
    }


def check_ports(name: str, ports: Mapping[str, int], *, allowed: Path | None = None) -> None:
    """Raise when a port is taken, naming the owner. What belongs to the stack in `allowed` counts as free."""
    problems = [
        f"port {ports[label]} ({label}) is taken by {owner}"
        for label, owner in taken_ports(ports, allowed=allowed).items()
    ]
    if problems:
        raise ProviderError(f"{name}: {'; '.join(problems)}; stop the owner or choose another port")


def _owner(port: int) -> psutil.Process | None:
    for pid, connection in _connections():
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return psutil.Process(pid)
    return None


def _connections() -> Iterator[tuple[int, Any]]:
    try:
        yield from ((found.pid, found) for found in psutil.net_connections(kind="tcp") if found.pid)
    except psutil.AccessDenied:  # macOS shows users their own processes' connections only, one by one
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                yield from ((process.pid, found) for found in process.net_connections(kind="tcp"))


def _who(process: psutil.Process) -> str:
    with suppress(psutil.Error, OSError):
        if stack := process.environ().get(MARK):
            return f"the stack in {stack} (is it this one by a former name or folder? take it down first)"
    try:
        # The first words only: what follows may be somebody's password.
        words = " ".join(process.cmdline()[:2])[:80]
        return f"pid {process.pid}, {process.name()} ({words})"
    except psutil.Error:
        return f"pid {process.pid}"
