"""Download official releases, checked against the SHA-256 sums that the release itself publishes."""

from __future__ import annotations

import hashlib
import http.client
import platform
import shutil
import sys
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from toolchain.errors import SourceError, UnreachableError
from toolchain.model import Program, Release

_FIRST_ANSWER_SECONDS = 5.0
_TRANSFER_SECONDS = 60.0
_OS = {"linux": "linux", "darwin": "darwin"}
_ARCH = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def placeholders(version: str) -> dict[str, str]:
    """Return what the URLs of releases need to know about this machine."""
    system, machine = _OS.get(sys.platform), _ARCH.get(platform.machine().lower())
    if system is None or machine is None:
        raise SourceError(f"there is no release for {sys.platform} on {platform.machine()}")
    cpu = {"amd64": "x64"}.get(machine, machine)
    return {"version": version, "os": system, "arch": machine, "cpu": cpu}


def download(program: Program, folder: Path) -> None:
    """Put the program's release into `folder`; raise SourceError when there is none or its sums differ."""
    release = program.release
    values = placeholders(release.version)
    for template in release.archives:
        url = template.format(**values)
        sums = parse_sums(read(release.checksums.format(archive=url, **values)), PurePosixPath(url).name)
        archive = folder / PurePosixPath(url).name
        digest = _transfer(url, archive)
        if release.sums_of == "archive":
            _compare(archive.name, digest, sums)
        _unpack(release, archive, folder / release.into, sums, values)
        archive.unlink()
    for binary in program.binaries:
        (folder / "bin" / binary).chmod(0o755)


def parse_sums(text: str, only: str) -> dict[str, str]:
    """Read lines of "digest  name" or "digest *name"; a digest without a name is that of `only`."""
    sums = {}
    for line in text.splitlines():
        digest, _, name = line.strip().partition(" ")
        if len(digest) == hashlib.sha256().digest_size * 2:
            sums[name.strip().removeprefix("*").removeprefix("./") or only] = digest.lower()
    return sums


def _compare(name: str, digest: str, sums: dict[str, str]) -> None:
    if name not in sums:
        raise SourceError(f"the release publishes no SHA-256 sum of {name}, so it was not used")
    if sums[name] != digest:
        raise SourceError(
            f"{name} has SHA-256 {digest}, but the release publishes {sums[name]}; it was not used"
        )


def _open(url: str, seconds: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "observability-toolchain"})  # noqa: S310
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=seconds)  # noqa: S310
    except urllib.error.HTTPError as error:
        raise SourceError(f"{url} answers {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{url} cannot be reached ({reason})") from None
    return response


def read(url: str) -> str:
    """Read a small file, and give up soon: in a thread, because resolving a name has no time limit."""
    answer: list[str | SourceError] = []

    def ask() -> None:
        try:
            with _open(url, _FIRST_ANSWER_SECONDS) as response:
                answer.append(response.read().decode(errors="replace"))
        except SourceError as error:
            answer.append(error)
        except (OSError, http.client.HTTPException) as error:
            answer.append(UnreachableError(f"{url} broke off ({error})"))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_FIRST_ANSWER_SECONDS * 2)
    if not answer:
        raise UnreachableError(f"{url} did not answer within {_FIRST_ANSWER_SECONDS * 2:.0f} s")
    if isinstance(answer[0], SourceError):
        raise answer[0]
    return answer[0]


def _transfer(url: str, path: Path) -> str:
    """Download to `path` and return the SHA-256 sum of what came."""
    digest = hashlib.sha256()
    with _open(url, _TRANSFER_SECONDS) as response, path.open("wb") as file:
        try:
            while block := response.read(1 << 20):
                digest.update(block)
                file.write(block)
        except (OSError, http.client.HTTPException) as error:
            raise SourceError(f"{url} broke off ({error})") from None
    return digest.hexdigest()


def _members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield name, mode and content of the regular files of an archive; an executable is its only file."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if not entry.is_dir():
                    with zipped.open(entry) as content:
                        yield entry.filename, entry.external_attr >> 16, content
        return
    if archive.suffix not in {".gz", ".tgz"}:
        with archive.open("rb") as executable:
            yield archive.name, 0o755, executable
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            tarred = tar.extractfile(member) if member.isfile() else None
            if tarred is not None:
                yield member.name, member.mode, tarred


def _unpack(
    release: Release, archive: Path, folder: Path, sums: dict[str, str], values: dict[str, str]
) -> None:
    rename = {old.format(**values): new for old, new in release.rename}
    try:
        for name, mode, content in _members(archive):
            parts = PurePosixPath(name).parts[release.strip :]
            if not parts or ".." in parts or parts[0] == "/":
                continue
            target = folder.joinpath(*parts[:-1], rename.get(parts[-1], parts[-1]))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
            target.chmod(0o755 if mode & 0o100 else 0o644)
            if release.sums_of == "members" and mode & 0o100:
                with target.open("rb") as file:
                    _compare(name.removeprefix("./"), hashlib.file_digest(file, "sha256").hexdigest(), sums)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise SourceError(f"{archive.name} cannot be unpacked ({error})") from None
