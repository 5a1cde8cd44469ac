"""The process resource on real processes: made, changed and deleted."""

from __future__ import annotations

import json
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from provider import process
from provider.errors import ProviderError
from provider.ownership import MARK, marked
from provider.values import Secret
from tests.unit.provider.stack import SECRET, Stack, create, free_port, until, update


def test_create_runs_a_healthy_process_that_is_marked_detached_and_current(stack: Stack) -> None:
    create(stack.inputs())
    about = stack.about()
    assert about["environment"][MARK] == os.path.realpath(stack.directory)
    supervisor = psutil.Process(stack.supervisor_pid())
    assert os.getsid(supervisor.pid) != os.getsid(0)
    assert supervisor.ppid() != os.getpid()
    assert process.is_current(stack.inputs())
    assert process.diff(stack.inputs(), stack.inputs()) == {}
    assert stack.layout.data.stat().st_mode & 0o777 == 0o700
    assert "loaded" in stack.layout.log.read_text()


def test_the_environment_is_clean(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "canary-passphrase")
    monkeypatch.setenv("SOME_TOKEN", "canary-token")
    create(stack.inputs(environment={"COLOUR": "blue 100% 'x' $HOME"}))
    environment = stack.about()["environment"]
    assert environment["COLOUR"] == "blue 100% 'x' $HOME"
    assert not [key for key in environment if key.startswith(("PULUMI_", "SOME_"))]
    supervisor = psutil.Process(stack.supervisor_pid()).environ()
    assert "canary" not in json.dumps(supervisor)


@pytest.mark.parametrize("folder", ["stack", "a b; 100% [x] #1 %(here)s 'q'", "/".join(["long" * 20] * 3)])
def test_any_directory_and_any_argument(tmp_path: Path, program: Path, folder: str) -> None:
    stack = Stack(tmp_path / folder, program)
    arguments = [
        "two words",
        "100%",
        "%(here)s",
        "it's",
        '"quoted"',
        "a ;b #c",
        "line\nbreak",
        "$HOME `id`",
        "",
    ]
    try:
        create(stack.inputs(arguments=[str(stack.port), *arguments]))
        assert stack.about()["arguments"][1:] == arguments
    finally:
        process.delete(stack.inputs())
    assert marked(stack.directory) == []


def test_secrets_are_in_private_files_only(stack: Stack) -> None:
    create(stack.inputs())
    token = stack.layout.secrets / "token"
    assert token.read_text() == SECRET
    assert token.stat().st_mode & 0o777 == 0o600
    assert stack.layout.secrets.stat().st_mode & 0o777 == 0o700
    for running in marked(stack.directory):
        assert SECRET not in " ".join(running.cmdline())
        assert SECRET not in json.dumps(running.environ())
    others = [path for path in stack.directory.rglob("*") if path.is_file() and path != token]
    assert [path for path in others if SECRET.encode() in path.read_bytes()] == []
    assert len(others) > 5


def test_a_change_of_a_reloadable_file_keeps_the_process(stack: Stack) -> None:
    create(stack.reloading())
    pid = stack.pid()
    update(stack.reloading(files={"main.json": '{"new": 1}', "rules/a.yaml": "one"}))
    assert stack.pid() == pid
    assert stack.about()["config"] == '{"new": 1}'
    assert process.is_current(stack.reloading(files={"main.json": '{"new": 1}', "rules/a.yaml": "one"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"main.json": "{}", "rules/a.yaml": "two"}},
        {"files": {"main.json": "{}"}},
        {"secretFiles": Secret({"token": "another"})},
        {"environment": {"COLOUR": "red"}},
        {"version": "2"},
        {"stopTimeoutSeconds": 9},
    ],
)
def test_any_other_change_restarts_the_process(stack: Stack, changes: dict[str, Any]) -> None:
    create(stack.reloading())
    pid = stack.pid()
    new = stack.reloading(**changes)
    update(new)
    assert stack.pid() != pid
    assert process.is_current(new)
    assert (stack.layout.config / "rules/a.yaml").exists() == ("rules/a.yaml" in new["files"])


