"""The container engine on this machine: where it listens, and what it says before anything is made."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote

from settings import Settings
from targets import Target

SKIP = "OBSERVABILITY_SKIP_PREFLIGHT"
"""Environment variable: ``1`` where a preview must not look at this machine, as on a build server."""
_TIMEOUT_SECONDS = 1.5
_UNIX = "unix://"


class EngineError(Exception):
    """The engine cannot be asked; the message is the reason."""


def address(target: Target, settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """Return the engine's address: the stack file's, else the environment's, else the usual socket."""
    usual = [path.format(uid=os.getuid()) for path in target.engine_sockets]
    found = next((path for path in usual if Path(path).exists()), usual[0])
    return settings.docker.host or environment.get(target.engine_variable, "") or f"{_UNIX}{found}"


def ports_in_use(host: str, stack: str) -> frozenset[int]:
    """Return the ports of this machine that the stack's running containers publish.

    Raises `EngineError` when no engine answers. Only sockets are looked at: reaching an engine over SSH or
    TLS is left to the plugin, which has the keys.
    """
    if not host.startswith(_UNIX):
        return frozenset()
    wanted = quote(json.dumps({"label": [f"observability.stack={stack}"]}))
    containers = _get(host.removeprefix(_UNIX), f"/containers/json?filters={wanted}")
    return frozenset(
        port["PublicPort"] for container in containers for port in container["Ports"] if "PublicPort" in port
    )


def mount_propagation(host: str, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return how a container sees what is mounted on the machine after its start: ``rslave`` sees it.

    Engines refuse that where the root file system is not shared, as under WSL, in the virtual machines of
    desktop engines and without systemd; then a container knows the mounts of its start (``rprivate``).
    """
    if not host.startswith(_UNIX) or not mounts.exists():
        return "rprivate"
    # 22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
    root = [fields for line in mounts.read_text().splitlines() if (fields := line.split())[4] == "/"]
    shared = root and any(
        field.startswith(("shared:", "master:")) for field in root[-1][6 : root[-1].index("-")]
    )
    return "rslave" if shared else "rprivate"


def _get(path: str, resource: str) -> list[dict[str, list[dict[str, int]]]]:
    connection = _SocketConnection(path)
    try:
        connection.request("GET", resource)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise EngineError(f"it answers {answer.status}")
        containers: list[dict[str, list[dict[str, int]]]] = json.loads(body)
    except FileNotFoundError:
        raise EngineError("there is no such socket") from None
    except PermissionError:
        raise EngineError("you may not use it; join its group, or use a rootless engine") from None
    except (OSError, HTTPException, ValueError) as error:
        raise EngineError(str(error) or type(error).__name__) from None
    finally:
        connection.close()
    return containers


class _SocketConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
