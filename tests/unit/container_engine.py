"""As much of a container engine's API as backups of volumes need, on a socket."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import serving


@dataclass
class Volume:
    """What a volume holds."""

    labels: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Engine:
    """What the engine has, and what it was asked."""

    host: str
    volumes: dict[str, Volume] = field(default_factory=dict)
    containers: dict[str, str] = field(default_factory=dict)
    """Container that was never started → the volume it has."""
    running: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refuses: str = ""

    def volume(self, name: str, product: str) -> Volume:
        labels = {"observability.stack": "local", "observability.service": product}
        return self.volumes.setdefault(name, Volume(labels))

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[str, bytes]:
        """Return what was done, and the body of the answer."""
        match (method, *path.strip("/").split("/")):
            case ("GET", "volumes"):
                found = [{"Name": name, "Labels": volume.labels} for name, volume in self.volumes.items()]
                return "list", json.dumps({"Volumes": found}).encode()
            case ("POST", "volumes", "create"):
                asked = json.loads(body)
                self.volumes.setdefault(asked["Name"], Volume(asked.get("Labels", {})))
                return "volume", b"{}"
            case ("DELETE", "volumes", name):
                del self.volumes[name]
                return "drop", b""
            case ("GET", "containers", "json"):
                (pattern,) = json.loads(query["filters"])["name"]
                found_names = [name for name in self.running if pattern == f"^/?{name}$"]
                return "running", json.dumps([{"Names": [name]} for name in found_names]).encode()
            case ("POST", "containers", "create"):
                (mount,) = json.loads(body)["HostConfig"]["Mounts"]
                self.containers[name := f"id{len(self.calls)}"] = mount["Source"]
                return "create", json.dumps({"Id": name}).encode()
            case ("DELETE", "containers", name):
                del self.containers[name]
                return "remove", b""
            case ("POST", "containers", name, ("pause" | "unpause") as action):
                assert name in self.running
                return action, b""
            case ("GET", "containers", name, "archive"):
                return "read", _tar(query["path"], self.volumes[self.containers[name]].files)
            case ("PUT", "containers", name, "archive"):
                self.volumes[self.containers[name]].files = _files(body)
                return "fill", b""
        raise AssertionError(f"the engine was asked {method} {path}")


def _tar(folder: str, files: dict[str, bytes]) -> bytes:
    content, top = io.BytesIO(), folder.strip("/")
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name in ["", *files]:
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size, info.type = len(files.get(name, b"")), tarfile.REGTYPE if name else tarfile.DIRTYPE
            tar.addfile(info, io.BytesIO(files.get(name, b"")))
    return content.getvalue()


def _files(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {info.name: file.read() for info in tar if (file := tar.extractfile(info))}


@contextmanager
def running_engine(folder: Path) -> Iterator[Engine]:
    """Serve an engine on a socket in ``folder``."""
    path = folder / "engine.sock"
    engine = Engine(f"unix://{path}")

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            address = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            body = self._body()
            call, content = engine.answer(self.command, address.path, query, body)
            engine.calls.append(call)
            refused = call == engine.refuses
            content = json.dumps({"message": "no such luck"}).encode() if refused else content
            self.send_response(404 if refused else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - called by these names

        def _body(self) -> bytes:
            if self.headers["Transfer-Encoding"] != "chunked":
                return self.rfile.read(int(self.headers["Content-Length"] or 0))
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            return b"".join(chunks)

        def address_string(self) -> str:
            return "a socket has no address"

        def log_message(self, *_: Any) -> None:
            pass

    with serving(ThreadingUnixStreamServer(str(path), Handler)):
        yield engine
