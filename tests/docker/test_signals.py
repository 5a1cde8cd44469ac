"""Metrics, log lines, traces and alerts arrive."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docker.conftest import Receiver
from tests.docker.stack import Stack
from tests.live.test_faults import send_log, send_trace
from tests.project import until

pytestmark = pytest.mark.docker


def test_every_part_is_scraped(stack: Stack) -> None:
    def up() -> set[str]:
        found = {sample["metric"]["job"]: sample["value"][1] for sample in stack.metric("up")}
        assert found, "nothing is scraped"
        down = {job for job, value in found.items() if value != "1"}
        if down:
            raise OSError(f"down: {down}")
        return set(found)

    jobs = until(up, seconds=30, what="all targets up")
    assert {"prometheus", "loki", "jaeger", "alertmanager", "collector"} <= jobs


def test_a_trace_and_a_log_line_arrive(stack: Stack) -> None:
    endpoint = stack.outputs["otlp_http_endpoint"]
    trace, line = send_trace(endpoint), send_log(endpoint)
    until(lambda: stack.trace(trace), seconds=30, what="the trace")
    until(lambda: stack.logs(f'{{service="probe"}} |= "{line}"'), seconds=30, what="the log line")


def test_an_alert_is_delivered(stack: Stack, receiver: Receiver) -> None:
    stack.engine.post(f"/containers/{stack.id('node-exporter')}/stop", t="1")

    def delivered() -> list[dict[str, Any]]:
        return [a for a in receiver.alerts("TargetDown", "firing") if a["labels"].get("job") == "node"]

    try:
        # What has stopped is started by the next deployment, and by nothing else.
        alerts = until(delivered, seconds=120, what="TargetDown arrives")
        assert alerts[0]["labels"]["environment"] == stack.name
    finally:
        stack.engine.post(f"/containers/{stack.id('node-exporter')}/start")
    stack.healthy()


def test_an_alert_that_nobody_could_deliver_is_delivered_later(stack: Stack, receiver: Receiver) -> None:
    def delivered() -> list[dict[str, Any]]:
        return [a for a in receiver.alerts("TargetDown", "firing") if a["labels"].get("job") == "blackbox"]

    def pending() -> list[dict[str, Any]]:
        return stack.metric('ALERTS{alertname="TargetDown",job="blackbox",alertstate="firing"}')

    alertmanager, prober = stack.id("alertmanager"), stack.id("blackbox-exporter")
    stack.engine.post(f"/containers/{alertmanager}/stop")
    try:
        stack.engine.post(f"/containers/{prober}/stop", t="1")
        until(pending, seconds=60, what="TargetDown fires")
        assert not delivered()
        stack.engine.post(f"/containers/{alertmanager}/start")
        until(delivered, seconds=120, what="TargetDown arrives")
    finally:
        for container in (alertmanager, prober):
            stack.engine.post(f"/containers/{container}/start")
    stack.healthy()


def test_the_dead_mans_switch_is_fed(receiver: Receiver) -> None:
    until(lambda: receiver.alerts("Watchdog", "firing"), seconds=90, what="Watchdog, once a minute")
