"""The data of products that run as processes: folders on this machine."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import TYPE_CHECKING

from operations.backup.archive import UNREADABLE, Member, write_with_holes
from operations.backup.places import PlaceError, Snapshot
from provider.layout import Layout
from provider.supervision import Supervisor

if TYPE_CHECKING:
    from _typeshed import StrOrBytesPath

_CHUNK = 1 << 20


class Folders:
    """The folders of a stack's directory."""

    def __init__(self, directory: Path, stack: str) -> None:
        self._directory, self._stack = directory, stack
        self._supervisor = Supervisor(directory)

    def products(self) -> list[str]:
        homes = sorted(self._directory.iterdir()) if self._directory.is_dir() else []
        return [home.name for home in homes if _holds(self._data(home.name))]

    @contextmanager
    def snapshot(self, product: str, scratch: Path) -> Iterator[Snapshot]:
        copy, running = scratch / product, self._runs(product)
        if running:
            self._supervisor.signal(product, "STOP")
        held_since = monotonic()
        try:
            shutil.copytree(self._data(product), copy, symlinks=True, ignore=_special, copy_function=_copy)
        finally:
            if running:
                self._supervisor.signal(product, "CONT")
        yield Snapshot(_below(copy), monotonic() - held_since if running else 0.0)

    def restore(self, product: str, archive: Path, into: str = "") -> str:
        target = Path(into).absolute() if into else self._data(product)
        if not into and self._runs(product):
            raise PlaceError(f"{product} is running; stop it first: make down STACK={self._stack}")
        if _holds(target):
            raise PlaceError(f"{target} has data already; move that away, or name another folder with --into")
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        _extract(archive, target)
        return str(target)

    @contextmanager
    def trial(self, product: str, archive: Path) -> Iterator[Iterator[Member]]:
        folder = Path(tempfile.mkdtemp(prefix=f"{product}-restored-", dir=archive.parent))
        try:
            _extract(archive, folder)
            yield _below(folder)
        finally:
            shutil.rmtree(folder)

    def _data(self, product: str) -> Path:
        return Layout(self._directory, product).data

    def _runs(self, product: str) -> bool:
        state = self._supervisor.state(product)
        return state is not None and state.alive


def _holds(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _below(folder: Path) -> Iterator[Member]:
    for path in sorted(folder.rglob("*")):
        info, found = tarfile.TarInfo(path.relative_to(folder).as_posix()), path.lstat()
        info.mode, info.mtime = stat.S_IMODE(found.st_mode), int(found.st_mtime)
        if stat.S_ISREG(found.st_mode):
            info.size = found.st_size
            with path.open("rb") as content:
                yield info, content
        elif stat.S_ISDIR(found.st_mode):
            info.type = tarfile.DIRTYPE
            yield info, None
        elif stat.S_ISLNK(found.st_mode):
            info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
            yield info, None


def _extract(archive: Path, folder: Path) -> None:
    try:
        with _WithHoles.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(folder, filter="data")
            else:
                tar.extractall(folder, [member for member in tar if _stays_inside(member)])  # noqa: S202 - checked one by one
    except (*UNREADABLE, OSError) as error:
        raise PlaceError(f"{archive.name} cannot be restored: {error}") from None


def _stays_inside(member: tarfile.TarInfo) -> bool:
    """Say so, or raise `tarfile.TarError`: what Python 3.11.4 and later check by themselves."""
    path = PurePosixPath(member.name)
    where = path.parent / member.linkname if member.issym() else path
    inside = not where.is_absolute() and not os.path.normpath(where).startswith("..")
    if not inside or not (member.isreg() or member.isdir() or member.issym()):
        raise tarfile.ExtractError(f"{member.name} does not belong in a backup")
    return True


def _special(folder: str, names: list[str]) -> set[str]:
    """Return the sockets and pipes, which are made anew by whoever needs them."""
    modes = {name: Path(folder, name).lstat().st_mode for name in names}
    return {name for name, mode in modes.items() if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode)}


def _copy(source: str, target: str) -> str:
    """Copy what a file really holds: of a store's gigabytes set aside that is often a few pages."""
    with Path(source).open("rb", buffering=0) as origin, Path(target).open("wb", buffering=0) as copy:
        size, end = os.fstat(origin.fileno()).st_size, 0
        while (start := _data_after(origin.fileno(), end)) is not None:
            end = os.lseek(origin.fileno(), start, os.SEEK_HOLE)
            origin.seek(start)
            copy.seek(start)
            while (left := end - origin.tell()) > 0 and (chunk := origin.read(min(left, _CHUNK))):
                copy.write(chunk)
        copy.truncate(size)
    shutil.copystat(source, target)
    return target


def _data_after(file: int, position: int) -> int | None:
    try:
        return os.lseek(file, position, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # none
            return None
        raise


class _WithHoles(tarfile.TarFile):
    """Writes files with holes: Jaeger's store sets gigabytes aside that it has not filled."""

    def makefile(self, tarinfo: tarfile.TarInfo, targetpath: StrOrBytesPath) -> None:
        source = self.extractfile(tarinfo)
        if source is None:
            raise tarfile.ExtractError(f"{tarinfo.name} has no content")
        with source:
            write_with_holes(source, Path(os.fsdecode(targetpath)))
