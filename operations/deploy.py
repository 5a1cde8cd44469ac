"""Bring a stack up, and repair what has happened to it since."""

from __future__ import annotations

from pathlib import Path

from operations import stack_file
from operations.stack import run, unlock
from settings import PROJECT
from targets import TARGETS


def up(stack: str, folder: Path = stack_file.FOLDER) -> int:
    """Deploy a stack as ``pulumi up`` does, in view of whoever asked for it; return the exit status.

    Before it, the lock of an engine that was killed is removed, and where the target needs it what exists is
    compared with what is known. Raises `StackUnavailableError` where there is no such stack file.
    """
    for reason in unlock(stack):
        print(reason)
    return run(
        "up", "--yes", "--skip-preview", *(["--refresh"] if _drifts(stack, folder) else []), stack=stack
    )


def _drifts(stack: str, folder: Path) -> bool:
    """Whether what a stack made may have been changed or stopped without the engine noticing."""
    target = stack_file.configuration(stack, folder).get(f"{PROJECT}:target", "")
    return target in TARGETS and TARGETS[target].drifts
