"""The archive of one product's data: a ``.tar.gz``, and beside it a list of what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

SUFFIX = ".tar.gz"
_MANIFEST = ".json"
_TIME = "%Y%m%dT%H%M%SZ"
_CHUNK = 1 << 20

Member = tuple[tarfile.TarInfo, IO[bytes] | None]
"""A file, folder or link by its path below the data folder, and the content of a file."""


@dataclass(frozen=True)
class File:
    """One file as it was when it was read."""

    size: int
    """Bytes."""
    sha256: str
    """Digest of its content, hexadecimal."""


UNREADABLE = (tarfile.TarError, zlib.error, EOFError)
"""What reading a damaged archive ends in."""


class DamagedError(Exception):
    """An archive, or what was restored from it, is not what was backed up; the message says what differs."""


@dataclass(frozen=True)
class Archive:
    """One backup of one product's data."""

    path: Path
    """The ``.tar.gz``."""

    @property
    def manifest(self) -> Path:
        """The list of its files."""
        return self.path.with_name(self.path.name.removesuffix(SUFFIX) + _MANIFEST)

    @property
    def product(self) -> str:
        """Whose data it has."""
        return self.path.name.removesuffix(SUFFIX).rpartition("-")[0]

    @property
    def made(self) -> datetime:
        """When it was begun, from its name; raises `DamagedError` where that is not one of ours."""
        try:
            stamp = self.path.name.removesuffix(SUFFIX).rpartition("-")[2]
            return datetime.strptime(stamp, _TIME).replace(tzinfo=UTC)
        except ValueError:
            raise DamagedError(
                f"{self.path.name} is not the name of a backup; they are PRODUCT-TIME{SUFFIX}"
            ) from None

    def files(self) -> Mapping[str, File]:
        """Return path → file as it was backed up; raises `DamagedError` where the list is missing or torn."""
        try:
            found = json.loads(self.manifest.read_text(encoding="utf-8"))
            return {path: File(**entry) for path, entry in found.items()}
        except FileNotFoundError:
            raise DamagedError(f"{self.manifest.name} is missing beside {self.path.name}") from None
        except (ValueError, TypeError, AttributeError):
            raise DamagedError(f"{self.manifest.name} cannot be read") from None

    def remove(self) -> None:
        """Delete it and its list."""
        self.path.unlink(missing_ok=True)
        self.manifest.unlink(missing_ok=True)


def new(folder: Path, product: str, now: datetime) -> Archive:
    """Return the archive that a backup at ``now`` makes in ``folder``."""
    return Archive(folder / f"{product}-{now.astimezone(UTC).strftime(_TIME)}{SUFFIX}")


def all_in(folder: Path) -> list[Archive]:
    """Return the finished backups in a folder, each product's oldest first."""
    archives = (Archive(path) for path in sorted(folder.glob(f"*{SUFFIX}")))
    return [archive for archive in archives if archive.manifest.exists()]


def found(folder: Path, product: str) -> list[Archive]:
    """Return the finished backups of a product, the oldest first."""
    return [archive for archive in all_in(folder) if archive.product == product]


def write(archive: Archive, members: Iterable[Member]) -> Mapping[str, File]:
    """Write an archive and then its list; return the list. What was begun and not finished has no list."""
    files: dict[str, File] = {}
    # Data of databases and of metrics hardly get smaller at a higher level; time is what is short here.
    with (
        open(archive.path, "xb", opener=_private) as target,
        tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as tar,
    ):
        for info, content in members:
            reader = _Hashing(content) if content else None
            tar.addfile(info, reader)
            if reader:
                files[info.name] = reader.file()
    listed = json.dumps({path: asdict(file) for path, file in sorted(files.items())}, indent=1)
    with open(archive.manifest, "x", opener=_private, encoding="utf-8") as target_list:
        target_list.write(listed)
    return files


def compare(expected: Mapping[str, File], members: Iterable[Member]) -> int:
    """Compare restored data with what was backed up; return their size in bytes.

    Raises `DamagedError` with the first difference and how many there are.
    """
    seen: dict[str, File] = {}
    for info, content in members:
        if content:
            reader = _Hashing(content)
            while reader.read(_CHUNK):
                pass
            seen[info.name] = reader.file()
    differences = [
        *(f"{path} is missing" for path in sorted(expected.keys() - seen.keys())),
        *(f"{path} is new" for path in sorted(seen.keys() - expected.keys())),
        *(
            f"{path} has {seen[path].size} bytes instead of {file.size}"
            if seen[path].size != file.size
            else f"{path} has other content"
            for path, file in sorted(expected.items())
            if path in seen and seen[path] != file
        ),
    ]
    if differences:
        more = f", and {len(differences) - 1} more differ" if len(differences) > 1 else ""
        raise DamagedError(f"{differences[0]}{more}")
    return sum(file.size for file in seen.values())


def below(folder: str, tar: tarfile.TarFile) -> Iterator[Member]:
    """Yield the members of a tar stream below its top folder ``folder``, by their paths below it.

    Raises `DamagedError` for a second name of a file, whose content stands elsewhere in the stream.
    """
    for info in tar:
        if info.islnk():
            raise DamagedError(
                f"{info.name} is a second name of {info.linkname}; such data are not backed up"
            )
        path = info.name.removeprefix("./").removeprefix(folder).strip("/")
        if path and (info.isreg() or info.isdir() or info.issym()):
            info.name = path
            yield info, tar.extractfile(info) if info.isreg() else None


def write_with_holes(content: IO[bytes], target: Path) -> None:
    """Write a file and leave holes where there are only zeros, as in what stores set aside unfilled."""
    with target.open("xb") as file:
        while chunk := content.read(_CHUNK):
            if chunk.count(0) == len(chunk):
                file.seek(len(chunk), os.SEEK_CUR)
            else:
                file.write(chunk)
        file.truncate(file.tell())


class _Hashing:
    """Reads on behalf of whoever copies, and notes what went by."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self._digest, self._size = content, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self._digest.update(chunk)
        self._size += len(chunk)
        return chunk

    def file(self) -> File:
        return File(self._size, self._digest.hexdigest())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
