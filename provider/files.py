"""Files on disk: written whole or not at all, and folders that hold exactly what they should."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def write(path: Path, content: str | bytes, mode: int) -> None:
    """Replace the file in one step, so that no reader ever sees half of it; an equal file stays as it is."""
    data = content.encode() if isinstance(content, str) else content
    with suppress(OSError):
        if path.read_bytes() == data and path.stat().st_mode & 0o777 == mode:
            return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return the files below the folder by relative path; empty when it is not there."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_tree(folder: Path, files: Mapping[str, str] | Mapping[str, bytes]) -> None:
    """Make the folder hold exactly these files, all of them readable by the owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    wanted = {folder / path for path in files}
    folders = {parent for path in wanted for parent in path.parents}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if path in wanted or path not in folders:
                shutil.rmtree(path)
        elif path not in wanted:
            path.unlink()
    for name, content in files.items():
        write(folder / name, content, 0o600)


def tail(path: Path, lines: int, *, start: int = 0) -> list[str]:
    """Return the last lines of a text file written since the byte position `start`."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(start if start <= size else 0, size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def size(path: Path) -> int:
    """Return the file's size in bytes; 0 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
