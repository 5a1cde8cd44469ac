"""A second stack that feeds the first, on one machine.

The file runs after those that want the first stack quiet: a spoke that has gone is a reason for an alert.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml

from tests.live.conftest import SPOKE, Stack, get, post
from tests.project import free_offset, until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def spoke(stack: Stack) -> Iterator[Stack]:
    """A deployed stack whose hub is the other one."""
    project = replace(stack.project, stack=SPOKE)
    settings = {
        "target": "process",
        "portOffset": free_offset(),
        "metrics": {"scrapeInterval": "1s"},
        "catalog": [],
        "hub": {"stack": f"organization/observability/{stack.project.stack}"},
    }
    config = {f"observability:{key}": value for key, value in settings.items()}
    (project.path / f"Pulumi.{SPOKE}.yaml").write_text(yaml.safe_dump({"config": config}))
    project.run("stack", "init", SPOKE)
    try:
        project.up()
        yield Stack(project, project.outputs(secrets=True), stack.receiver)
    finally:
        project.destroy()


def send(spoke: Stack, service: str) -> str:
    """Send one log line and one span to the spoke; return the id of the trace, which is also the text."""
    trace_id, now = os.urandom(16).hex(), time.time_ns()
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    record = {"timeUnixNano": str(now), "severityNumber": 9, "body": {"stringValue": trace_id}}
    span = {
        "traceId": trace_id,
        "spanId": os.urandom(8).hex(),
        "name": "probe",
        "kind": 2,
        "startTimeUnixNano": str(now - 1_000_000),
        "endTimeUnixNano": str(now),
    }
    endpoint = spoke.outputs["otlp_http_endpoint"]
    logs = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
    spans = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    assert post(f"{endpoint}/v1/logs", logs) == post(f"{endpoint}/v1/traces", spans) == 200
    return trace_id


def test_the_hub_has_the_spokes_series_under_its_environment_and_records_its_own(
    stack: Stack, spoke: Stack
) -> None:
    until(lambda: stack.metric(f'up{{environment="{SPOKE}", job="node"}}'), seconds=30, what="a series")
    until(
        lambda: stack.metric(f'job:up:ratio{{environment="{SPOKE}", job="node"}}'),
        seconds=30,
        what="a record",
    )
    assert len(stack.metric('up{job="node"}')) == 2
    written = get(f"{spoke.outputs['prometheus_url']}/api/v1/label/__name__/values")["data"]
    assert "job:up:ratio" in written, "the spoke evaluates its rules itself"
    up = until(lambda: stack.metric("environment:up:count"), seconds=30, what="the count of targets")
    assert up[0]["metric"]["environment"] == SPOKE


def test_the_hub_does_not_notify_of_what_the_spoke_notifies_of(stack: Stack, spoke: Stack) -> None:
    config = get(f"{stack.outputs['prometheus_url']}/api/v1/status/config")["data"]["yaml"]
    assert f"regex: {SPOKE}\n    replacement: $1\n    action: drop" in config
    firing = get(f"{stack.outputs['alertmanager_url']}/api/v2/alerts")
    assert not [alert for alert in firing if alert["labels"].get("environment") == SPOKE]


def test_lines_and_traces_are_found_in_both_and_derived_once(stack: Stack, spoke: Stack) -> None:
    trace_id = send(spoke, "from-the-edge")
    query = f'{{service="from-the-edge", environment="{SPOKE}"}} |= "{trace_id}"'
    for where in (stack, spoke):
        until(lambda where=where: where.logs(query), seconds=30, what="the line")  # type: ignore[misc]
        until(lambda where=where: where.trace(trace_id), seconds=30, what="the trace")  # type: ignore[misc]
    calls = 'traces_span_metrics_calls_total{service_name="from-the-edge"}'
    until(lambda: stack.metric(calls), seconds=60, what="what is derived from spans")
    assert {series["metric"].get("environment") for series in stack.metric(calls)} == {SPOKE}


def test_a_hub_that_was_away_has_everything_afterwards(stack: Stack, spoke: Stack) -> None:
    up = 'up{job="node"}'
    away = [stack.process(name) for name in ("prometheus", "collector")]
    for process in away:
        process.suspend()
    try:
        begin = time.time()
        text = send(spoke, "while-away")
        seen = f'{{service="while-away"}} |= "{text}"'
        until(lambda: spoke.logs(seen), seconds=30, what="the line in the spoke itself")
        inside = f"count_over_time({up}[5s] @ {begin + 6})"
        until(
            lambda: time.time() > begin + 7 and spoke.metric(f"{inside} >= 4"),
            seconds=30,
            what="samples in the spoke",
        )
    finally:
        for process in away:
            process.resume()
    until(lambda: stack.logs(seen), seconds=60, what="the line in the hub")
    until(lambda: stack.trace(text), seconds=60, what="the trace in the hub")
    there = inside.replace("{", f'{{environment="{SPOKE}", ')
    until(lambda: stack.metric(f"{there} >= 4"), seconds=60, what="the samples in the hub")
