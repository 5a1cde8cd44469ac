"""A copy of the project with an engine, a state and a passphrase of its own, for tests that deploy."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import toolchain
from runtimes.process import usual_ports
from settings import PROJECT, SECTIONS_WITH_SECRETS, Settings, StackFileError, read

CHECKOUT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
PASSPHRASE = "a passphrase for tests only"


_PATIENCE = 3
"""How many times longer than on a machine with nothing else to do something may take."""


def until(condition: Callable[[], T], *, seconds: float, what: str) -> T:
    """Return the first true value of ``condition``; fail with the last one where it never comes.

    ``seconds`` is what it may take on a machine with nothing else to do.
    """
    deadline = monotonic() + _PATIENCE * seconds
    value: object = None
    while monotonic() < deadline:
        try:
            value = condition()
        except OSError as error:
            value = error
        else:
            if value:
                return value
        sleep(0.2)
    raise AssertionError(f"{what}: not within {_PATIENCE * seconds:g} s; last seen: {value!r}")


def secret_keys(configuration: Mapping[str, Any]) -> list[str]:
    """Return the configuration keys of the secrets that a stack file, as it is written, needs."""
    sections = [
        model.model_validate(configuration.get(f"{PROJECT}:{name}", {}))
        for name, model in SECTIONS_WITH_SECRETS.items()
    ]
    return [key for section in sections for key in section.secret_keys]


STATE_AT_THE_END = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""Makes the engine write the state once, not at every step, which takes most of an update of many resources.

Not for tests that interrupt an update.
"""


def load(config: Mapping[str, str], encrypted: Collection[str], stack: str) -> Settings:
    """Return the settings of a stack file alone; raises `StackFileError` with what is wrong in it."""
    settings, problems = read(config, encrypted, stack)
    if problems or settings is None:
        raise StackFileError(problems)
    return settings


SHOP_PORT = 8080
"""Where the sample application listens unless told otherwise."""


def free_offset() -> int:
    """Return a port offset at which none of the stack's ports, nor the sample application's, is in use.

    No two test processes get the same, and all ports stay below those that outgoing connections are given.
    """
    ports, taken, offsets = {*usual_ports().values(), SHOP_PORT}, set[int](), []
    for offset in range(10_000, 16_000):
        if not taken & (shifted := {port + offset for port in ports}):
            taken |= shifted
            offsets.append(offset)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for offset in offsets[worker % 4 :: 4]:
        try:
            for port in ports:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        return offset
    raise AssertionError("no free ports for a test stack")


def _without_secrets(stack_file: str) -> str:
    """Return a stack file without what was encrypted with somebody's own passphrase."""
    return re.sub(r"encryptionsalt:.*\n|  \S+:\s*\n\s+secure:.*\n", "", stack_file)


@dataclass
class Project:
    """A deployed (or not yet deployed) copy of the project."""

    path: Path
    stack: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def copy(cls, folder: Path, stack: str = "local", first_on_path: Sequence[Path] = ()) -> Project:
        """Copy what git knows of the checkout (and what it would add) into ``folder``; select a stack."""
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=CHECKOUT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        path = folder / "project"
        for name in filter(None, names):
            if (CHECKOUT / name).is_file():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(CHECKOUT / name, path / name)
        for file in path.glob("Pulumi.*.yaml"):
            # Whoever has deployed from the checkout has a passphrase of their own noted here.
            file.write_text(_without_secrets(file.read_text(encoding="utf-8")), encoding="utf-8")
        (path / ".venv").symlink_to(CHECKOUT / ".venv")
        engine = toolchain.find("pulumi")
        assert engine, "the pulumi engine is not installed; run: make setup"
        state = folder / "state"
        state.mkdir()
        path_folders = [*first_on_path, path / ".venv" / "bin", engine.parent]
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "OBSERVABILITY_", "OTEL_"))
        }
        # Its Python runs a dozen times, and would compile every module of the copy each time.
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        project = cls(
            path,
            stack,
            {
                **kept,
                "PATH": os.pathsep.join([*map(str, path_folders), os.environ["PATH"]]),
                "PULUMI_HOME": str(folder / "home"),
                "PULUMI_BACKEND_URL": state.as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_ERROR_OUTPUT_STRING": "1",
            },
        )
        project.run("stack", "init", stack)
        return project

    @property
    def directory(self) -> Path:
        """The folder of the processes' files and data."""
        return self.path / ".state" / "stacks" / self.stack

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the engine and return at once."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.path,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *arguments: str, succeeds: bool | None = True, seconds: float = 300, **environment: str
    ) -> str:
        """Run the engine and return what it printed; fail where it succeeds or not against expectation."""
        process = self.start(*arguments, **environment)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise AssertionError(f"pulumi {' '.join(arguments)} took over {seconds:g} s:\n{output}") from None
        if succeeds is not None:
            assert (process.returncode == 0) is succeeds, f"pulumi {' '.join(arguments)}:\n{output}"
        return output

    def up(self, *arguments: str) -> str:
        """Deploy."""
        return self.run("up", "--yes", "--skip-preview", "--stack", self.stack, *arguments)

    def preview(self, *arguments: str, succeeds: bool = True) -> str:
        """Preview."""
        return self.run("preview", "--stack", self.stack, *arguments, succeeds=succeeds)

    def destroy(self) -> str:
        """Stop everything."""
        return self.run("destroy", "--yes", "--skip-preview", "--stack", self.stack)

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Set structured configuration values by path, ``{"metrics.scrapeInterval": "1s"}``."""
        values = [f"{key}={value}" for key, value in settings.items()]
        plain = [word for value in values for word in ("--plaintext", value)]
        self.run("config", "set-all", "--stack", self.stack, "--path", *plain)

    def outputs(self, *, secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs."""
        text = self.run(
            "stack", "output", "--json", "--stack", self.stack, *(["--show-secrets"] if secrets else [])
        )
        found: dict[str, Any] = json.loads(text)
        return found

    def operations(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m operations`` in the copy."""
        return subprocess.run(
            ["python", "-m", "operations", *arguments, "--stack", self.stack],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
