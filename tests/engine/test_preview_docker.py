"""What a change of the stack `dev` rolls, seen with the real engine and a stand-in for the plugin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.test_preview import prepare
from tests.project import Project

pytestmark = pytest.mark.engine

CANARY = "canary-of-the-administrator"


class Dev:
    """The stack `dev`, deployed with the stand-in."""

    def __init__(self, folder: Path) -> None:
        self.project: Project = prepare(folder, "dev")
        self._record = folder / "record"
        self.up()

    def up(self) -> set[str]:
        """Deploy; return what was done as ``operation name``."""
        self._record.write_text("")
        self._run("up", "--yes", "--skip-preview")
        operations = [json.loads(line) for line in self._record.read_text().splitlines()]
        return {
            f"{done['operation']} {done['name']}"
            for done in operations
            if done["operation"] in {"create", "update", "delete"}
        }

    def preview_without_changes(self) -> None:
        """Fail where a preview shows a change."""
        self._run("preview", "--expect-no-changes")

    def configure(self, *arguments: str) -> None:
        """Change the stack file."""
        self.project.run("config", "set", *arguments)

    def state(self) -> str:
        """Return the state as it is stored."""
        return self.project.run("stack", "export")

    def _run(self, *arguments: str) -> None:
        self.project.run(
            *arguments, OBSERVABILITY_SKIP_PREFLIGHT="1", OBSERVABILITY_STANDIN_RECORD=str(self._record)
        )


def replaced(*names: str) -> set[str]:
    """Return the operations that replace these resources."""
    return {f"{operation} {name}" for name in names for operation in ("create", "delete")}


def test_changes_roll_exactly_what_they_concern(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    dev.configure("--path", "alerting.repeatInterval", "6h")
    assert dev.up() == replaced("alertmanager-configuration-loader", "alertmanager-container")

    # Prometheus looks at its rules, and Grafana at its dashboards, by itself: they only get the files.
    dev.configure("--path", "thresholds.cpuRatio", "0.7")
    assert dev.up() == replaced("prometheus-configuration-loader", "grafana-configuration-loader")

    dev.configure("--secret", "grafanaPassword", CANARY)
    assert dev.up() == replaced("grafana-secrets-loader", "grafana-container")
    dev.preview_without_changes()
    assert CANARY not in dev.state()
