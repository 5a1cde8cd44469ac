"""A change rolls what it concerns, and no data goes with a pod."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import versions
from tests.kubernetes import images
from tests.kubernetes.conftest import CANARIES
from tests.kubernetes.stack import Stack, restarts
from tests.live.conftest import get
from tests.live.test_faults import send_log
from tests.project import until

pytestmark = pytest.mark.kubernetes


def identities(stack: Stack) -> dict[str, tuple[str, int]]:
    """Return product → its pod and how often that was started again."""
    return {name: (pod["metadata"]["uid"], restarts(pod)) for name, pod in stack.pods().items()}


def test_a_changed_threshold_reaches_prometheus_while_it_runs(stack: Stack) -> None:
    before = identities(stack)
    stack.project.configure({"thresholds.cpuRatio": "0.71"})
    stack.project.up()

    def rules() -> str:
        return json.dumps(get(f"{stack.address('prometheus')}/api/v1/rules"))

    until(lambda: "> 0.71" in rules(), seconds=60, what="the new threshold is evaluated")
    assert stack.metric("prometheus_config_last_reload_successful")[0]["value"][1] == "1"
    after = identities(stack)
    # Grafana shows the threshold in its dashboards.
    assert {name for name in before if before[name] != after[name]} <= {"grafana"}


def test_a_rotated_secret_is_in_the_new_pod_alone(stack: Stack) -> None:
    file = "/run/secrets/alertmanager/slackApiUrl"
    assert stack.file("alertmanager", file).read_text() == CANARIES["slackApiUrl"]
    before, rotated = identities(stack), f"{CANARIES['slackApiUrl']}-rotated"
    stack.project.run("config", "set", "--secret", "slackApiUrl", rotated, "--stack", stack.project.stack)
    stack.project.up()
    stack.ready()
    assert stack.file("alertmanager", file).read_text() == rotated
    after = identities(stack)
    assert {name for name in before if before[name] != after[name]} == {"alertmanager"}


def test_secrets_are_in_secrets_and_nowhere_else(stack: Stack) -> None:
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
    found = {(key, place) for key, secret in CANARIES.items() for place in places if secret in places[place]}
    assert found == set()


def test_an_upgrade_keeps_the_data(stack: Stack) -> None:
    line = send_log(stack.address("collector"))
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: stack.logs(query), seconds=30, what="the line before the upgrade")
    before = identities(stack)

    # The same program under the tag of a later version: what is tested is the way of the data.
    later = f"{versions.LOKI.tag}0"
    images.make_as(stack.cluster, versions.LOKI, later)
    file = stack.project.path / "versions.py"
    file.write_text(file.read_text().replace(f'"{versions.LOKI.tag}"', f'"{later}"'))
    stack.project.up()
    stack.ready()
    after = identities(stack)
    assert {name for name in before if before[name] != after[name]} == {"loki"}
    assert stack.pod("loki")["spec"]["containers"][0]["image"].endswith(later)
    until(lambda: stack.logs(query), seconds=30, what="the line after the upgrade")
    stack.project.preview("--expect-no-changes")
