"""Install what is missing into the cache folder: the official release, else a build from Go modules."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolchain import gomodule, lookup, release
from toolchain.errors import SourceError, ToolchainError, UnreachableError
from toolchain.lookup import Installed
from toolchain.model import Program
from toolchain.progress import Progress, elapsed

OFFLINE = "releases-unreachable"
"""The file in the cache folder that says why the release hosts could not be reached at the last attempt."""
_ADVICE = """Do one of these and run it again:
  - install Go 1.26 or newer (https://go.dev/dl), which builds what cannot be downloaded;
  - set HTTPS_PROXY so that the releases can be reached;
  - put the programs in these versions on PATH."""
_DAY_SECONDS = 24 * 60 * 60


@dataclass
class Hosts:
    """What one set-up has learnt about the hosts of the releases."""

    unreachable: bool = False
    """Whether the first release could not be asked for; the others are then not tried."""


def install_all(programs: Sequence[Program], progress: Progress) -> list[Installed]:
    """Find or install every program; raise ToolchainError with one message for each that cannot be had.

    The caller holds `only_one_setup`.
    """
    found: list[Installed] = []
    failures: list[str] = []
    hosts = Hosts()
    for program in programs:
        present = lookup.installed(program)
        if present is None:
            try:
                present = _install(program, progress, hosts)
            except ToolchainError as error:
                if program.optional:
                    progress.line(f"{program.name} is left out, and the stack runs without it")
                else:
                    failures.append(str(error))
                continue
        elif present.origin == "Go module":
            gomodule.update_scripts(program, present.folder)
        found.append(present)
    if failures:
        raise ToolchainError("\n".join([*failures, _ADVICE]))
    return found


def _install(program: Program, progress: Progress, hosts: Hosts) -> Installed:
    tried = [f"PATH: {_seen_on_path(program)}"]
    begin = time.monotonic()
    try:
        result = _from_release(program, progress, hosts)
    except SourceError as error:
        tried.append(f"release: {error}")
        try:
            result = _from_modules(program, progress)
        except SourceError as build_error:
            tried.append(f"Go module: {build_error}")
            raise ToolchainError(_cannot_be_had(program, tried)) from None
    progress.line(
        f"{program.name} {result.version} is ready ({result.origin}, {elapsed(time.monotonic() - begin)})"
    )
    return result


def _from_release(program: Program, progress: Progress, hosts: Hosts) -> Installed:
    if not program.release.archives:
        raise SourceError("there is none")
    note = lookup.cache_folder() / OFFLINE
    # What the stack runs without is not worth waiting for at every set-up.
    if hosts.unreachable or (program.optional and _younger_than_a_day(note)):
        raise SourceError("not tried, because the hosts of releases cannot be reached")
    folder = lookup.release_folder(program)
    try:
        _make(
            program,
            folder,
            release.download,
            progress,
            f"downloading {program.name} {program.release.version}",
        )
    except UnreachableError as error:
        if not program.optional:
            hosts.unreachable = True
            lookup.replace_file(note, f"{error}\n")
        progress.line(f"  {error}")
        raise
    except SourceError as error:
        progress.line(f"  {error}")
        raise
    note.unlink(missing_ok=True)
    return Installed(program, program.release.version, "release", folder / "bin")


def _younger_than_a_day(file: Path) -> bool:
    return file.exists() and time.time() - file.stat().st_mtime < _DAY_SECONDS


def _from_modules(program: Program, progress: Progress) -> Installed:
    if not program.modules:
        raise SourceError("there is none")
    if shutil.which("go") is None:
        raise SourceError("`go` is not on PATH")
    folder, version = lookup.build_folder(program), program.modules[0].version
    _make(program, folder, gomodule.build, progress, f"building {program.name} {version}")
    return Installed(program, version, "Go module", folder / "bin")


def _make(
    program: Program, folder: Path, fill: Callable[[Program, Path], None], progress: Progress, doing: str
) -> None:
    """Fill a temporary folder and rename it, so that `folder` is either complete or not there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=_partial_folder()))
    partial.chmod(0o755)
    try:
        with progress.step(doing):
            (partial / "bin").mkdir()
            fill(program, partial)
            _check(program, partial / "bin")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        raise SourceError(f"{error.strerror or error}: {error.filename or folder}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check(program: Program, folder: Path) -> None:
    """Refuse what does not run here, or is not what its pin says."""
    for binary in program.binaries:
        if not (folder / binary).is_file():
            raise SourceError(f"{binary} is missing in what was downloaded or built")
    version = lookup.probe(program, folder / program.binaries[0])
    if version is None or not lookup.accepts(program, version):
        printed = lookup.show_version(version) if version else "no version"
        raise SourceError(f"`{program.binaries[0]} {' '.join(program.version_arguments)}` gives {printed}")


def _partial_folder() -> Path:
    folder = lookup.cache_folder() / ".partial"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def only_one_setup(progress: Progress) -> Iterator[None]:
    """Hold the cache folder's lock; the system releases it when the process ends, however that happens."""
    cache = lookup.cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / ".lock").open("a+")
    except OSError as error:
        raise ToolchainError(
            f"The cache folder {cache} cannot be written ({error.strerror}).\n"
            "  Set XDG_CACHE_HOME to a folder that can."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            progress.line(
                f"Another set-up (process {lock.read().strip() or 'unknown'}) is at work; waiting for it."
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        # What an interrupted set-up left: nobody else is at work now.
        shutil.rmtree(cache / ".partial", ignore_errors=True)
        yield


def accepted(program: Program) -> str:
    """Return the accepted versions as people write them."""
    return f">={lookup.show_version(program.at_least)},<{lookup.show_version(program.below)}"


def _seen_on_path(program: Program) -> str:
    candidate = lookup.path_candidate(program)
    if candidate is None:
        return f"no `{program.binaries[0]}`"
    version = lookup.probe(program, candidate)
    missing = [name for name in program.binaries if not (candidate.parent / name).exists()]
    if version and lookup.accepts(program, version) and missing:
        return f"{candidate} is there, but not {' and '.join(missing)} next to it"
    printed = lookup.show_version(version) if version else "of unknown version"
    return f"{candidate} is {printed}, but {accepted(program)} is needed"


def _cannot_be_had(program: Program, tried: list[str]) -> str:
    lines = [f"{program.name} {accepted(program)} ({program.purpose}) cannot be had. Tried:"]
    return "\n".join([*lines, *(f"  - {line}" for line in tried)])
