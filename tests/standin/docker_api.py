"""Docker's own API over its Unix socket: what the tests and the stand-in ask an engine for."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

_VERSION = "/v1.40"
"""Of the API: what Docker 19.03 and later and Podman 4 and later all speak."""


class DockerError(Exception):
    """The engine refused; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Docker:
    """An engine behind a Unix socket."""

    path: str
    """The socket."""
    timeout: float = 300.0
    """Seconds that one answer may take."""

    @property
    def host(self) -> str:
        """The address as DOCKER_HOST has it."""
        return f"unix://{self.path}"

    def request(
        self, method: str, resource: str, body: bytes | None = None, kind: str = "", **query: str
    ) -> bytes:
        """Return the engine's answer; raise `DockerError` where it is an error."""
        connection = _Connection(self.path, self.timeout)
        try:
            address = f"{_VERSION}{resource}" + (f"?{urlencode(query)}" if query else "")
            connection.request(method, address, body, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise DockerError(answer.status, _message(content))
        return content

    @property
    def kind(self) -> str:
        """The target whose engine it is: ``docker``, or ``podman``, which speaks Docker's API as well."""
        components = self.get("/version").get("Components") or []
        return "podman" if any("Podman" in part["Name"] for part in components) else "docker"

    def get(self, resource: str, **query: str) -> Any:
        """Return an answer's JSON."""
        return json.loads(self.request("GET", resource, None, "", **query))

    def post(self, resource: str, body: object = None, **query: str) -> Any:
        """Send JSON; return the answer's, None where it is none: Podman says OK."""
        text = b"" if body is None else json.dumps(body).encode()
        answer = self.request("POST", resource, text, "application/json", **query)
        return json.loads(answer) if answer.startswith((b"{", b"[")) else None

    def delete(self, resource: str, **query: str) -> None:
        """Delete something; that it is gone already is no error."""
        try:
            self.request("DELETE", resource, None, "", **query)
        except DockerError as error:
            if error.status != 404:
                raise

    def containers(self, **labels: str) -> list[dict[str, Any]]:
        """Return all containers with these labels, ended ones included, as `inspect` shows them."""
        wanted = json.dumps({"label": [f"{key}={value}" for key, value in labels.items()]})
        found = self.get("/containers/json", all="1", filters=wanted)
        return [self.get(f"/containers/{container['Id']}/json") for container in found]

    def logs(self, container: str) -> str:
        """Return what a container without a terminal has printed."""
        frames = self.request("GET", f"/containers/{container}/logs", stdout="1", stderr="1")
        text, at = b"", 0
        while at + 8 <= len(frames):  # a frame: the stream's number, three zeros, the length, the bytes
            end = at + 8 + int.from_bytes(frames[at + 4 : at + 8], "big")
            text, at = text + frames[at + 8 : end], end
        return text.decode(errors="replace")


def _message(content: bytes) -> str:
    try:
        found: Mapping[str, Any] = json.loads(content)
        return str(found["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace")


class _Connection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
