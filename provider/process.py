"""The resource `observability:index:Process`: a program that runs under the stack's supervisor.

Every operation compares what should be with what is (on disk, under the supervisor, loaded by the process)
and does only what is missing, so that one that was interrupted anywhere is finished by the next one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from provider import files
from provider.changes import Change, changes
from provider.definition import Fingerprint, ProcessDefinition
from provider.errors import ProviderError
from provider.health import UnhealthyError, is_healthy, last_reload, wait_healthy, wait_reloaded
from provider.ownership import stop_marked
from provider.ports import check_ports
from provider.runtime_folder import locked
from provider.supervision import Supervisor
from provider.values import contains_unknown
from provider.waiting import NEVER, Cancellation

LOG_LINES = 15
"""How much of its log is shown when a process fails."""
REASON_SECONDS = 2.0
SHORTEST_SECRET = 6
"""Lines of secret files from this length on are hidden in what is shown."""
_MAPS = frozenset({"environment", "files", "secretFiles", "ports"})
_REPLACING = frozenset({"name", "directory"})


class Step(Enum):
    """What it takes to bring a process to its definition."""

    NOTHING = "nothing"
    RELOAD = "reload"
    RESTART = "restart"


def outputs(inputs: Mapping[str, Any], *, running: bool = True) -> dict[str, Any]:
    """Return the resource's outputs: its inputs, as secret as they came, and whether it runs."""
    return {**inputs, "running": running}


def is_current(inputs: Mapping[str, Any]) -> bool:
    """Whether the process runs with exactly these inputs."""
    definition = ProcessDefinition.from_inputs(inputs)
    return _next_step(definition, Supervisor(definition.directory)) is Step.NOTHING


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Change]:
    """Return the changed inputs, and `running` when reality differs: stopped, or files edited."""
    found = changes(old, new, maps=_MAPS, replacing=_REPLACING)
    if not is_current(old):
        found["running"] = Change("update", of_input=False)
    return found


def preview(inputs: Mapping[str, Any]) -> None:
    """Raise what would stop a start: the program is missing, or a port is taken by somebody else."""
    if contains_unknown({key: inputs.get(key) for key in ("name", "directory", "program", "ports")}):
        return
    known = {key: value for key, value in inputs.items() if not contains_unknown(value)}
    definition = ProcessDefinition.from_inputs(known)
    _check_program(definition)
    check_ports(definition.name, dict(definition.ports), allowed=definition.directory)


def create(inputs: Mapping[str, Any], cancellation: Cancellation) -> None:
    """Start the process, or take over what an interrupted `up` left; on failure nothing stays running."""
    definition = ProcessDefinition.from_inputs(inputs)
    # The provider of an engine that was killed may still be cleaning up.
    with locked(definition.layout.lock, cancellation):
        try:
            _converge(definition, cancellation)
        except (ProviderError, OSError):
            _discard(definition)
            raise


def update(inputs: Mapping[str, Any], cancellation: Cancellation) -> None:
    """Bring the process to its new inputs: a reload where that is enough, else a restart, else nothing."""
    definition = ProcessDefinition.from_inputs(inputs)
    with locked(definition.layout.lock, cancellation):
        _converge(definition, cancellation)


def delete(inputs: Mapping[str, Any]) -> None:
    """Stop the process and remove its configuration; its data stays unless `deleteData` was set."""
    definition = ProcessDefinition.from_inputs(inputs)
    if not definition.directory.is_dir():
        # Moved or deleted under what runs in it: there is nothing left to supervise.
        stop_marked(definition.directory)
        return
    with locked(definition.layout.lock, NEVER):
        _discard(definition)
        if definition.delete_data:
            shutil.rmtree(definition.layout.home, ignore_errors=True)
            for log in definition.layout.log.parent.glob(f"{definition.layout.log.name}*"):
                log.unlink(missing_ok=True)


def _discard(definition: ProcessDefinition) -> None:
    layout, supervisor = definition.layout, Supervisor(definition.directory)
    supervisor.stop(definition.name, definition.stop_timeout_seconds)
    supervisor.remove(layout)
    for folder in (layout.config, layout.secrets):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (layout.script, layout.applied):
        file.unlink(missing_ok=True)


def _converge(definition: ProcessDefinition, cancellation: Cancellation) -> None:
    layout, supervisor = definition.layout, Supervisor(definition.directory, cancellation)
    _check_program(definition)
    layout.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    supervisor.ensure()
    step = _next_step(definition, supervisor)
    log_start = files.size(layout.log)
    if step is Step.RELOAD and not _reload(definition, supervisor, cancellation, log_start):
        step = Step.RESTART
    try:
        if step is Step.RESTART:
            _restart(definition, supervisor)
        wait_healthy(
            lambda: supervisor.state(definition.name),
            definition.health_url,
            definition.health_timeout_seconds,
            cancellation,
        )
    except UnhealthyError as problem:
        # Out of the supervisor as well, or it would start the broken program again with the next one.
        supervisor.stop(definition.name, definition.stop_timeout_seconds)
        supervisor.remove(layout)
        raise ProviderError(_failure(definition, str(problem), log_start)) from None
    files.write(layout.applied, json.dumps(definition.fingerprint().__dict__), 0o600)


