"""A change rolls what it concerns, and no data goes with a pod."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import versions
from tests.kubernetes import images
from tests.kubernetes.conftest import CANARIES
from tests.kubernetes.stack import NAMESPACE, Stack, restarts
from tests.live.conftest import get
from tests.live.test_faults import send_log
from tests.project import until

pytestmark = pytest.mark.kubernetes

ROTATED = "https://chat.example.org/canary-of-slack-rotated"
SECRET_FILE = "/run/secrets/alertmanager/slackApiUrl"
UPGRADED = f"{versions.LOKI.tag}0"
"""Tag of a later version. It has the same program: what is tested is the way of the data."""


@dataclass(frozen=True)
class Changed:
    """What one deployment with a new threshold, another secret and a later version of Loki was to do."""

    before: Mapping[str, tuple[str, int]]
    """Product → its pod before, and how often that had been started again."""
    line: str
    """A line that Loki had before."""


def identities(stack: Stack) -> dict[str, tuple[str, int]]:
    """Return product → its pod and how often that was started again."""
    return {name: (pod["metadata"]["uid"], restarts(pod)) for name, pod in stack.pods().items()}


def lines(stack: Stack, line: str) -> bool:
    """Whether Loki knows a line."""
    return bool(stack.logs(f'{{service="probe"}} |= "{line}"'))


@pytest.fixture(scope="module")
def changed(stack: Stack) -> Changed:
    """Change the running stack."""
    line = send_log(stack.address("collector"))
    until(lambda: lines(stack, line), seconds=30, what="the line before the upgrade")
    assert stack.file("alertmanager", SECRET_FILE).read_text() == CANARIES["slackApiUrl"]
    before = identities(stack)

    stack.project.configure({"thresholds.cpuRatio": "0.71"})
    stack.project.run("config", "set", "--secret", "slackApiUrl", ROTATED, "--stack", stack.project.stack)
    images.make_as(stack.cluster, versions.LOKI, UPGRADED)
    file = stack.project.path / "versions.py"
    file.write_text(file.read_text().replace(f'"{versions.LOKI.tag}"', f'"{UPGRADED}"'))
    stack.project.up()
    stack.ready()
    return Changed(before, line)


def test_only_what_a_change_concerns_is_rolled(stack: Stack, changed: Changed) -> None:
    after = identities(stack)
    rolled = {name for name in after if after[name] != changed.before[name]}
    # Grafana's dashboards show the threshold.
    assert rolled - {"grafana"} == {"alertmanager", "loki"}


def test_a_changed_threshold_reaches_prometheus_while_it_runs(stack: Stack, changed: Changed) -> None:
    def rules() -> str:
        return json.dumps(get(f"{stack.address('prometheus')}/api/v1/rules"))

    until(lambda: "> 0.71" in rules(), seconds=60, what="the new threshold is evaluated")
    assert stack.metric("prometheus_config_last_reload_successful")[0]["value"][1] == "1"


def test_a_rotated_secret_is_in_the_new_pod(stack: Stack, changed: Changed) -> None:
    assert stack.file("alertmanager", SECRET_FILE).read_text() == ROTATED
    secrets = json.dumps(list(stack.cluster.api.list("v1", "Secret", "observability")))
    assert "alertmanager-secrets" in secrets
    assert secrets.count('"slackApiUrl":') == 1, "the old secret is gone"


def test_an_upgrade_keeps_the_data(stack: Stack, changed: Changed) -> None:
    assert stack.pod("loki")["spec"]["containers"][0]["image"].endswith(UPGRADED)
    until(lambda: lines(stack, changed.line), seconds=30, what="the line after the upgrade")


def test_secrets_are_in_secrets_and_nowhere_else(stack: Stack, changed: Changed) -> None:
    api = stack.cluster.api
    places = {
        "state": stack.state(),
        "stack file": Path(stack.project.path / f"Pulumi.{stack.project.stack}.yaml").read_text(),
        "outputs": stack.project.run("stack", "output", "--json", "--stack", stack.project.stack),
        **{
            kind: json.dumps(list(api.list(version, kind)))
            for version, kind in (
                ("v1", "Pod"),
                ("v1", "ConfigMap"),
                ("apps/v1", "StatefulSet"),
                ("apps/v1", "Deployment"),
                ("apps/v1", "ControllerRevision"),
                ("v1", "Event"),
            )
        },
    }
    assert all(places.values())
    secrets = {*CANARIES.values(), ROTATED}
    found = {(secret, place) for secret in secrets for place, text in places.items() if secret in text}
    assert found == set()


def test_a_volume_grows_under_a_running_pod(stack: Stack, changed: Changed) -> None:
    before = identities(stack)
    claim = stack.cluster.api.path("v1", "PersistentVolumeClaim", NAMESPACE, "data-jaeger-0")
    assert stack.cluster.api.get(claim)["status"]["capacity"]["storage"] == "2Gi"
    stack.project.configure({"traces.storage": "3Gi"})
    grown = stack.project.operations("grow")
    assert "data-jaeger-0: grows from 2Gi to 3Gi" in grown.stdout, grown.stderr

    def capacity() -> bool:
        return bool(stack.cluster.api.get(claim)["status"]["capacity"]["storage"] == "3Gi")

    until(capacity, seconds=30, what="the larger volume")
    stack.project.up()
    assert identities(stack) == before
    owner = stack.pod("jaeger")["metadata"]["ownerReferences"][0]
    path = stack.cluster.api.path("apps/v1", "StatefulSet", NAMESPACE, "jaeger")
    assert owner["uid"] == stack.cluster.api.get(path)["metadata"]["uid"], "it has taken its pod back"