def test_a_change_that_does_not_concern_the_process_leaves_it_alone(stack: Stack) -> None:
    create(stack.inputs())
    pid = stack.pid()
    update(stack.inputs(healthTimeoutSeconds=21, deleteData=True))
    assert stack.pid() == pid


def test_only_the_changed_process_restarts(stack: Stack) -> None:
    other = {
        **stack.inputs(),
        "name": "other",
        "arguments": [str(port := free_port())],
        "ports": {"http": port},
    }
    other["healthUrl"] = f"http://127.0.0.1:{port}/ready"
    create(stack.inputs())
    create(other)
    pid = stack.pid("other")
    update(stack.inputs(version="2"))
    assert stack.pid("other") == pid


def test_a_refused_reload_puts_the_old_files_back_and_names_the_reason(stack: Stack) -> None:
    create(stack.reloading())
    pid = stack.pid()
    with pytest.raises(
        ProviderError, match=r"refused its new configuration.*\n.*level=error msg=cannot load refuse"
    ):
        update(stack.reloading(files={"main.json": "refuse", "rules/a.yaml": "one"}))
    assert stack.pid() == pid
    assert (stack.layout.config / "main.json").read_text() == "{}"
    assert process.is_current(stack.reloading())
    update(stack.reloading(files={"main.json": "{ }", "rules/a.yaml": "one"}))
    assert stack.about()["config"] == "{ }"


def test_delete_stops_everything_and_keeps_data_and_log(stack: Stack) -> None:
    create(stack.inputs())
    (stack.layout.data / "kept").write_text("x")
    process.delete(stack.inputs())
    assert marked(stack.directory) == []
    assert (stack.layout.data / "kept").read_text() == "x"
    assert stack.layout.log.exists()
    assert not stack.layout.config.exists()
    assert not stack.layout.secrets.exists()
    assert not stack.supervisor.runtime.exists()
    process.delete(stack.inputs())  # already gone


def test_delete_removes_data_when_asked(stack: Stack) -> None:
    create(stack.inputs(deleteData=True))
    process.delete(stack.inputs(deleteData=True))
    assert not stack.layout.home.exists()


def test_the_supervisor_ends_with_the_last_program_only(stack: Stack) -> None:
    port = free_port()
    other = {**stack.inputs(), "name": "other", "arguments": [str(port)], "ports": {"http": port}}
    other["healthUrl"] = f"http://127.0.0.1:{port}/ready"
    create(stack.inputs())
    create(other)
    pid = stack.pid("other")
    process.delete(stack.inputs())
    assert stack.pid("other") == pid
    process.delete(other)
    assert marked(stack.directory) == []


def test_processes_start_side_by_side(stack: Stack) -> None:
    """Neither is healthy before the other one has been started."""
    barrier = threading.Barrier(3, timeout=20)

    def answer() -> int:
        port = free_port()
        listener = socket.create_server(("127.0.0.1", port))

        def serve() -> None:
            connection, _ = listener.accept()
            barrier.wait()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.close()
            listener.close()

        threading.Thread(target=serve, daemon=True).start()
        return port

    def inputs(name: str) -> dict[str, Any]:
        port = free_port()
        health = f"http://127.0.0.1:{answer()}/"
        return {
            **stack.inputs(),
            "name": name,
            "arguments": [str(port)],
            "ports": {"http": port},
            "healthUrl": health,
        }

    with ThreadPoolExecutor() as pool:
        # Each health request is answered only once all three are being asked.
        list(pool.map(create, [inputs(name) for name in ("one", "two", "three")]))
    assert all(stack.pid(name) for name in ("one", "two", "three"))
    # A process that has been forked just now does not carry the mark yet.
    until(lambda: len({found.pid for found in marked(stack.directory)}) == 4, seconds=20)
