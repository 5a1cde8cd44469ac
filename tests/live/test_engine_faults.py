"""The engine is interrupted, killed, started twice, given a wrong passphrase: the next `up` converges."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runtimes.process import usual_ports
from tests.project import Project, free_offset, until

PRODUCTS = {"prometheus", "alertmanager", "loki", "jaeger", "collector", "node-exporter"}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A copy that has not been deployed yet; whatever a test leaves running is stopped."""
    project = Project.copy(tmp_path)
    project.configure({"portOffset": free_offset()})
    try:
        yield project
    finally:
        project.run("cancel", "--yes", "--stack", project.stack, succeeds=None)
        project.destroy()
        assert running(project) == {}


def running(project: Project) -> dict[int, str]:
    """Return the processes of the stack: id → name, the supervisor's own included."""
    found = {}
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            continue
        if environment.get("OBSERVABILITY_STACK_DIRECTORY") == str(project.directory.resolve()):
            found[process.pid] = environment.get("SUPERVISOR_PROCESS_NAME", "supervisor")
    return found


def alive(pid: int) -> bool:
    """Whether a process still does something; one that nobody has waited for yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def converged(project: Project) -> None:
    """Deploy; everything runs exactly once, and nothing is left to change."""
    project.up()
    names = sorted(name for name in running(project).values() if name != "supervisor")
    assert names == sorted(PRODUCTS)
    project.preview("--expect-no-changes")
    result = project.operations("health")
    assert result.returncode == 0, result.stdout + result.stderr


def begun(project: Project) -> bool:
    """Whether the first processes have been started."""
    return len(running(project)) >= 2


def test_an_interrupted_up_converges(project: Project) -> None:
    update = project.start("up", "--yes", "--skip-preview", "--stack", project.stack)
    until(lambda: begun(project), seconds=60, what="the update has begun")
    update.send_signal(signal.SIGINT)
    output, _ = update.communicate(timeout=60)
    assert update.returncode != 0 or "created" in output
    converged(project)


def test_a_killed_up_converges_after_its_lock_is_removed(project: Project) -> None:
    update = project.start("up", "--yes", "--skip-preview", "--stack", project.stack)
    until(lambda: begun(project), seconds=60, what="the update has begun")
    os.killpg(update.pid, signal.SIGKILL)
    update.communicate(timeout=60)

    refused = project.run("up", "--yes", "--skip-preview", "--stack", project.stack, succeeds=False)
    assert "the stack is currently locked by 1 lock(s)" in refused
    unlocked = project.operations("unlock")
    assert "was killed" in unlocked.stdout, unlocked.stderr
    converged(project)


def test_a_second_up_at_the_same_time_is_refused(project: Project) -> None:
    first = project.start("up", "--yes", "--skip-preview", "--stack", project.stack)
    locks = project.path.parent / "state" / ".pulumi" / "locks"
    until(lambda: list(locks.glob("**/*.json")), seconds=60, what="the first holds the lock")
    second = project.run("up", "--yes", "--skip-preview", "--stack", project.stack, succeeds=False)
    assert "the stack is currently locked by 1 lock(s)" in second
    unlocked = project.operations("unlock")
    assert unlocked.stdout == "", "a lock of a running engine was removed"
    output, _ = first.communicate(timeout=120)
    assert first.returncode == 0, output
    converged(project)


def test_a_wrong_passphrase_changes_nothing(project: Project) -> None:
    project.run("config", "set", "--secret", "grafanaPassword", "a-long-password", "--stack", project.stack)
    state = project.path.parent / "state" / ".pulumi" / "stacks" / "observability" / f"{project.stack}.json"
    before = state.read_bytes()
    output = project.run(
        "up",
        "--yes",
        "--skip-preview",
        "--stack",
        project.stack,
        succeeds=False,
        PULUMI_CONFIG_PASSPHRASE="wrong",
    )
    assert "incorrect passphrase" in output
    assert "Traceback" not in output
    assert state.read_bytes() == before
    assert running(project) == {}


def test_a_killed_supervisor_is_seen_and_replaced(project: Project) -> None:
    project.up()
    before = running(project)
    supervisor = next(pid for pid, name in before.items() if name == "supervisor")
    psutil.Process(supervisor).kill()
    until(lambda: supervisor not in running(project), seconds=10, what="the supervisor is gone")
    assert "running" in project.preview("--diff")
    converged(project)
    assert not set(before) & set(running(project)), "a process of the dead supervisor was left behind"


def test_ports_that_are_taken_are_reported_with_their_owner_before_anything_starts(project: Project) -> None:
    offset = free_offset()
    project.configure({"portOffset": offset})
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", usual_ports()["loki-http"] + offset))
        foreign.listen()
        output = project.run("up", "--yes", "--skip-preview", "--stack", project.stack, succeeds=False)
    assert f"ports: {3100 + offset} (loki-http) is taken by pid {os.getpid()}" in output
    assert "Traceback" not in output
    assert running(project) == {}


def test_a_stack_whose_checkout_was_moved_can_be_taken_down(project: Project) -> None:
    project.up()
    before, moved = running(project), project.path.with_name("moved")
    project.path.rename(moved)
    path = project.environment["PATH"].replace(str(project.path), str(moved))
    project.path, project.environment = moved, {**project.environment, "PATH": path}
    project.destroy()
    assert [pid for pid in before if alive(pid)] == []


def test_a_data_directory_belongs_to_one_stack(project: Project) -> None:
    project.up()
    before = running(project)
    (project.path / "Pulumi.other.yaml").write_text(
        "config:\n  observability:target: process\n"
        f"  observability:dataDirectory: {project.directory}\n  observability:portOffset: {free_offset()}\n"
    )
    project.run("stack", "init", "other")
    output = project.run("up", "--yes", "--skip-preview", "--stack", "other", succeeds=False)
    assert "belongs to stack observability/local" in output
    project.run("destroy", "--yes", "--skip-preview", "--stack", "other")
    assert running(project) == before
