"""Kill, remove, take away: it comes back, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from runtimes.process import usual_ports
from tests.docker.stack import NOWHERE, Stack, changes, copy
from tests.live.conftest import get
from tests.live.test_faults import send_log, send_trace, silence
from tests.project import free_offset, until

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def silenced(stack: Stack) -> str:
    """The comment of a silence that was made when the first of these tests began."""
    return silence(stack.outputs["alertmanager_url"])


@pytest.mark.usefixtures("silenced")
def test_prometheus_keeps_its_samples(stack: Stack) -> None:
    until(lambda: stack.metric("sum(up)"), seconds=20, what="a sample")
    asked = time.time()

    def samples() -> list[Any]:
        url, window = f"{stack.outputs['prometheus_url']}/api/v1/query_range", asked - 20
        found = get(url, query="sum(up)", start=str(window), end=str(asked), step="1")["data"]["result"]
        return list(found[0]["values"]) if found else []

    before = until(samples, seconds=30, what="samples before the kill")
    stack.kill("prometheus")
    assert samples() == before


def test_loki_and_jaeger_keep_what_the_collector_acknowledged(stack: Stack) -> None:
    endpoint = stack.outputs["otlp_http_endpoint"]
    lines, traces = [send_log(endpoint) for _ in range(10)], [send_trace(endpoint) for _ in range(10)]
    stack.kill("collector")
    for product in ("loki", "jaeger"):
        until(lambda: all(stack.trace(trace) for trace in traces), seconds=60, what="all traces")
        until(
            lambda: all(stack.logs(f'{{service="probe"}} |= "{line}"') for line in lines),
            seconds=60,
            what="all lines",
        )
        stack.kill(product)
    assert all(stack.trace(trace) for trace in traces)
    until(
        lambda: all(stack.logs(f'{{service="probe"}} |= "{line}"') for line in lines),
        seconds=60,
        what="all lines after the kill",
    )


@pytest.mark.parametrize("product", ["grafana", "node-exporter"])
def test_what_keeps_no_signals_comes_back(stack: Stack, product: str) -> None:
    stack.kill(product)


def test_a_removed_container_is_restored_with_its_data_and_a_stopped_one_is_started(stack: Stack) -> None:
    line = send_log(stack.outputs["otlp_http_endpoint"])
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: stack.logs(query), seconds=30, what="the line")
    stack.engine.delete(f"/containers/{stack.id('loki')}", force="1")
    stack.engine.post(f"/containers/{stack.id('jaeger')}/stop")
    found = changes(stack.project.preview("--refresh", "--json"))
    assert set(found) == {"loki-container", "jaeger-container"}
    assert found["loki-container"] == "create"
    stack.project.up("--refresh")
    stack.healthy()
    until(lambda: stack.logs(query), seconds=30, what="the line in the new container")


def test_a_port_that_is_taken_between_check_and_start_is_no_trap(stack: Stack) -> None:
    port = usual_ports()["jaeger-http"] + free_offset()
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", port))
        foreign.listen()
        stack.project.configure({"ports.jaeger-http": port})
        refused = stack.project.preview(succeeds=False)
        assert f"ports: {port} (jaeger-http) is taken by pid {os.getpid()}" in refused
        assert "Traceback" not in refused
        failed = stack.project.run(
            "up",
            "--yes",
            "--skip-preview",
            "--stack",
            stack.name,
            succeeds=False,
            OBSERVABILITY_SKIP_PREFLIGHT="1",
        )
        assert str(port) in failed
    stack.project.up("--refresh")
    stack.healthy()
    stack.project.preview("--expect-no-changes")
    stack.outputs = stack.project.outputs(secrets=True)
    assert stack.outputs["jaeger_url"] == f"http://127.0.0.1:{port}"


def test_an_engine_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    project = copy(tmp_path, NOWHERE)
    output = project.run("preview", "--stack", "dev", succeeds=False, seconds=30)
    problem = f"docker.host: no docker engine answers at {NOWHERE.host}: there is no such socket"
    assert problem in output
    assert "Traceback" not in output


def test_alertmanager_keeps_a_silence(stack: Stack, silenced: str) -> None:
    def written() -> bool:
        path = f"/containers/{stack.id('alertmanager')}/archive"
        file = stack.engine.request("GET", path, None, "", path="/var/lib/alertmanager/silences")
        return silenced.encode() in file

    until(written, seconds=90, what="the silence is written to disk, once a minute")
    stack.kill("alertmanager")
    found = get(f"{stack.outputs['alertmanager_url']}/api/v2/silences")
    assert [each["comment"] for each in found] == [silenced]
