"""Every stack file previews with the real engine; a stand-in answers for the downloaded plugins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from targets import TARGETS, RuntimeKind
from tests.project import CHECKOUT, Project, free_offset, secret_keys

pytestmark = pytest.mark.engine

STANDIN = CHECKOUT / "tests" / "standin"
STACKS = sorted(
    {"local", *(f.name.split(".")[1] for f in CHECKOUT.glob("Pulumi.*.yaml") if f.name.count(".") == 2)}
)
SECRETS = {
    "slackApiUrl": "https://hooks.example.org/services/canary-of-slack",
    "pagerdutyRoutingKey": "canary-of-pagerduty-0123456789ab",
    "smtpPassword": "canary-of-smtp",
    "grafanaDatabasePassword": "canary-of-a-database",
    "lokiAccessKeyId": "canary-of-an-access-key",
    "lokiSecretAccessKey": "canary-of-a-secret-key",
}
COMPONENTS = {"Alertmanager", "Collector", "Jaeger", "Loki", "NodeExporter", "Prometheus"}
RUNNING = {
    RuntimeKind.PROCESS: ("observability:index:Process",),
    RuntimeKind.DOCKER: ("docker:index/container:Container",),
    RuntimeKind.KUBERNETES: (
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:DaemonSet",
    ),
}
"""What a product runs as: one of these."""
PACKAGES = {
    RuntimeKind.PROCESS: set(),
    RuntimeKind.DOCKER: {"docker"},
    RuntimeKind.KUBERNETES: {"kubernetes"},
}


def stack_file(stack: str) -> Mapping[str, Any]:
    """Return the configuration in a stack file of the checkout."""
    config: Mapping[str, Any] = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config


def runtime(stack: str) -> RuntimeKind:
    """Return what the stack's products run in."""
    return TARGETS[stack_file(stack)["observability:target"]].runtime


def prepare(folder: Path, stack: str) -> Project:
    """Return a copy of the project with the stack selected and its secrets set."""
    project = Project.copy(folder, stack, first_on_path=[STANDIN])
    configure(project)
    return project


def configure(project: Project) -> None:
    """Set the secrets that the stack file needs."""
    config = stack_file(project.stack)
    values = [word for key in secret_keys(config) for word in ("--secret", f"{key}={SECRETS[key]}")]
    if runtime(project.stack) is RuntimeKind.PROCESS:
        # Another stack may run on this machine: its ports are not what is tested.
        values += ["--plaintext", f"portOffset={free_offset()}"]
    if values:
        project.run("config", "set-all", "--stack", project.stack, *values)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One copy with one state for all stack files."""
    return Project.copy(tmp_path_factory.mktemp("previews"), "empty", first_on_path=[STANDIN])


def kind(urn: str) -> str:
    """Return a resource's type."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def test_the_targets_that_people_start_with_have_a_stack_file() -> None:
    assert {"local", "dev", "minikube", "prod", "oke", "aks", "gke"} <= set(STACKS)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_previews(stack: str, checkout: Project, tmp_path: Path) -> None:
    project, record = replace(checkout, stack=stack), tmp_path / "record"
    project.run("stack", "init", stack)
    configure(project)
    record.touch()
    output = project.run(
        "preview",
        "--json",
        "--stack",
        stack,
        OBSERVABILITY_SKIP_PREFLIGHT="1",
        OBSERVABILITY_STANDIN_RECORD=str(record),
    )
    steps = json.loads(output[output.index("{") :])["steps"]
    assert {step["op"] for step in steps} == {"create"}
    urns = [step["urn"] for step in steps]
    assert len(set(urns)) == len(urns)

    refused = dict(TARGETS[stack_file(stack)["observability:target"]].refused)
    for name in COMPONENTS - ({"NodeExporter"} if "node-exporter" in refused else set()):
        below = [urn for urn in urns if f"observability:index:{name}$" in urn]
        assert any(kind(urn) in RUNNING[runtime(stack)] for urn in below), f"{name} is not run: {below}"
    packages = {kind(urn).split(":")[0] for urn in urns} - {"pulumi", "observability"}
    assert packages == PACKAGES[runtime(stack)]

    for secret in SECRETS.values():
        assert secret not in output
        assert secret not in record.read_text()
