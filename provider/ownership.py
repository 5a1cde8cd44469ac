"""Which processes on this machine are ours.

A process is ours when its environment carries the mark with our stack's directory, it runs as our user, and
it is not one of those that started us. Nothing else is ever signalled.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from provider.errors import ProviderError
from provider.waiting import NEVER

MARK = "OBSERVABILITY_STACK_DIRECTORY"
"""The environment variable that every process of a stack carries: the stack's directory."""
SUPERVISOR_MODULE = "supervisor.supervisord"
_NAME_VARIABLE = "SUPERVISOR_PROCESS_NAME"
GRACE_SECONDS = 35.0
"""How long a left-over process may take to end after SIGTERM."""


def mark(directory: Path) -> str:
    """Return the mark's value for a stack's directory."""
    return os.path.realpath(directory)


def claim(directory: Path, urn: str, *, preview: bool) -> None:
    """Note which stack a directory belongs to; raise where it belongs to another one."""
    stack, project = urn.split("::")[:2]
    owner, note = f"{project}/{stack.removeprefix('urn:pulumi:')}", directory / "owner"
    found = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
    if found not in ("", owner):
        raise ProviderError(
            f"{directory} belongs to stack {found}; give {owner} a dataDirectory of its own, or remove "
            f"{note} if it is the same stack under its former name"
        )
    if not preview:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        note.write_text(f"{owner}\n", encoding="utf-8")


def marked(directory: Path, name: str | None = None) -> list[psutil.Process]:
    """Return the living processes of the stack; with a name, only that program's."""
    ourselves = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in ourselves:
            continue
        try:
            if process.uids().real != os.getuid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            environment = process.environ()
        except (psutil.Error, OSError):
            continue
        if environment.get(MARK) == mark(directory) and name in (None, environment.get(_NAME_VARIABLE)):
            found.append(process)
    return found


def stop_marked(directory: Path, name: str | None = None) -> None:
    """Stop what is left of a stack whose supervisor no longer answers; with a name, of that program only."""
    for _ in range(3):  # a process may start another one while it is being stopped
        processes = marked(directory, name)
        if not processes:
            return
        # A supervisor that lives but has lost its socket would start its programs again, so it goes first.
        _stop([process for process in processes if _is_supervisor(process)])
        _stop(processes)
    if left := marked(directory, name):
        raise ProviderError(
            f"processes left over from an earlier run do not stop: {_describe(left)}; stop them by hand"
        )


def _stop(processes: list[psutil.Process]) -> None:
    for end, grace_seconds in ((psutil.Process.terminate, GRACE_SECONDS), (psutil.Process.kill, 5.0)):
        for process in processes:
            with suppress(psutil.Error):
                end(process)  # psutil refuses when the id now belongs to another process
        for _ in NEVER.attempts(grace_seconds, pause_seconds=0.02):
            processes = [process for process in processes if _is_alive(process)]
            if not processes:
                return


def _is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that has ended and waits for its parent to notice does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _is_supervisor(process: psutil.Process) -> bool:
    try:
        return SUPERVISOR_MODULE in process.cmdline()
    except psutil.Error:
        return False


def _describe(processes: Iterable[psutil.Process]) -> str:
    return ", ".join(f"pid {process.pid}" for process in processes)
