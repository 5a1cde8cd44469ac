"""What a supervised process is: the inputs of `observability:index:Process` as one frozen value."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from provider.layout import Layout
from provider.values import plain


@dataclass(frozen=True)
class ReloadCheck:
    """How to see whether a reload was accepted: a gauge among the process's own metrics."""

    url: str
    """Where the metrics are, in the Prometheus text format."""
    metric: str
    """A gauge that is 1 after an accepted and 0 after a refused reload; its name ends in `_successful`."""

    @property
    def timestamp_metric(self) -> str:
        """The gauge that holds the time of the last accepted reload."""
        return self.metric.removesuffix("successful") + "success_timestamp_seconds"


@dataclass(frozen=True)
class Fingerprint:
    """Digests of what a process runs with."""

    restart: str
    """Of everything that takes a restart to load."""
    reload: str
    """Of the files that the process loads again on its reload signal."""

    @classmethod
    def of(
        cls,
        script: str,
        section: str,
        files: Mapping[str, bytes],
        secrets: Mapping[str, bytes],
        patterns: tuple[str, ...],
    ) -> Self:
        """Return the fingerprint of these texts and files; `patterns` are the files that can be reloaded."""
        reloadable = {
            path for path in files if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
        }
        fixed = {path: content for path, content in files.items() if path not in reloadable}
        loaded = {path: content for path, content in files.items() if path in reloadable}
        return cls(_digest([script, section, _digests(fixed), _digests(secrets)]), _digest(_digests(loaded)))


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class ProcessDefinition:
    """A process to supervise; `provider.resources.Process` says what the fields mean."""

    name: str
    directory: Path
    program: str
    version: str = ""
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_files: Mapping[str, str] = field(default_factory=dict, repr=False)
    reload_files: tuple[str, ...] = ()
    reload_signal: str = ""
    reload_check: ReloadCheck | None = None
    delete_data: bool = False
    ports: Mapping[str, int] = field(default_factory=dict)
    health_url: str = ""
    health_timeout_seconds: float = 90
    stop_timeout_seconds: int = 30

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> Self:
        """Return the definition from checked inputs without unknowns."""
        given = {key: value for key, value in plain(inputs).items() if value is not None}
        reload_check = given.get("reloadCheck")
        return cls(
            name=given["name"],
            directory=Path(given["directory"]),
            program=given["program"],
            version=given.get("version", ""),
            arguments=tuple(given.get("arguments", ())),
            environment=given.get("environment", {}),
            files=given.get("files", {}),
            secret_files=given.get("secretFiles", {}),
            reload_files=tuple(given.get("reloadFiles", ())),
            reload_signal=given.get("reloadSignal", ""),
            reload_check=ReloadCheck(reload_check["url"], reload_check["metric"]) if reload_check else None,
            delete_data=given.get("deleteData", False),
            ports={name: int(port) for name, port in given.get("ports", {}).items()},
            health_url=given.get("healthUrl", ""),
            health_timeout_seconds=given.get("healthTimeoutSeconds", cls.health_timeout_seconds),
            stop_timeout_seconds=int(given.get("stopTimeoutSeconds", cls.stop_timeout_seconds)),
        )

    @property
    def layout(self) -> Layout:
        """Where its files are."""
        return Layout(self.directory, self.name)

    @property
    def reloadable(self) -> tuple[str, ...]:
        """The patterns of files whose change takes no restart; none without a signal to reload them."""
        return self.reload_files if self.reload_signal else ()

    def script(self) -> str:
        """Return the start script.

        A script rather than a command line in the supervisor's configuration, because that format has no way
        to write some characters (a semicolon after a space begins a comment, for one).
        """
        lines = [
            "#!/bin/sh",
            f"# {self.name} {self.version}".rstrip(),
            f"cd {shlex.quote(str(self.layout.home))} || exit 1",
        ]
        lines += [f"export {key}={shlex.quote(value)}" for key, value in sorted(self.environment.items())]
        lines.append("exec " + shlex.join([self.program, *self.arguments]))
        return "\n".join(lines) + "\n"

    def section(self) -> str:
        """Return its section of the supervisor's configuration; paths start at the stack's directory."""
        return "\n".join(
            [
                f"[program:{self.name}]",
                f"command=/bin/sh {self.name}/run",
                "autostart=true",
                "autorestart=true",
                "startsecs=1",
                "startretries=1000",
                "stopasgroup=true",
                "killasgroup=true",
                f"stopwaitsecs={self.stop_timeout_seconds}",
                "umask=077",
                "redirect_stderr=true",
                f"stdout_logfile=logs/{self.name}.log",
                "stdout_logfile_maxbytes=10MB",
                "stdout_logfile_backups=3",
                "",
            ]
        )

    def fingerprint(self) -> Fingerprint:
        """Return what the process must be running with."""
        files = {path: content.encode() for path, content in self.files.items()}
        secrets = {path: content.encode() for path, content in self.secret_files.items()}
        return Fingerprint.of(self.script(), self.section(), files, secrets, self.reloadable)
