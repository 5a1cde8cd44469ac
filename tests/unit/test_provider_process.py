"""The process resource on real processes: a small server of our own under the real supervisor."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from provider import process
from provider.errors import CancelledError, ProviderError
from provider.layout import Layout
from provider.ownership import MARK, marked
from provider.supervision import Supervisor
from provider.values import Secret
from provider.waiting import Cancellation

NAME = "server"
SECRET = "hunter2-canary-of-the-secret-file"

SERVER = """
import http.server, json, os, pathlib, signal, sys, time
config, state = pathlib.Path("config/main.json"), {"ok": 1, "at": time.time()}

def load(*_):
    text = config.read_text()
    state["ok"] = 0 if "refuse" in text else 1
    if state["ok"]:
        state["text"], state["at"] = text, time.time()
        print("loaded", flush=True)
    else:
        print("level=error msg=cannot load refuse", flush=True)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/metrics":
            body = f"app_last_reload_successful {state['ok']}\\n"
            body += f"app_last_reload_success_timestamp_seconds {state['at']}\\n"
        elif self.path == "/about":
            about = {"arguments": sys.argv[1:], "environment": dict(os.environ), "config": state["text"]}
            body = json.dumps(about)
        else:
            body = "ok"
        self.send_response(503 if "sick" in state["text"] and self.path == "/ready" else 200)
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_):
        pass

if "--crash" in sys.argv:
    print("secret is", pathlib.Path("secrets/token").read_text(), flush=True)
    sys.exit("cannot open the store: no such bucket")
load()
signal.signal(signal.SIGHUP, load)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
    return result


def has_ended(found: psutil.Process) -> bool:
    return not found.is_running() or found.status() == psutil.STATUS_ZOMBIE


class Stack:
    """One stack directory with helpers; `inputs` describe a healthy server."""

    def __init__(self, directory: Path, program: Path) -> None:
        self.directory, self.program, self.port = directory, program, free_port()

    def inputs(self, **changes: Any) -> dict[str, Any]:
        return {
            "name": NAME,
            "directory": str(self.directory),
            "program": str(self.program),
            "arguments": [str(self.port)],
            "files": {"main.json": "{}", "rules/a.yaml": "one"},
            "secretFiles": Secret({"token": SECRET}),
            "ports": {"http": self.port},
            "healthUrl": f"http://127.0.0.1:{self.port}/ready",
            "healthTimeoutSeconds": 20,
            **changes,
        }

    def reloading(self, **changes: Any) -> dict[str, Any]:
        check = {"url": f"http://127.0.0.1:{self.port}/metrics", "metric": "app_last_reload_successful"}
        return self.inputs(reloadFiles=["*.json"], reloadSignal="SIGHUP", reloadCheck=check, **changes)

    @property
    def layout(self) -> Layout:
        return Layout(self.directory, NAME)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.directory)

    def pid(self, name: str = NAME) -> int:
        state = self.supervisor.state(name)
        return state.pid if state and state.alive else 0

    def about(self) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/about", timeout=5) as response:
            return json.load(response)

    def supervisor_pid(self) -> int:
        return int((self.directory / "supervisor" / "supervisord.pid").read_text())


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "the server"
    path.write_text(f"#!{sys.executable}\n{SERVER}")
    path.chmod(0o755)
    return path


@pytest.fixture
def stack(tmp_path: Path, program: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "stack", program)
    yield stack
    for left in marked(stack.directory):
        left.kill()
    shutil.rmtree(stack.supervisor.runtime, ignore_errors=True)


def create(inputs: dict[str, Any]) -> None:
    process.create(inputs, Cancellation())


def update(inputs: dict[str, Any]) -> None:
    process.update(inputs, Cancellation())


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


def test_a_killed_process_is_started_again_and_its_data_is_there(stack: Stack) -> None:
    create(stack.inputs())
    (stack.layout.data / "kept").write_text("x")
    first = stack.pid()
    os.kill(first, signal.SIGKILL)
    second = until(lambda: (pid := stack.pid()) != first and pid)
    assert second != first
    assert (stack.layout.data / "kept").read_text() == "x"


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


def test_delete_after_the_supervisor_was_killed_stops_the_orphan(stack: Stack) -> None:
    create(stack.inputs())
    os.kill(stack.supervisor_pid(), signal.SIGKILL)
    process.delete(stack.inputs())
    assert marked(stack.directory) == []


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
