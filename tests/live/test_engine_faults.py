"""The engine is interrupted, killed, started twice, given a wrong passphrase: the next `up` converges."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from runtimes.process import usual_ports
from tests.project import Project, free_offset, until

PRODUCTS = {"prometheus", "alertmanager", "loki", "jaeger", "collector", "node-exporter"}


@contextmanager
def a_project(folder: Path) -> Iterator[Project]:
    """Give a copy that has not been deployed yet; whatever is left running at the end is stopped."""
    project = Project.copy(folder)
    project.configure({"portOffset": free_offset()})
    try:
        yield project
    finally:
        project.run("cancel", "--yes", "--stack", project.stack, succeeds=None)
        project.destroy()
        assert running(project) == {}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A copy that has not been deployed yet."""
    with a_project(tmp_path) as project:
        yield project


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy that no test gets deployed."""
    with a_project(tmp_path_factory.mktemp("refused")) as project:
        yield project


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A deployed copy, for tests that leave it as they found it; the last one takes it down."""
    with a_project(tmp_path_factory.mktemp("deployed")) as project:
        project.up()
        yield project


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


def test_a_second_up_at_the_same_time_is_refused(deployed: Project) -> None:
    before, locks = running(deployed), deployed.path.parent / "state" / ".pulumi" / "locks"
    first = deployed.start("up", "--yes", "--skip-preview", "--stack", deployed.stack)
    until(lambda: list(locks.glob("**/*.json")), seconds=60, what="the first holds the lock")
    # However slow the machine is, the first is not to be ready before the second has asked.
    os.kill(first.pid, signal.SIGSTOP)
    try:
        second = deployed.run("up", "--yes", "--skip-preview", "--stack", deployed.stack, succeeds=False)
        unlocked = deployed.operations("unlock")
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert "the stack is currently locked by 1 lock(s)" in second
    assert unlocked.stdout == "", "a lock of a running engine was removed"
    output, _ = first.communicate(timeout=120)
    assert first.returncode == 0, output
    assert running(deployed) == before


def test_a_wrong_passphrase_changes_nothing(refused: Project) -> None:
    refused.run("config", "set", "--secret", "grafanaPassword", "a-long-password", "--stack", refused.stack)
    state = refused.path.parent / "state" / ".pulumi" / "stacks" / "observability" / f"{refused.stack}.json"
    before = state.read_bytes()
    output = refused.run(
        "up",
        "--yes",
        "--skip-preview",
        "--stack",
        refused.stack,
        succeeds=False,
        PULUMI_CONFIG_PASSPHRASE="wrong",
    )
    assert "incorrect passphrase" in output
    assert "Traceback" not in output
    assert state.read_bytes() == before
    assert running(refused) == {}


def test_a_killed_supervisor_is_seen_and_replaced(deployed: Project) -> None:
    before = running(deployed)
    supervisor = next(pid for pid, name in before.items() if name == "supervisor")
    psutil.Process(supervisor).kill()
    until(lambda: supervisor not in running(deployed), seconds=10, what="the supervisor is gone")
    assert "running" in deployed.preview("--diff")
    converged(deployed)
    assert not set(before) & set(running(deployed)), "a process of the dead supervisor was left behind"


def test_ports_that_are_taken_are_reported_with_their_owner_before_anything_starts(refused: Project) -> None:
    offset = free_offset()
    refused.configure({"portOffset": offset})
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", usual_ports()["loki-http"] + offset))
        foreign.listen()
        output = refused.run("up", "--yes", "--skip-preview", "--stack", refused.stack, succeeds=False)
    assert f"ports: {3100 + offset} (loki-http) is taken by pid {os.getpid()}" in output
    assert "Traceback" not in output
    assert running(refused) == {}


def test_a_data_directory_belongs_to_one_stack(deployed: Project) -> None:
    before = running(deployed)
    (deployed.path / "Pulumi.other.yaml").write_text(
        "config:\n  observability:target: process\n"
        f"  observability:dataDirectory: {deployed.directory}\n  observability:portOffset: {free_offset()}\n"
    )
    deployed.run("stack", "init", "other")
    output = deployed.run("up", "--yes", "--skip-preview", "--stack", "other", succeeds=False)
    assert "belongs to stack observability/local" in output
    deployed.run("destroy", "--yes", "--skip-preview", "--stack", "other")
    assert running(deployed) == before


def test_a_stack_whose_checkout_was_moved_can_be_taken_down(deployed: Project) -> None:
    before, moved = running(deployed), deployed.path.with_name("moved")
    deployed.path.rename(moved)
    path = deployed.environment["PATH"].replace(str(deployed.path), str(moved))
    deployed.path, deployed.environment = moved, {**deployed.environment, "PATH": path}
    deployed.destroy()
    assert [pid for pid in before if alive(pid)] == []
