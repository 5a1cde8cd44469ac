"""The container engine on this machine: where it listens, and what it says before anything is made."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from settings import Settings
from targets import Target

STACK_LABEL = "observability.stack"
"""Label of everything in an engine that belongs to a stack."""
SERVICE_LABEL = "observability.service"
"""Label that names the product something belongs to."""
VERSION_LABEL = "observability.version"
"""Label of a product's container: the tag of its image."""
_TIMEOUT_SECONDS = 1.5
_PATIENT_SECONDS = 60.0
_UNIX = "unix://"


class EngineError(Exception):
    """The engine cannot be asked; the message is the reason."""


def address(target: Target, settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """Return the engine's address: the stack file's, else the environment's, else the usual socket."""
    usual = [path.format(uid=os.getuid()) for path in target.engine_sockets]
    found = next((path for path in usual if Path(path).exists()), usual[0])
    return settings.docker.host or environment.get(target.engine_variable, "") or f"{_UNIX}{found}"


@dataclass(frozen=True)
class Publisher:
    """A running container that holds a port of the machine."""

    container: str
    """Its name."""
    stack: str
    """The stack it belongs to; empty for what is not ours."""


def published(host: str) -> Mapping[int, Publisher]:
    """Return which container of the engine publishes which port of this machine.

    Raises `EngineError` when no engine answers. Only sockets are looked at: reaching an engine over SSH or
    TLS is left to the plugin, which has the keys.
    """
    running = _get(host, "/containers/json") if host.startswith(_UNIX) else []
    return {
        int(binding["HostPort"]): Publisher(
            container["Names"][0].removeprefix("/"), (container.get("Labels") or {}).get(STACK_LABEL, "")
        )
        for container in running
        if any("PublicPort" in port for port in container["Ports"] or [])
        # Podman's list shows only the first of several ports in a row.
        for bindings in _get(host, f"/containers/{container['Id']}/json")["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    }


def version(host: str) -> str:
    """Return the engine's version, nothing where only sockets are asked. Raises `EngineError`."""
    return str(_get(host, "/version")["Version"]) if host.startswith(_UNIX) else ""


def references(host: str) -> frozenset[str]:
    """Return every name of the images that the engine has, by tag and by digest. Raises `EngineError`."""
    images = _get(host, "/images/json") if host.startswith(_UNIX) else []
    return frozenset(
        name
        for image in images
        for key in ("RepoTags", "RepoDigests")
        for name in image.get(key) or []  # an image that lost its name to another has none
    )


def data_folder(host: str) -> Path | None:
    """Return the folder of the engine's data; None where it is not on this machine. Raises `EngineError`."""
    folder = Path(_get(host, "/info")["DockerRootDir"]) if host.startswith(_UNIX) else None
    return folder if folder and folder.is_dir() else None


def networks(host: str) -> frozenset[str] | None:
    """Return the names of the engine's networks; None where it is not asked. Raises `EngineError`."""
    return frozenset(found["Name"] for found in _get(host, "/networks")) if host.startswith(_UNIX) else None


def volumes(host: str, stack: str) -> frozenset[str]:
    """Return the names of a stack's volumes. Raises `EngineError`."""
    found = _get(host, f"/volumes?{_labelled(stack)}")["Volumes"] if host.startswith(_UNIX) else []
    return frozenset(volume["Name"] for volume in found or [])


def deployed_versions(host: str, stack: str) -> Mapping[str, str]:
    """Return product → tag of the image that its container was made of. Raises `EngineError`."""
    found = _get(host, f"/containers/json?all=1&{_labelled(stack)}") if host.startswith(_UNIX) else []
    return {
        labels[SERVICE_LABEL]: labels[VERSION_LABEL]
        for container in found
        if VERSION_LABEL in (labels := container.get("Labels") or {})
    }


def _labelled(stack: str) -> str:
    return urlencode({"filters": json.dumps({"label": [f"{STACK_LABEL}={stack}"]})})


def refuses_root_mount(host: str) -> bool:
    """Whether the engine is known to refuse to show this machine's root folder to a container.

    Engines do where their root file system is not shared between mounts, as without systemd or under WSL.
    """
    if not host.startswith(_UNIX):
        return False
    for process in (_listener(host.removeprefix(_UNIX)), "self"):
        try:
            mounts = Path("/proc", process, "mountinfo").read_text()
        except OSError:  # another user's engine, or no Linux
            continue
        return not root_is_shared(mounts)
    return False


def root_is_shared(mounts: str) -> bool:
    """Whether a process with these mounts (its ``mountinfo``) has a root folder whose mounts others see."""
    # 22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
    roots = [fields for line in mounts.splitlines() if (fields := line.split())[4] == "/"]
    optional = roots[-1][6 : roots[-1].index("-")] if roots else []
    return any(field.startswith(("shared:", "master:")) for field in optional)


def _listener(path: str) -> str:
    """Return the id of the process that listens on a socket, which may have mounts of its own."""
    if not hasattr(socket, "SO_PEERCRED"):
        return "self"
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(_TIMEOUT_SECONDS)
        try:
            peer.connect(path)
            credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return "self"
    return str(struct.unpack("3i", credentials)[0])


@contextmanager
def call(
    host: str, method: str, resource: str, query: Mapping[str, str], body: bytes | IO[bytes] | None = None
) -> Iterator[HTTPResponse]:
    """Ask the engine for something that may take its time; yield its answer, whose body is still to be read.

    ``body`` is JSON, or an open archive. Raises `EngineError` with what the engine says where it refuses.
    """
    if not host.startswith(_UNIX):
        raise EngineError(f"only one that listens on a socket of this machine can be asked, not {host}")
    kind = "application/json" if isinstance(body, bytes) else "application/x-tar"
    connection = _SocketConnection(host.removeprefix(_UNIX), _PATIENT_SECONDS)
    with closing(connection):
        with _explained():
            headers = {"Content-Type": kind} if body else {}
            connection.request(method, f"{resource}?{urlencode(query)}", body, headers)
            answer = connection.getresponse()
            if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                said = answer.read().decode(errors="replace")
                raise EngineError(_message(said) or f"it answers {answer.status}")
        yield answer


def _message(said: str) -> str:
    try:
        return str(json.loads(said)["message"]).strip()
    except (ValueError, KeyError, TypeError):
        return ""


def _get(host: str, resource: str) -> Any:
    connection = _SocketConnection(host.removeprefix(_UNIX), _TIMEOUT_SECONDS)
    with _explained(), closing(connection):
        connection.request("GET", resource)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise EngineError(f"it answers {answer.status}")
        return json.loads(body)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise EngineError("there is no such socket") from None
    except PermissionError:
        raise EngineError("you may not use it; join its group, or use a rootless engine") from None
    except (OSError, HTTPException, ValueError) as error:
        raise EngineError(str(error) or type(error).__name__) from None


class _SocketConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
