"""Another team's stack reads the outputs by StackReference, with the real engine and a state of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from outputs import CONTRACT_VERSION
from tests.project import Project

pytestmark = pytest.mark.engine

PASSWORD = "canary-of-the-administrator"
OUTPUTS = {
    "contract_version": CONTRACT_VERSION,
    "environment": "local",
    "prometheus_url": "http://127.0.0.1:9090",
    "loki_url": "http://127.0.0.1:3100",
    "loki_push_url": "http://127.0.0.1:3100/loki/api/v1/push",
    "otlp_http_endpoint": "http://127.0.0.1:4318",
    "grafana_url": "http://127.0.0.1:3000",
    "grafana_username": "admin",
}
PROGRAM = """
import json, pathlib, pulumi
from outputs import export
given = json.loads(pathlib.Path(f"{pulumi.get_stack()}.json").read_text())
password = given.pop("grafana_password", None)
export({**given, "grafana_password": password and pulumi.Output.secret(password)})
"""


@dataclass(frozen=True)
class Teams:
    """The team that runs the observability stack and the team that uses it, with one state backend."""

    observability: Project
    consumer: Project

    def offer(self, stack: str, outputs: Mapping[str, str]) -> None:
        """Bring up an observability stack with these outputs; the consumer is to read it."""
        offering = replace(self.observability, stack=stack)
        (offering.path / f"{stack}.json").write_text(json.dumps(outputs))
        offering.run("stack", "init", stack)
        offering.up()
        name = f"organization/observability/{stack}"
        self.consumer.run("config", "set", "observabilityStack", name, "--stack", self.consumer.stack)

    def state(self, project: Project) -> str:
        """Return what is stored about a stack."""
        path = Path(project.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        folder = path / ".pulumi" / "stacks" / project.path.name
        return (folder / f"{project.stack}.json").read_text()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the checkout; beside it a project that exports what it is told under the name of this one."""
    copy = Project.copy(tmp_path_factory.mktemp("teams"))
    observability = copy.path.parent / "observability"
    observability.mkdir()
    (observability / "Pulumi.yaml").write_text("name: observability\nruntime: python\n")
    (observability / "__main__.py").write_text(PROGRAM)
    return copy


@pytest.fixture
def teams(copy: Project, tmp_path: Path) -> Teams:
    """The two projects; the example has a new stack."""
    observability = copy.path.parent / "observability"
    folders = {"observability": copy.path, "consumer": copy.path / "sdk"}
    environments = {name: {**copy.environment, "PYTHONPATH": str(path)} for name, path in folders.items()}
    consumer = replace(
        copy,
        path=copy.path / "examples" / "consumer",
        stack=tmp_path.name,
        environment=environments["consumer"],
    )
    consumer.run("stack", "init", consumer.stack)
    return Teams(replace(copy, path=observability, environment=environments["observability"]), consumer)


def test_the_consumer_is_configured_with_what_the_stack_offers(teams: Teams) -> None:
    teams.offer("complete", {**OUTPUTS, "grafana_password": PASSWORD})
    deployed = teams.consumer.up()
    teams.consumer.up("--expect-no-changes")

    assert teams.consumer.outputs(secrets=True) == {
        "environment": {
            "OTEL_SERVICE_NAME": "checkout",
            "OTEL_EXPORTER_OTLP_ENDPOINT": OUTPUTS["otlp_http_endpoint"],
            "LOKI_PUSH_URL": OUTPUTS["loki_push_url"],
        },
        "dashboard_url": f"{OUTPUTS['grafana_url']}/d/service?var-service=checkout",
        "grafana_password": PASSWORD,
        "contract_version": CONTRACT_VERSION,
    }
    shown = teams.consumer.outputs()
    assert shown["grafana_password"] == "[secret]"
    assert shown["environment"]["LOKI_PUSH_URL"] == OUTPUTS["loki_push_url"], "what is not secret is readable"
    assert PASSWORD not in deployed
    assert OUTPUTS["loki_push_url"] in teams.state(teams.consumer)
    assert PASSWORD not in teams.state(teams.consumer)


def test_a_stack_without_grafana_is_enough(teams: Teams) -> None:
    teams.offer("small", {key: value for key, value in OUTPUTS.items() if "grafana" not in key})
    teams.consumer.up()
    outputs = teams.consumer.outputs(secrets=True)
    assert outputs["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == OUTPUTS["otlp_http_endpoint"]
    assert not outputs.get("dashboard_url")
    assert not outputs.get("grafana_password")


def test_an_output_that_is_needed_and_not_offered_is_named(teams: Teams) -> None:
    teams.offer("without-loki", {key: value for key, value in OUTPUTS.items() if "loki" not in key})
    refused = refusal(teams.consumer)
    assert "organization/observability/without-loki' does not offer loki_push_url" in refused
    assert (
        "It offers contract_version, environment, grafana_url, grafana_username, otlp_http_endpoint"
        in refused
    )


def test_another_contract_version_is_refused(teams: Teams) -> None:
    teams.offer("newer", {**OUTPUTS, "contract_version": "2"})
    refused = refusal(teams.consumer)
    assert "'organization/observability/newer' has contract_version '2'" in refused
    assert "install observability-sdk 2.x" in refused


def refusal(project: Project) -> str:
    """Return what is printed when an update is refused, which changes nothing and explains itself."""
    output = project.run("up", "--yes", "--skip-preview", "--stack", project.stack, succeeds=False)
    assert "Traceback" not in output
    assert project.outputs() == {}
    return output
