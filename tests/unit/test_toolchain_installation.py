"""What comes after the release: builds, atomicity, the lock, progress and messages."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.toolchain_machine import (
    CHECKOUT,
    bare_machine,
    closed_address,
    demo,
    fake_go,
    install,
    leftovers,
    served,
    until,
)
from toolchain import installation, lookup
from toolchain.errors import ToolchainError
from toolchain.progress import Progress, elapsed


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but a shell; the folder is the first one on PATH."""
    return bare_machine(tmp_path, monkeypatch)


@pytest.fixture
def closed() -> str:
    """An address at which nothing listens."""
    return closed_address()


def test_a_missing_release_is_built(machine: Path, tmp_path: Path) -> None:
    commands = fake_go(machine, tmp_path)
    with served(tmp_path / "site") as url:
        [found], shown = install(demo(url))
    assert (found.version, found.origin) == ("1.2.3", "Go module")
    assert "/sums answers 404" in shown
    assert commands()[0] == "off 0 mod download -json example.org/demo@v0.9.9"
    build = commands()[-1]
    assert build.startswith(f"off 0 build -C {tmp_path}/module -modfile=")
    assert "-mod=mod -trimpath -tags=netgo" in build
    assert build.endswith("/bin/ ./cmd/demo")
    assert [line.split("=")[1].split()[0] for line in commands() if "-dropreplace" in line] == [
        "example.org/sdk"
    ]


def test_unreachable_hosts_are_asked_once(closed: str, machine: Path, tmp_path: Path) -> None:
    fake_go(machine, tmp_path)
    first = demo(closed)
    found, shown = install(first, replace(first, name="second"))
    assert [item.origin for item in found] == ["Go module", "Go module"]
    assert shown.count("cannot be reached") == 1
    assert shown.count("downloading") == 1
    assert (lookup.cache_folder() / installation.OFFLINE).exists()


def test_what_cannot_be_had_says_what_was_tried_and_what_to_do(closed: str, machine: Path) -> None:
    old = machine / "demo"
    old.write_text("#!/bin/sh\necho demo 0.1.0\n")
    old.chmod(0o755)
    with pytest.raises(ToolchainError) as caught:
        install(demo(closed), replace(demo(closed), name="second"))
    message = str(caught.value)
    assert f"PATH: {old} is 0.1.0, but >=1.0.0,<2.0.0 is needed" in message
    assert f"release: {closed}/sums cannot be reached" in message
    assert "Go module: `go` is not on PATH" in message
    assert message.count("cannot be had") == 2, "each program that is missing is named"
    assert message.count("install Go") == 1, "what to do is said once"


def test_a_failed_build_shows_what_go_said_and_leaves_nothing(
    closed: str, machine: Path, tmp_path: Path
) -> None:
    fake_go(machine, tmp_path, during="echo 'main.go:3: undefined: x' >&2; exit 1")
    program = demo(closed)
    with pytest.raises(ToolchainError, match=r"main\.go:3: undefined: x"):
        install(program)
    assert lookup.installed(program) is None
    assert leftovers() == []


def test_an_optional_program_is_left_out(closed: str) -> None:
    found, shown = install(replace(demo(closed), optional=True, modules=()))
    assert found == []
    assert "demo is left out, and the stack runs without it" in shown
    assert not (lookup.cache_folder() / installation.OFFLINE).exists(), (
        "it says nothing about the other hosts"
    )


def test_an_optional_program_is_not_waited_for_every_time(closed: str) -> None:
    lookup.replace_file(lookup.cache_folder() / installation.OFFLINE, "unreachable\n")
    program = replace(demo(closed), modules=())
    _, shown = install(replace(program, optional=True))
    assert "downloading" not in shown
    with pytest.raises(ToolchainError, match="cannot be reached"):
        install(replace(program, optional=True), program)
    os.utime(lookup.cache_folder() / installation.OFFLINE, (1, 1))
    _, shown = install(replace(program, optional=True))
    assert "downloading" in shown, "after a day it is tried again"


def test_a_killed_set_up_leaves_nothing_that_counts(closed: str, machine: Path, tmp_path: Path) -> None:
    program, begun = demo(closed), tmp_path / "begun"
    fake_go(machine, tmp_path, during=f"echo $$ > {begun}; exec sleep 60")
    code = (
        "import sys; from tests.unit.toolchain_machine import *; "
        f"p = demo({closed!r})\nwith installation.only_one_setup(Progress(sys.stdout)): install(p)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, start_new_session=True)
    try:
        until(lambda: begun.exists() and begun.read_text().strip() != "")
        assert leftovers() != []
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert lookup.installed(program) is None
    fake_go(machine, tmp_path)
    with installation.only_one_setup(Progress(io.StringIO())):
        assert leftovers() == [], "the next set-up clears what the killed one left"
        [found], _ = install(program)
    assert found.origin == "Go module"


def test_a_second_set_up_waits_for_the_first() -> None:
    shown, entered = io.StringIO(), threading.Event()

    def second() -> None:
        with installation.only_one_setup(Progress(shown)):
            entered.set()

    with installation.only_one_setup(Progress(io.StringIO())):
        thread = threading.Thread(target=second)
        thread.start()
        until(lambda: f"Another set-up (process {os.getpid()}) is at work" in shown.getvalue())
        assert not entered.is_set()
    thread.join(20)
    assert entered.is_set()


def test_the_lock_is_free_afterwards() -> None:
    with installation.only_one_setup(Progress(io.StringIO())):
        pass
    with (lookup.cache_folder() / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_long_step_says_that_it_goes_on() -> None:
    shown = io.StringIO()
    with Progress(shown, heartbeat=0.01).step("building demo"):
        until(lambda: shown.getvalue().count("building demo… 0.") >= 2)


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (192, "3m12s")])
def test_durations_are_shown_as_people_write_them(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text
