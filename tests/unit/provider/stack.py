"""One stack's directory under the real supervisor, with a small server of our own in it."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from provider import process
from provider.layout import Layout
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


def create(inputs: dict[str, Any]) -> None:
    process.create(inputs, Cancellation())


def update(inputs: dict[str, Any]) -> None:
    process.update(inputs, Cancellation())
