"""Images under the stack's pinned names, made from the servers' programs on this machine: no registry is asked.

Each has the program where the published image has it, and next to nothing else. Grafana has no program that the
set-up installs; under its name a web server answers on its health path. That proves how Grafana is wired, not Grafana.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import toolchain
import versions
from tests.standin.docker_api import Docker
from versions import Image

_APPLETS = ("sh", "wget", "cp", "cd", "find", "rm", "chown", "chmod", "mkdir", "httpd", "cat", "ls", "stat", "nc")
_GRAFANA = """#!/bin/sh
# server --homepath=… --config=…: what it is told to read must be there, and readable for its user.
for argument; do case $argument in --config=*) cat "${argument#--config=}" > /dev/null || exit 1;; esac; done
cat /run/secrets/grafana/* > /dev/null || exit 1
mkdir -p /tmp/pages/api && echo '{"database": "ok"}' > /tmp/pages/api/health || exit 1
: > /tmp/pages/metrics; : > /tmp/pages/index.html
: > /var/lib/grafana/grafana.db || exit 1
exec /bin/busybox httpd -f -p 3000 -h /tmp/pages
"""


def program(name: str) -> Path:
    """Return a program of the set-up."""
    found = toolchain.find(name)
    assert found, f"{name} is not installed; run: make setup"
    return found


def busybox() -> Path:
    """Return a busybox that needs no library."""
    found = shutil.which("busybox")
    assert found, "there is no busybox on PATH (Debian: apt-get install busybox-static)"
    return Path(found)


def contents() -> Mapping[Image, Mapping[str, Path | str]]:
    """Return image → path in it → the file of this machine, or the text, that is there."""
    shell: Mapping[str, Path | str] = {"/bin/busybox": busybox()}
    only = {
        versions.PROMETHEUS: {"/bin/prometheus": program("prometheus"), "/bin/promtool": program("promtool")},
        versions.LOKI: {"/usr/bin/loki": program("loki")},
        versions.COLLECTOR: {"/otelcol-contrib": program("otelcol")},
    }
    with_a_shell = {
        versions.ALERTMANAGER: {"/bin/alertmanager": program("alertmanager")},
        versions.JAEGER: {"/cmd/jaeger/jaeger-linux": program("jaeger")},
        versions.NODE_EXPORTER: {"/bin/node_exporter": program("node_exporter")},
        versions.GRAFANA: {"/usr/share/grafana/bin/grafana": _GRAFANA},
        versions.LOADER: {},
    }
    return {**only, **{image: {**shell, **files} for image, files in with_a_shell.items()}}


def make(engine: Docker) -> None:
    """Make every image of the stack that the engine does not have yet."""
    for image, files in contents().items():
        name = f"{image.repository}:{image.tag}"
        if not engine.get("/images/json", filters=f'{{"reference": ["{name.removeprefix("docker.io/")}"]}}'):
            import_image(engine, name, files)


def import_image(engine: Docker, name: str, files: Mapping[str, Path | str], changes: Sequence[str] = ()) -> None:
    """Make an image of these files under a name, ``repository:tag``."""
    repository, _, tag = name.rpartition(":")
    archive = _archive(files)
    engine.request(
        "POST",
        "/images/create",
        archive,
        "application/x-tar",
        fromSrc="-",
        repo=repository,
        tag=tag,
        **({"changes": "\n".join(changes)} if changes else {}),
    )


def _archive(files: Mapping[str, Path | str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in ("tmp", "etc", "run", "run/secrets", "var", "var/lib", "host", "dev", "proc", "sys"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for path, source in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            content = source.encode() if isinstance(source, str) else source.read_bytes()
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
        if "/bin/busybox" in files:
            for applet in _APPLETS:
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
    return buffer.getvalue()
