"""The checkout's virtual environment, installed from the lock with hashes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from toolchain import lookup
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

_SHOWN_LINES = 8
_INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")


def ensure(progress: Progress, checkout: Path = lookup.CHECKOUT) -> Path:
    """Make or update .venv when the lock or the Python version has changed since; return its python."""
    lock, folder = checkout / "requirements.txt", checkout / ".venv"
    python, stamp = folder / "bin" / "python", folder / "installed"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = f"{version} {hashlib.sha256(lock.read_bytes()).hexdigest()}\n"
    installed = stamp.read_text() if stamp.exists() and python.exists() else ""
    if installed == wanted:
        return python
    if not installed.startswith(f"{version} "):
        shutil.rmtree(folder, ignore_errors=True)
        with progress.step(f"making the virtual environment {folder.name}"):
            _run(
                [sys.executable, "-m", "venv", str(folder)],
                "A virtual environment cannot be made. On Debian and Ubuntu: apt-get install python3-venv.",
            )
    stamp.unlink(missing_ok=True)
    with progress.step("installing the Python packages of requirements.txt"):
        _run(
            [str(python), *_INSTALL, "--requirement", str(lock)],
            "The Python packages cannot be installed. Check the network, or set PIP_INDEX_URL.",
        )
    # What other teams install from a package registry, the examples here import from the checkout: by a path
    # from this folder, so that the checkout can be moved, and a copy that shares the environment has its own.
    packages = folder / "lib" / f"python{version}" / "site-packages"
    packages.mkdir(parents=True, exist_ok=True)
    (packages / "observability-sdk.pth").write_text("../../../../sdk\n")
    stamp.write_text(wanted)
    return python


def _run(command: list[str], message: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-_SHOWN_LINES:]
        raise ToolchainError("\n".join([message, *(f"  {line}" for line in lines)]))
