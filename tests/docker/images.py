"""Images under the stack's pinned names, made from the programs of this machine: no registry is asked.

Each has the program where the published image has it, and next to nothing else. Where this machine has no
such program, as for Grafana, a web server under its name reads its files and answers on its health path: that
proves how the product is wired, not the product. The summary of the tests names these.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import toolchain
import versions
from placement import PORTS
from tests.standin.docker_api import Docker
from versions import Image

_APPLETS = (
    "sh",
    "wget",
    "cp",
    "cd",
    "find",
    "rm",
    "chown",
    "chmod",
    "mkdir",
    "httpd",
    "cat",
    "ls",
    "stat",
    "nc",
)
_PAGES = """#!/bin/sh
# What it is told to read must be there and readable for its user, and its data must be its own.
for argument; do case $argument in --config=*) cat "${argument#--config=}" > /dev/null || exit 1;; esac; done
for secret in /run/secrets/PRODUCT/*; do [ ! -e "$secret" ] || cat "$secret" > /dev/null || exit 1; done
[ ! -d /var/lib/PRODUCT ] || : > /var/lib/PRODUCT/data || exit 1
mkdir -p "/tmp/pages$(dirname HEALTH)" && echo ok > /tmp/pagesHEALTH && : > /tmp/pages/metrics || exit 1
echo ok > /tmp/pages/healthz || exit 1
trap 'exit 0' TERM  # the first process of a container is not ended by signals that it does not expect
/bin/busybox httpd -f -p PORT -h /tmp/pages & wait
"""


@dataclass(frozen=True)
class Stub:
    """What answers under the name of a product whose program is missing."""

    product: str
    health: str
    """Path that it answers on."""

    @property
    def script(self) -> str:
        """The program."""
        port = next(port.number for port in PORTS[self.product] if port.name == "http")
        words = {"PRODUCT": self.product, "HEALTH": self.health, "PORT": str(port)}
        return reduce(lambda text, word: text.replace(*word), words.items(), _PAGES)


PROGRAMS: Mapping[Image, tuple[str, ...]] = {
    versions.PROMETHEUS: ("prometheus", "promtool"),
    versions.LOKI: ("loki",),
    versions.COLLECTOR: ("otelcol",),
    versions.ALERTMANAGER: ("alertmanager",),
    versions.JAEGER: ("jaeger",),
    versions.NODE_EXPORTER: ("node_exporter",),
    versions.BLACKBOX_EXPORTER: ("blackbox_exporter",),
    versions.CADVISOR: ("cadvisor",),
    versions.HAPROXY: ("haproxy",),
    versions.LOADER: (),
    versions.GRAFANA: ("grafana",),
}
"""Image → the programs in it; beside the first, the others are in the same folder."""
STUBS: Mapping[Image, Stub] = {
    versions.GRAFANA: Stub("grafana", "/api/health"),
    versions.CADVISOR: Stub("cadvisor", "/healthz"),
    versions.BLACKBOX_EXPORTER: Stub("blackbox-exporter", "/-/healthy"),
    versions.HAPROXY: Stub("engine-proxy", "/health"),
}
STOP_SIGNALS: Mapping[Image, str] = {versions.HAPROXY: "SIGUSR1"}
"""Where the published image wants another signal than SIGTERM."""
WITHOUT_A_SHELL = frozenset({versions.PROMETHEUS, versions.LOKI, versions.COLLECTOR})


def program(name: str) -> Path | None:
    """Return a program of the set-up, else one from PATH."""
    try:
        found = toolchain.find(name)
    except KeyError:
        found = None
    on_path = shutil.which(name)
    return found or (Path(on_path) if on_path else None)


def stubs() -> tuple[str, ...]:
    """Return the products for which a web server answers here."""
    return tuple(stub.product for image, stub in STUBS.items() if not program(PROGRAMS[image][0]))


def contents(image: Image) -> Mapping[str, Path | str]:
    """Return path in the image → the file of this machine, or the text, that is there."""
    files: dict[str, Path | str] = {}
    if image not in WITHOUT_A_SHELL:
        files["/bin/busybox"] = program("busybox") or _missing("busybox")
    programs = PROGRAMS.get(image, (image.program,))
    for name in programs:
        path = PurePosixPath(image.entrypoint[0])
        if found := program(name):
            own = path if name == programs[0] else path.with_name(name)
            files |= {str(own): found, **_libraries(found)}
        else:
            files[str(path)] = STUBS[image].script if image in STUBS else _missing(name)
    return files


def _missing(name: str) -> str:
    raise AssertionError(f"{name} is not installed; run: make setup (busybox on Debian: busybox-static)")


def _libraries(program: Path) -> Mapping[str, Path]:
    """Return the shared libraries of a program under their own paths; none for what is linked statically."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    words = [word for line in listed.stdout.splitlines() for word in line.split() if word.startswith("/")]
    return {word: Path(word) for word in words} if listed.returncode == 0 else {}


def make(engine: Docker) -> None:
    """Make every image of the stack that the engine does not have yet."""
    for image in PROGRAMS:
        name = f"{image.repository}:{image.tag}"
        if not engine.get("/images/json", filters=f'{{"reference": ["{name.removeprefix("docker.io/")}"]}}'):
            _import(engine, name, contents(image))
            if image in STOP_SIGNALS:
                dockerfile = f"FROM {name}\nSTOPSIGNAL {STOP_SIGNALS[image]}\n"
                context = archive({"Dockerfile": dockerfile})
                engine.request("POST", "/build", context, "application/x-tar", t=name)


def make_as(engine: Docker, image: Image, tag: str) -> None:
    """Make an image of the same program under another tag, as if there were a release of that number."""
    _import(engine, f"{image.repository}:{tag}", contents(image))


def _import(engine: Docker, name: str, files: Mapping[str, Path | str]) -> None:
    repository, _, tag = name.rpartition(":")
    where = {"fromSrc": "-", "repo": repository, "tag": tag}
    engine.request("POST", "/images/create", archive(files), "application/x-tar", **where)
    if engine.kind == "podman":  # which calls whatever is imported the latest
        engine.post(
            f"/images/{quote(f'{repository}:latest', safe='')}/tag", **{k: where[k] for k in ("repo", "tag")}
        )


def archive(files: Mapping[str, Path | str]) -> bytes:
    """Return these files as a layer of an image, with a folder for scratch files and a shell's commands."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        entry = tarfile.TarInfo("tmp")
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
        layer.addfile(entry)
        for path, source in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            content = source.encode() if isinstance(source, str) else source.resolve().read_bytes()
            entry.size, entry.mode = len(content), 0o755
            layer.addfile(entry, io.BytesIO(content))
        if "/bin/busybox" in files:
            for applet in _APPLETS:
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                layer.addfile(link)
    return buffer.getvalue()
