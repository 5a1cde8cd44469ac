"""Locks left behind by an engine that was killed.

The engine locks a stack in a file backend while it works on it. Killed, it leaves its lock, and every later
update is refused until somebody runs ``pulumi cancel``, also where plainly nobody works on it any more.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil


def abandoned(backend_url: str, stack: str) -> Iterator[str]:
    """Yield a line for each lock of a stack whose engine ran on this machine and is gone.

    Nothing where the backend is not a folder, or where a lock may still belong to a running engine: that one
    must be left to a person.
    """
    parts = urlsplit(backend_url)
    if parts.scheme != "file":
        return
    folder = Path(unquote(parts.netloc + parts.path)).expanduser() / ".pulumi" / "locks"
    for file in folder.glob(f"**/{stack}/*.json"):
        try:
            lock = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if lock.get("hostname") == socket.gethostname() and not psutil.pid_exists(int(lock.get("pid", 0))):
            yield f"an update of stack {stack} was killed (process {lock['pid']} is gone): removing its lock"
        else:
            return
