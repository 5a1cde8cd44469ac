"""The small folder outside the stack's directory for what needs a short path: a socket and a lock."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from provider.errors import ProviderError
from provider.waiting import Cancellation

LOCK_TIMEOUT_SECONDS = 120


def runtime_folder(directory: Path) -> Path:
    """Return the runtime folder of a stack's directory.

    Always below /tmp: a socket's path is limited to about 100 bytes, and $XDG_RUNTIME_DIR is removed when the
    user logs out, which the stack survives. `prepare` makes it safe from others.
    """
    digest = hashlib.sha256(os.fsencode(os.path.realpath(directory))).hexdigest()[:16]
    return Path(f"/tmp/observability-{os.getuid()}") / digest  # noqa: S108


def prepare(folder: Path) -> None:
    """Make the folder, and refuse one that others could have put there."""
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != os.getuid()
            or stat.S_IMODE(found.st_mode) & 0o077
        ):
            raise ProviderError(
                f"{path} must be a folder of yours that nobody else can enter; remove it and run again"
            )


@contextmanager
def locked(path: Path, cancellation: Cancellation) -> Iterator[None]:
    """Hold the lock in this file, which excludes other threads and other processes alike."""
    for _ in cancellation.attempts(LOCK_TIMEOUT_SECONDS, pause_seconds=0.02):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("w") as lock:
            if _take(lock):
                yield
                return
    raise ProviderError(f"another operation holds {path}; wait until it has finished and run again")


def _take(lock: TextIO) -> bool:
    """Say whether the lock is ours now, and its file still the one that others see: it may be removed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(lock.fileno()), Path(lock.name).stat())
    except (BlockingIOError, FileNotFoundError):
        return False
