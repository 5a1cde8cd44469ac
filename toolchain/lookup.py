"""Find programs that are there already: on PATH in an accepted version, else in the cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from toolchain.model import GoModule, Program, Version

PACKAGE = Path(__file__).resolve().parent
"""This package's folder."""
CHECKOUT = PACKAGE.parent
"""The folder that contains the Pulumi program."""

_VERSION = re.compile(r"(?<![\d.])(\d+)\.(\d+)\.(\d+)(?!\.?\d)")
_PROBE_SECONDS = 15


@dataclass(frozen=True)
class Installed:
    """A program that can be started."""

    program: Program
    version: str
    """For example "3.13.1"."""
    origin: str
    """PATH, release or Go module."""
    folder: Path
    """The folder with its executables."""


def cache_folder() -> Path:
    """Return the folder that keeps downloaded and built programs, by name and version."""
    default = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or default) / "observability"


def parse_version(text: str) -> Version | None:
    """Return the first version in what a program printed: "loki, version 3.7.6 (branch…" gives (3, 7, 6)."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def show_version(version: Version) -> str:
    """Return a version as people write it."""
    return ".".join(str(part) for part in version)


def accepts(program: Program, version: Version) -> bool:
    """Say whether this version of the program will do."""
    return program.at_least <= version < program.below


def probe(program: Program, executable: Path) -> Version | None:
    """Run the executable and return the version that it prints; None when there is none."""
    try:
        done = subprocess.run(
            [executable, *program.version_arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(done.stdout) or parse_version(done.stderr)


def _remembered_probe(program: Program, executable: Path) -> Version | None:
    """Do what `probe` does, but start each executable only once as long as it does not change."""
    memory = cache_folder() / "probes.json"
    status = executable.stat()
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        known = {}
    fingerprint = [status.st_mtime_ns, status.st_size]
    found = known.get(str(executable))
    if found and found[:2] == fingerprint:
        return parse_version(found[2])
    version = probe(program, executable)
    known[str(executable)] = [*fingerprint, show_version(version) if version else ""]
    with contextlib.suppress(OSError):  # it only saves time
        replace_file(memory, json.dumps(known, indent=1))
    return version


def replace_file(path: Path, text: str) -> None:
    """Write a file so that a reader sees either the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(text)
    partial.replace(path)


def recipe(modules: tuple[GoModule, ...]) -> str:
    """Return a short fingerprint of everything that decides what a build gives."""
    digest = hashlib.sha256(repr(modules).encode())
    for module in modules:
        if module.folder:
            for source in sorted((PACKAGE / module.folder).rglob("*")):
                if source.is_file():
                    digest.update(source.read_bytes())
    return digest.hexdigest()[:8]


def release_folder(program: Program) -> Path:
    """Return where the pinned release of a program is kept."""
    return cache_folder() / program.name / program.release.version


def build_folder(program: Program) -> Path:
    """Return where what was built from the pinned modules of a program is kept."""
    return cache_folder() / program.name / f"{program.modules[0].version}-{recipe(program.modules)}"


def on_path(program: Program) -> Installed | None:
    """Return the program from PATH: all its executables in one folder, in an accepted version."""
    executable = path_candidate(program)
    if executable is None or not _complete(program, executable.parent):
        return None
    version = _remembered_probe(program, executable)
    if version is None or not accepts(program, version):
        return None
    return Installed(program, show_version(version), "PATH", executable.parent)


def path_candidate(program: Program) -> Path | None:
    """Return the first executable of this name on PATH, whatever its version; the cache does not count."""
    cache = str(cache_folder())
    folders = [folder for folder in os.get_exec_path() if not folder.startswith(cache)]
    found = shutil.which(program.binaries[0], path=os.pathsep.join(folders))
    return Path(found) if found else None


def cached(program: Program) -> Installed | None:
    """Return the pinned release, or else what was built from the pinned modules, from the cache folder."""
    places = [(release_folder(program), program.release.version, "release")]
    if program.modules:
        places.append((build_folder(program), program.modules[0].version, "Go module"))
    for folder, version, origin in places:
        if _complete(program, folder / "bin"):
            return Installed(program, version, origin, folder / "bin")
    return None


def _complete(program: Program, folder: Path) -> bool:
    return all(os.access(folder / binary, os.X_OK) for binary in program.binaries)


def installed(program: Program) -> Installed | None:
    """Return where the program is; None when it has to be installed first."""
    return on_path(program) or cached(program)


def executable(program: Program, name: str) -> Path | None:
    """Return the path of one of a program's executables; the program's own name means the first one."""
    found = installed(program)
    if found is None:
        return None
    return found.folder / (name if name in program.binaries else program.binaries[0])
