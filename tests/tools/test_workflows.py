"""The workflows: accepted by actionlint, pinned, with no rights to spare, complete, harmless for forks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project import CHECKOUT, Project

pytestmark = pytest.mark.tools

FILES = sorted((CHECKOUT / ".github" / "workflows").glob("*.y*ml"))
STACKS = {
    file.name.split(".")[1]
    for file in CHECKOUT.glob("Pulumi.*.yaml")
    if file.name == "Pulumi.local.yaml" or not file.name.endswith(".local.yaml")
}
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
each_workflow = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def workflow(file: Path) -> dict[str, Any]:
    """Return a workflow; `on` is read as text, not as the truth value that it is in YAML 1.1."""
    found: dict[str, Any] = yaml.load(file.read_text(), Loader=yaml.BaseLoader)
    return found


def steps(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the steps of a job."""
    yield from job["steps"]


PREVIEW = workflow(CHECKOUT / ".github" / "workflows" / "preview.yaml")


@each_workflow
def test_actionlint_accepts_it(file: Path, tool: Callable[..., str]) -> None:
    tool("actionlint", "-no-color", str(file))


@each_workflow
def test_nothing_is_permitted_but_what_a_job_asks_for(file: Path) -> None:
    found = workflow(file)
    assert found["permissions"] == {}
    for job in found["jobs"].values():
        rights = dict(job["permissions"])
        assert rights.pop("contents") == "read"
        assert rights in ({}, {"pull-requests": "write"})


@each_workflow
def test_every_action_is_pinned_to_a_commit_whose_version_is_named(file: Path) -> None:
    used = re.findall(r"uses:\s*(.+)", file.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@each_workflow
def test_code_of_a_pull_request_never_runs_with_the_rights_of_the_repository(file: Path) -> None:
    found = workflow(file)
    triggers = found["on"]
    assert {"pull_request_target", "workflow_run"}.isdisjoint(
        [triggers] if isinstance(triggers, str) else triggers
    )
    for job in found["jobs"].values():
        if "secrets." in str(job) or job["permissions"].get("pull-requests"):
            assert job["if"] == SAME_REPOSITORY


def test_every_stack_file_is_previewed() -> None:
    assert set(PREVIEW["jobs"]["preview"]["strategy"]["matrix"]["stack"]) == STACKS


def test_each_stack_keeps_a_comment_of_its_own() -> None:
    [action] = [
        step for step in steps(PREVIEW["jobs"]["preview"]) if "pulumi/actions@" in step.get("uses", "")
    ]
    wanted = {"command": "preview", "comment-on-pr": "true", "edit-pr-comment": "true", "diff": "true"}
    assert wanted.items() <= action["with"].items()
    assert action["with"]["suppress-outputs"] == "true"
    # The action takes a comment for a stack's own when it starts with the stack's name.
    assert not [(one, other) for one, other in permutations(STACKS, 2) if other.startswith(one)]


def test_a_fork_previews_a_stack_whose_secrets_it_cannot_read(tmp_path: Path) -> None:
    owner = Project.copy(tmp_path, "prod", first_on_path=[CHECKOUT / "tests" / "standin"])
    for key in ("slackApiUrl", "grafanaPassword"):
        owner.run("config", "set", "--secret", key, f"https://canary.example.org/{key}", "--stack", "prod")
    owner.run("stack", "rm", "--yes", "--preserve-config", "--stack", "prod")
    assert "secure:" in (owner.path / "Pulumi.prod.yaml").read_text()

    result = subprocess.run(
        ["python", ".github/workflows/preview_of_fork.py", "prod"],
        cwd=owner.path,
        env={**owner.environment, "PYTHONPATH": ".", "PULUMI_CONFIG_PASSPHRASE": "of somebody else"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "The preview of <code>prod</code> succeeds" in result.stdout
    assert "observability:index:Prometheus" in result.stdout
    assert "example.org/placeholder0" not in result.stdout
