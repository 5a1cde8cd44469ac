"""A change rolls what it concerns, and no data goes with a container."""

from __future__ import annotations

import json

import pytest

from tests.docker.stack import Stack, changes, volumes
from tests.live.conftest import get
from tests.live.test_faults import send_log
from tests.project import until

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]


def test_a_changed_threshold_reaches_prometheus_while_it_runs(stack: Stack) -> None:
    before = stack.containers()
    stack.project.configure({"thresholds.cpuRatio": "0.71"})
    assert changes(stack.project.preview("--json")) == {
        "prometheus-configuration-loader": "replace",
        "grafana-configuration-loader": "replace",
    }
    stack.project.up()
    after = stack.containers()
    assert {name: c["State"]["Pid"] for name, c in after.items()} == {
        name: c["State"]["Pid"] for name, c in before.items()
    }

    def rules() -> str:
        return json.dumps(get(f"{stack.outputs['prometheus_url']}/api/v1/rules"))

    until(lambda: "> 0.71" in rules(), seconds=40, what="the new threshold is evaluated")
    assert stack.metric("prometheus_config_last_reload_successful")[0]["value"][1] == "1"


def test_a_replaced_container_keeps_its_volume(stack: Stack) -> None:
    line = send_log(stack.outputs["otlp_http_endpoint"])
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: stack.logs(query), seconds=30, what="the line before the replacement")
    before, kept = stack.containers(), volumes(stack.engine, stack.name)

    stack.project.configure({"logs.retention": "30d"})
    stack.project.up()
    after = stack.containers()
    assert {name for name in after if after[name]["Id"] != before[name]["Id"]} == {"loki"}
    assert volumes(stack.engine, stack.name) == kept
    stack.healthy()
    until(lambda: stack.logs(query), seconds=30, what="the line after the replacement")
    stack.project.preview("--expect-no-changes")
