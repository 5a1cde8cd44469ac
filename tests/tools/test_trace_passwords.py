"""Passwords with odd characters reach queue and store as they are: heard at the other side of the login."""

from __future__ import annotations

import json
import socketserver
import struct
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import toolchain
from components import jaeger, jaeger_storage
from components.jaeger_storage import QUEUE_PASSWORD, STORE_PASSWORD
from placement import ContainerPlacement
from rendering import to_yaml
from settings.traces import TraceQueue, Traces
from tests.kubernetes.servers import free_ports
from tests.project import until
from tests.serving import serving

PLACEMENT = ContainerPlacement(homes={}, public_urls={})
PASSWORDS = (
    "simple", "a: b", "12345", "007", "true", "null", "#hash", '"quoted"', "'single'", "{a", "[1]", "*star",
    "pa$$word", "${HOME}", "$HOME", "end$", "back\\slash", "  spaces  ", "ümlaut", "!tag", "- item", "1e3",
    "~",
)  # fmt: skip
_API_VERSIONS, _HANDSHAKE, _AUTHENTICATE = 18, 17, 36
_UNSUPPORTED, _FAILED = 35, 58
_KNOWN = {_API_VERSIONS: 0, _HANDSHAKE: 1, _AUTHENTICATE: 0, 0: 3, 3: 1}
"""Key of a request in Kafka's protocol → newest version that the broker knows."""


class Login(socketserver.StreamRequestHandler):
    """A broker of Kafka that hears who somebody is, and lets nobody in."""

    heard: dict[str, str]

    def handle(self) -> None:
        while size := self.rfile.read(4):
            key, version, number, client = struct.unpack(">hhih", (request := self._read(size))[:10])
            body = request[10 + max(client, 0) :]
            self._answer(number, self._reply(key, version, body))

    def _read(self, size: bytes) -> bytes:
        return self.rfile.read(struct.unpack(">i", size)[0])

    def _answer(self, number: int, reply: bytes) -> None:
        self.wfile.write(struct.pack(">ii", len(reply) + 4, number) + reply)

    def _reply(self, key: int, version: int, body: bytes) -> bytes:
        if key == _API_VERSIONS:
            known = b"".join(struct.pack(">hhh", known, 0, newest) for known, newest in _KNOWN.items())
            return struct.pack(">hi", 0 if version == 0 else _UNSUPPORTED, len(_KNOWN)) + known
        if key == _HANDSHAKE:
            return struct.pack(">hih", 0, 1, 5) + b"PLAIN"
        assert key == _AUTHENTICATE, key
        _, user, password = body[4:].decode().split("\0")
        self.heard[user] = password
        return struct.pack(">hhi", _FAILED, -1, 0)


class Server(socketserver.ThreadingTCPServer):
    """Does not wait at its end for those who are still connected."""

    daemon_threads = True


@pytest.fixture
def heard() -> dict[str, str]:
    """Passwords by user, as they arrived."""
    return {}


@pytest.fixture
def broker(heard: dict[str, str]) -> Iterator[str]:
    """Address of the broker."""
    server = Server(("127.0.0.1", 0), type("Broker", (Login,), {"heard": heard}))
    with serving(server):
        yield f"127.0.0.1:{server.server_address[1]}"


@pytest.fixture
def store(heard: dict[str, str]) -> Iterator[str]:
    """Address of the store."""
    server = Server(("127.0.0.1", 0), type("Store", (Hello,), {"heard": heard}))
    with serving(server):
        yield f"127.0.0.1:{server.server_address[1]}"


class Hello(socketserver.StreamRequestHandler):
    """A ClickHouse that hears who somebody is, and hangs up."""

    heard: dict[str, str]

    def handle(self) -> None:
        assert self._number() == 0
        self._text()
        _version = [self._number() for _ in range(3)]
        _database, user, password = self._text(), self._text(), self._text()
        self.heard[user] = password

    def _number(self) -> int:
        (byte,) = self.rfile.read(1)
        return byte if byte < 0x80 else byte - 0x80 + (self._number() << 7)

    def _text(self) -> str:
        return self.rfile.read(self._number()).decode()


def configuration(broker: str, folder: Path, ports: list[int]) -> dict[str, Any]:
    """Return that of a Jaeger that fills one queue as several users, each with a password of its own."""
    exporters = {}
    for number, password in enumerate(PASSWORDS):
        queue = TraceQueue(brokers=(broker,), tls=False, username=f"user-{number}", mechanism="PLAIN")
        text = json.dumps(jaeger_storage.kafka(queue, jaeger.COLLECTOR, PLACEMENT))
        path = folder / f"password-{number}"
        login = jaeger_storage.login(password, username=queue.username, mechanism="PLAIN")
        path.write_text(login, encoding="utf-8")
        text = text.replace(PLACEMENT.secret(jaeger.COLLECTOR, QUEUE_PASSWORD), str(path))
        exporters[f"kafka/{number}"] = json.loads(text)
    http, metrics = ports
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{http}"}}}},
        "exporters": exporters,
        "service": {
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": [*exporters]}},
            "telemetry": {
                "metrics": {
                    "readers": [
                        {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": metrics}}}}
                    ]
                }
            },
        },
    }


def test_a_password_arrives_as_it_is(heard: dict[str, str], broker: str, tmp_path: Path) -> None:
    ports = free_ports(2)
    (tmp_path / "jaeger.yaml").write_text(to_yaml(configuration(broker, tmp_path, ports)))
    program = toolchain.find("jaeger")
    assert program, "jaeger is not installed; run: make setup"
    span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "login", "startTimeUnixNano": "1"}
    spans = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{ports[0]}/v1/traces", spans, {"Content-Type": "application/json"}
    )

    def all_have_logged_in() -> bool:
        if len(heard) < len(PASSWORDS):
            urllib.request.urlopen(request, timeout=2).close()  # takes its time: nobody is let in
        return len(heard) == len(PASSWORDS)

    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen([program, f"--config={tmp_path}/jaeger.yaml"], stdout=log, stderr=log)
        try:
            until(all_have_logged_in, seconds=30, what="every user has logged in")
        finally:
            running.kill()
            running.wait(10)
    assert heard == {f"user-{number}": password for number, password in enumerate(PASSWORDS)}


@pytest.mark.parametrize("password", ["a: b", "12345", "null", "{a", '"quoted"', "$HOME $$ ${HOME} # 'x' ü"])
def test_a_password_reaches_the_store_as_it_is(
    password: str, heard: dict[str, str], store: str, tmp_path: Path
) -> None:
    traces = Traces.model_validate({"store": {"kind": "clickhouse", "address": store, "tls": False}})
    path = tmp_path / "password"
    path.write_text(jaeger_storage.login(password, username="jaeger"), encoding="utf-8")
    text = to_yaml(jaeger.configuration({"traces": traces}, PLACEMENT))
    text = text.replace(PLACEMENT.secret(jaeger.NAME, STORE_PASSWORD), str(path))
    (tmp_path / "jaeger.yaml").write_text(text)
    program = toolchain.find("jaeger")
    assert program, "jaeger is not installed; run: make setup"
    command = [str(program), f"--config={tmp_path}/jaeger.yaml"]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as running:
        try:
            until(lambda: heard, seconds=30, what="the login at the store")
        finally:
            running.kill()
    assert heard == {"jaeger": password}
