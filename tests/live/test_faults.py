"""Kill any process: it comes back, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.live.conftest import Stack, get, post
from tests.project import until

_RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "probe"}}]}


def send_trace(endpoint: str) -> str:
    """Send one span by OTLP; return its trace id once the collector has acknowledged it."""
    trace_id, now = os.urandom(16).hex(), time.time_ns()
    span = {
        "traceId": trace_id,
        "spanId": os.urandom(8).hex(),
        "name": "probe",
        "startTimeUnixNano": str(now - 1_000_000),
        "endTimeUnixNano": str(now),
    }
    body = {"resourceSpans": [{"resource": _RESOURCE, "scopeSpans": [{"spans": [span]}]}]}
    assert post(f"{endpoint}/v1/traces", body) == 200
    return trace_id


def send_log(endpoint: str) -> str:
    """Send one log line by OTLP; return its text once the collector has acknowledged it."""
    text = os.urandom(16).hex()
    record = {"timeUnixNano": str(time.time_ns()), "severityNumber": 9, "body": {"stringValue": text}}
    body = {"resourceLogs": [{"resource": _RESOURCE, "scopeLogs": [{"logRecords": [record]}]}]}
    assert post(f"{endpoint}/v1/logs", body) == 200
    return text


def silence(alertmanager: str) -> str:
    """Silence an alert that there is not; return the comment."""
    now, comment = datetime.now(UTC), "must survive a kill"
    body = {
        "matchers": [{"name": "alertname", "value": "NoSuchAlert", "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "test",
        "comment": comment,
    }
    assert post(f"{alertmanager}/api/v2/silences", body) == 200
    return comment


@pytest.fixture(scope="module")
def silenced(stack: Stack) -> str:
    """The comment of a silence that was made when the first of these tests began."""
    return silence(stack.outputs["alertmanager_url"])


@pytest.mark.usefixtures("silenced")
def test_prometheus_keeps_its_samples(stack: Stack) -> None:
    until(lambda: stack.metric("sum(up)"), seconds=20, what="a sample")
    asked = time.time()

    def before() -> list[Any]:
        result = get(
            f"{stack.outputs['prometheus_url']}/api/v1/query_range",
            query="sum(up)",
            start=str(asked - 30),
            end=str(asked),
            step="1",
        )["data"]["result"]
        return list(result[0]["values"]) if result else []

    samples = until(before, seconds=20, what="samples before the kill")
    stack.kill("prometheus")
    assert before() == samples


def test_loki_keeps_acknowledged_lines(stack: Stack) -> None:
    texts = [send_log(stack.outputs["otlp_http_endpoint"]) for _ in range(20)]
    stack.kill("loki")
    for text in texts:
        until(lambda text=text: stack.logs(f'{{service="probe"}} |= "{text}"'), seconds=30, what=text)  # type: ignore[misc]


def test_jaeger_keeps_acknowledged_traces(stack: Stack) -> None:
    traces = [send_trace(stack.outputs["otlp_http_endpoint"]) for _ in range(20)]
    for trace in traces:
        until(lambda trace=trace: stack.trace(trace), seconds=30, what=trace)  # type: ignore[misc]
    stack.kill("jaeger")
    assert all(stack.trace(trace) for trace in traces)


def test_the_collector_keeps_what_it_acknowledged_while_the_stores_are_away(stack: Stack) -> None:
    jaeger, loki = stack.process("jaeger"), stack.process("loki")
    jaeger.suspend()
    loki.suspend()
    try:
        traces = [send_trace(stack.outputs["otlp_http_endpoint"]) for _ in range(10)]
        texts = [send_log(stack.outputs["otlp_http_endpoint"]) for _ in range(10)]
        victim = stack.process("collector")
        victim.kill()
        victim.wait(10)
    finally:
        jaeger.resume()
        loki.resume()
    until(lambda: stack.process("collector").pid != victim.pid, seconds=30, what="collector started again")
    stack.healthy()
    for trace in traces:
        until(lambda trace=trace: stack.trace(trace), seconds=60, what=trace)  # type: ignore[misc]
    for text in texts:
        until(lambda text=text: stack.logs(f'{{service="probe"}} |= "{text}"'), seconds=60, what=text)  # type: ignore[misc]


def test_alertmanager_keeps_a_silence_that_is_a_minute_old(stack: Stack, silenced: str) -> None:
    written = stack.project.directory / "alertmanager" / "data" / "silences"
    until(
        lambda: written.exists() and silenced.encode() in written.read_bytes(),
        seconds=75,
        what="the silence is written to disk, once a minute",
    )
    stack.kill("alertmanager")
    assert [each["comment"] for each in get(f"{stack.outputs['alertmanager_url']}/api/v2/silences")] == [
        silenced
    ]


def test_node_exporter_comes_back(stack: Stack) -> None:
    stack.kill("node-exporter")
