"""The process resource on real processes: killed, edited, crashing, in the way of others."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from provider import process
from provider.errors import CancelledError, ProviderError
from provider.ownership import MARK, marked
from provider.waiting import Cancellation
from tests.unit.provider.stack import SECRET, Stack, create, has_ended, until, update


def test_a_killed_process_is_started_again_and_its_data_is_there(stack: Stack) -> None:
    create(stack.inputs())
    (stack.layout.data / "kept").write_text("x")
    first = stack.pid()
    os.kill(first, signal.SIGKILL)
    second = until(lambda: (pid := stack.pid()) != first and pid)
    assert second != first
    assert (stack.layout.data / "kept").read_text() == "x"


def test_a_killed_supervisor_shows_in_the_diff_and_update_converges_without_orphans(stack: Stack) -> None:
    create(stack.inputs())
    orphan, supervisor = psutil.Process(stack.pid()), psutil.Process(stack.supervisor_pid())
    supervisor.kill()
    until(lambda: has_ended(supervisor))
    assert list(process.diff(stack.inputs(), stack.inputs())) == ["running"]
    update(stack.inputs())
    assert has_ended(orphan)
    assert {found.pid for found in marked(stack.directory)} == {stack.pid(), stack.supervisor_pid()}
    assert process.diff(stack.inputs(), stack.inputs()) == {}


def test_a_supervisor_that_lost_its_socket_is_replaced(stack: Stack) -> None:
    create(stack.inputs())
    first = stack.supervisor_pid()
    stack.supervisor.socket.unlink()
    assert list(process.diff(stack.inputs(), stack.inputs())) == ["running"]
    update(stack.inputs())
    assert stack.supervisor_pid() != first
    assert {found.pid for found in marked(stack.directory)} == {stack.pid(), stack.supervisor_pid()}


def test_a_removed_directory_is_made_anew_and_the_old_processes_end(stack: Stack) -> None:
    create(stack.inputs())
    old = marked(stack.directory)
    shutil.rmtree(stack.directory)
    create(stack.inputs())
    assert all(has_ended(found) for found in old)
    assert {found.pid for found in marked(stack.directory)} == {stack.pid(), stack.supervisor_pid()}
    assert process.is_current(stack.inputs())


def test_an_edited_file_shows_in_the_diff_and_is_put_right(stack: Stack) -> None:
    create(stack.inputs())
    (stack.layout.config / "rules/a.yaml").write_text("by hand")
    (stack.layout.config / "extra.yaml").write_text("by hand")
    assert list(process.diff(stack.inputs(), stack.inputs())) == ["running"]
    update(stack.inputs())
    assert (stack.layout.config / "rules/a.yaml").read_text() == "one"
    assert not (stack.layout.config / "extra.yaml").exists()
    assert process.diff(stack.inputs(), stack.inputs()) == {}


def test_create_takes_over_what_a_killed_one_left(stack: Stack) -> None:
    create(stack.inputs())
    pid = stack.pid()
    create(stack.inputs())
    assert stack.pid() == pid
    # Killed between writing the files and noting that the process has loaded them.
    stack.layout.applied.unlink()
    create(stack.inputs())
    assert stack.pid() != pid
    assert {found.pid for found in marked(stack.directory)} == {stack.pid(), stack.supervisor_pid()}


def test_delete_after_the_supervisor_was_killed_stops_the_orphan(stack: Stack) -> None:
    create(stack.inputs())
    os.kill(stack.supervisor_pid(), signal.SIGKILL)
    process.delete(stack.inputs())
    assert marked(stack.directory) == []


def test_a_foreign_process_is_never_touched(stack: Stack, tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    strangers = [
        subprocess.Popen(sleep),
        subprocess.Popen(sleep, env={**os.environ, MARK: str(tmp_path / "another stack")}),
    ]
    try:
        create(stack.inputs())
        os.kill(stack.supervisor_pid(), signal.SIGKILL)
        update(stack.inputs())
        process.delete(stack.inputs())
        assert [stranger.poll() for stranger in strangers] == [None, None]
    finally:
        for stranger in strangers:
            stranger.kill()
            stranger.wait()


def test_a_reused_process_id_in_the_pid_file_does_no_harm(stack: Stack) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        create(stack.inputs())
        os.kill(stack.supervisor_pid(), signal.SIGKILL)
        (stack.directory / "supervisor" / "supervisord.pid").write_text(str(stranger.pid))
        process.delete(stack.inputs())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_crashing_program_fails_with_its_log_and_leaves_nothing(stack: Stack) -> None:
    with pytest.raises(ProviderError) as failure:
        create(stack.inputs(arguments=[str(stack.port), "--crash"]))
    text = str(failure.value)
    assert "cannot open the store: no such bucket" in text
    assert str(stack.layout.log) in text
    assert "pulumi up" in text
    assert SECRET not in text
    assert "[secret]" in text
    assert marked(stack.directory) == []
    assert not stack.layout.secrets.exists()


def test_a_sick_process_fails_with_the_answer_seen(stack: Stack) -> None:
    sick = stack.inputs(files={"main.json": "sick"}, healthTimeoutSeconds=1)
    with pytest.raises(ProviderError, match=r"did not become healthy within 1 s: .*/ready answered 503"):
        create(sick)
    assert marked(stack.directory) == []


def test_a_failed_update_stops_the_process_and_the_next_one_repairs_it(stack: Stack) -> None:
    create(stack.inputs())
    with pytest.raises(ProviderError, match="no such bucket"):
        update(stack.inputs(arguments=[str(stack.port), "--crash"]))
    assert stack.pid() == 0
    assert "running" in process.diff(stack.inputs(), stack.inputs())
    update(stack.inputs())
    assert stack.about()["config"] == "{}"


@pytest.mark.parametrize("operation", [process.preview, create])
def test_a_taken_port_names_its_owner(stack: Stack, operation: Callable[[dict[str, Any]], None]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stack.port))
        taken.listen()
        with pytest.raises(
            ProviderError, match=rf"port {stack.port} \(http\) is taken by pid {os.getpid()}, "
        ):
            operation(stack.inputs())
    assert marked(stack.directory) == []


def test_a_preview_accepts_ports_of_the_stack_itself(stack: Stack) -> None:
    create(stack.inputs())
    process.preview(stack.inputs())


def test_a_missing_program_is_named(stack: Stack) -> None:
    with pytest.raises(ProviderError, match="/nowhere/server is not a program"):
        process.preview(stack.inputs(program="/nowhere/server"))


def test_cancelling_ends_the_wait_and_leaves_nothing(stack: Stack) -> None:
    cancellation = Cancellation()
    inputs = stack.inputs(files={"main.json": "sick"}, healthTimeoutSeconds=600)
    with ThreadPoolExecutor() as pool:
        creating = pool.submit(process.create, inputs, cancellation)
        until(stack.pid)
        cancellation.cancel()
        with pytest.raises(CancelledError):
            creating.result(timeout=30)
    assert marked(stack.directory) == []
