"""What the engine knows about a stack: its outputs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import toolchain
from operations.locks import abandoned
from toolchain.environment import exports

PROJECT = Path(__file__).resolve().parent.parent


class StackUnavailableError(Exception):
    """The outputs of a stack cannot be read; the message says why and what to do."""


def outputs(stack: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
    """Return the outputs of a stack; secrets are ``[secret]`` unless asked for.

    Raises `StackUnavailableError` where the stack does not exist or has not been deployed.
    """
    result = _engine("stack", "output", "--json", *(["--show-secrets"] if show_secrets else []), stack=stack)
    if result.returncode:
        reason = result.stderr.strip().removeprefix("error: ") or "the engine says nothing"
        raise StackUnavailableError(f"stack {stack}: {reason}; deploy it with: make up STACK={stack}")
    found: Mapping[str, Any] = json.loads(result.stdout)
    if not found:
        raise StackUnavailableError(f"stack {stack} has no outputs; deploy it with: make up STACK={stack}")
    return found


def configured_secret(stack: str, key: str) -> str:
    """Return a secret of the stack file; empty where there is none."""
    result = _engine("config", "get", key, stack=stack)
    return "" if result.returncode else result.stdout.removesuffix("\n")


def set_secret(stack: str, key: str, value: str) -> None:
    """Write a secret to the stack file, encrypted; raises `StackUnavailableError` where that fails."""
    result = _engine("config", "set", "--secret", key, stack=stack, given=value)
    if result.returncode:
        raise StackUnavailableError(f"stack {stack}: {key} cannot be set: {result.stderr.strip()}")


def unlock(stack: str) -> list[str]:
    """Remove the lock of an engine that was killed; return what was said about it."""
    reasons = list(abandoned(_environment().get("PULUMI_BACKEND_URL", ""), stack))
    if reasons:
        _engine("cancel", "--yes", stack=stack)
    return reasons


def run(*arguments: str, stack: str) -> int:
    """Run the engine on a stack in view of whoever asked for it; return its exit status."""
    command = ["pulumi", *arguments, "--stack", stack]
    return subprocess.run(command, cwd=PROJECT, env=_environment(), check=False).returncode


def _environment() -> dict[str, str]:
    engine = toolchain.find("pulumi")
    if engine is None:
        raise StackUnavailableError("the pulumi engine is not installed; run: make setup")
    return {**os.environ, **exports([engine.parent])}


def _engine(*arguments: str, stack: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["pulumi", *arguments, "--stack", stack, "--non-interactive"],
        cwd=PROJECT,
        env=_environment(),
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        text=True,
        check=False,
    )
