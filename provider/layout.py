"""Where a supervised process keeps its files: pure paths, for the provider and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The folders and files of one process in its stack's directory."""

    directory: Path
    """The stack's own folder, absolute."""
    name: str
    """The process's name, unique in the stack."""

    @property
    def home(self) -> Path:
        """The process's own folder and working directory."""
        return self.directory / self.name

    @property
    def config(self) -> Path:
        """Configuration files; replaced as a whole by the provider."""
        return self.home / "config"

    @property
    def secrets(self) -> Path:
        """Secret files, readable by the owner only."""
        return self.home / "secrets"

    @property
    def data(self) -> Path:
        """What the process stores; kept across restarts, changes and, unless asked otherwise, deletion."""
        return self.home / "data"

    @property
    def script(self) -> Path:
        """The shell script that starts the process; also the way to start it by hand."""
        return self.home / "run"

    @property
    def lock(self) -> Path:
        """Held while the process is being changed."""
        return self.home / "lock"

    @property
    def applied(self) -> Path:
        """The fingerprint of what the running process has loaded."""
        return self.home / "applied.json"

    @property
    def log(self) -> Path:
        """Standard output and standard error, rotated at 10 MB, three old files kept."""
        return self.directory / "logs" / f"{self.name}.log"

    @property
    def program(self) -> Path:
        """The process's section of the supervisor's configuration."""
        return self.directory / "supervisor" / "conf.d" / f"{self.name}.conf"