def _check_program(definition: ProcessDefinition) -> None:
    if not os.access(definition.program, os.X_OK) or Path(definition.program).is_dir():
        raise ProviderError(
            f"{definition.name}: {definition.program} is not a program that can be run; install it again"
        )


def _next_step(definition: ProcessDefinition, supervisor: Supervisor) -> Step:
    state = supervisor.state(definition.name)
    wanted, applied, found = definition.fingerprint(), _applied(definition), _on_disk(definition)
    if (
        state is None
        or not state.alive
        or applied is None
        or not wanted.restart == applied.restart == found.restart
    ):
        return Step.RESTART
    return Step.NOTHING if wanted.reload == applied.reload == found.reload else Step.RELOAD


def _applied(definition: ProcessDefinition) -> Fingerprint | None:
    try:
        return Fingerprint(**json.loads(definition.layout.applied.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _on_disk(definition: ProcessDefinition) -> Fingerprint:
    layout = definition.layout
    texts = [path.read_text() if path.is_file() else "" for path in (layout.script, layout.program)]
    config, secrets = files.read_tree(layout.config), files.read_tree(layout.secrets)
    return Fingerprint.of(texts[0], texts[1], config, secrets, definition.reloadable)


def _restart(definition: ProcessDefinition, supervisor: Supervisor) -> None:
    layout = definition.layout
    supervisor.stop(definition.name, definition.stop_timeout_seconds)
    check_ports(definition.name, dict(definition.ports))
    layout.applied.unlink(missing_ok=True)
    layout.log.parent.mkdir(mode=0o700, exist_ok=True)
    files.write_tree(layout.config, definition.files)
    files.write_tree(layout.secrets, definition.secret_files)
    files.write(layout.script, definition.script(), 0o700)
    supervisor.start(layout, definition.section())


def _reload(
    definition: ProcessDefinition, supervisor: Supervisor, cancellation: Cancellation, log_start: int
) -> bool:
    """Reload; False when the process is in no state to be reloaded. Raises when it refuses the new files."""
    layout, check = definition.layout, definition.reload_check
    before = last_reload(check) if check else None
    if (check and before is None) or (definition.health_url and not is_healthy(definition.health_url)):
        return False
    previous = files.read_tree(layout.config)
    files.write_tree(layout.config, definition.files)
    supervisor.signal(definition.name, definition.reload_signal)
    if check is None or before is None:
        return True
    if wait_reloaded(check, before, definition.health_timeout_seconds, cancellation):
        return True
    files.write_tree(layout.config, previous)
    reason = _reason(definition, log_start)  # before the second reload writes to the log as well
    supervisor.signal(definition.name, definition.reload_signal)
    wait_reloaded(check, (False, before[1]), definition.health_timeout_seconds, NEVER)
    problem = f"{definition.name} refused its new configuration and goes on with the old one"
    raise ProviderError(f"{problem}:\n{reason}")


def _reason(definition: ProcessDefinition, log_start: int) -> str:
    """Return the lines in which the process says why; they may reach the log a moment after the metric."""
    errors: list[str] = []
    for _ in NEVER.attempts(REASON_SECONDS):
        lines = _log(definition, 100, log_start)
        errors = [line for line in lines if re.search(r"\b(error|fatal|err)\b", line, re.IGNORECASE)]
        if errors:
            break
    return "\n".join(f"  {line}" for line in errors[-3:]) or f"  see {definition.layout.log}"


def _failure(definition: ProcessDefinition, problem: str, log_start: int) -> str:
    text = f"{definition.name} {problem}; it was stopped."
    lines = _log(definition, LOG_LINES, log_start)
    if not lines:
        return f"{text} It wrote nothing to {definition.layout.log}; try {definition.layout.script} by hand."
    shown = "\n".join(f"  {line}" for line in lines)
    return f"{text} The end of {definition.layout.log}:\n{shown}\nCorrect that and run `pulumi up` again."


def _log(definition: ProcessDefinition, lines: int, start: int) -> list[str]:
    secrets = [line.strip() for content in definition.secret_files.values() for line in content.splitlines()]
    found = files.tail(definition.layout.log, lines, start=start)
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            found = [line.replace(secret, "[secret]") for line in found]
    return found
