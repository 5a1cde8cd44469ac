"""What the tests of the toolchain share: a served release, a stand-in for Go, a machine without programs."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import socket
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving import serving
from toolchain import installation, lookup
from toolchain.lookup import Installed
from toolchain.model import GoModule, Program, Release
from toolchain.progress import Progress

SCRIPT = b"#!/bin/sh\necho 'demo 1.2.3'\n"
CHECKOUT = Path(__file__).resolve().parents[2]

GO = """#!/bin/sh
# A stand-in for Go: it "downloads" a prepared module and "builds" a script.
echo "$GOWORK $CGO_ENABLED $*" >> {log}
case "$1 $2" in
"mod download") echo '{{"Dir": "{module}"}}' ;;
"mod edit") [ "$3" = -json ] && cat {module}/go.json; exit 0 ;;
"build -C")
  {during}
  for target; do
    case "$target" in */bin/) printf '%s' '{script}' > "$target/demo"; chmod +x "$target/demo" ;; esac
  done
esac
"""
REPLACEMENTS = """{"Replace": [
  {"Old": {"Path": "example.org/sdk"}, "New": {"Path": "../sdk"}},
  {"Old": {"Path": "example.org/fork"}, "New": {"Path": "example.org/forked", "Version": "v1.0.0"}}
]}"""


def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave nothing but a shell on PATH, and return the folder that comes first there."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder and give its URL."""
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
            pass

    handler = functools.partial(Quiet, directory=folder)
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def closed_address() -> str:
    """Return the URL of a port at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def demo(url: str, **release: object) -> Program:
    values: dict[str, object] = {"archives": (f"{url}/demo.tar.gz",), "checksums": f"{url}/sums", "strip": 1}
    return Program(
        "demo",
        "a program for tests",
        binaries=("demo",),
        at_least=(1, 0, 0),
        below=(2, 0, 0),
        release=Release("1.2.3", **(values | release)),  # type: ignore[arg-type]
        modules=(
            GoModule("example.org/demo", "v0.9.9", packages=("./cmd/demo",), version="1.2.3", tags="netgo"),
        ),
    )


def tarball(path: Path, files: dict[str, bytes]) -> str:
    """Write a .tar.gz and return its SHA-256 sum."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install(*programs: Program) -> tuple[list[Installed], str]:
    """Install and return what was found and what was shown."""
    shown = io.StringIO()
    found = installation.install_all(programs, Progress(shown))
    return found, shown.getvalue()


def fake_go(machine: Path, tmp_path: Path, during: str = "") -> Callable[[], list[str]]:
    """Put a Go on PATH; the result reads the commands that it was given."""
    module, log = tmp_path / "module", tmp_path / "go.log"
    module.mkdir(exist_ok=True)
    for name, text in {"go.mod": "module example.org/demo\n", "go.sum": "", "go.json": REPLACEMENTS}.items():
        (module / name).write_text(text)
    go = machine / "go"
    go.write_text(GO.format(log=log, module=module, script=SCRIPT.decode().replace("'", ""), during=during))
    go.chmod(0o755)
    return lambda: log.read_text().splitlines()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.01)


def leftovers() -> list[Path]:
    return list((lookup.cache_folder() / ".partial").glob("*"))
