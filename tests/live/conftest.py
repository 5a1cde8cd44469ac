"""The stack `local`, deployed once for the whole tier: real engine, real servers, a sample application."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.live.receiver import Receiver, receiving
from tests.project import SHOP_PORT, Project, free_offset, until

QUICK: dict[str, Any] = {
    "metrics.scrapeInterval": "2s",
    "alerting.groupWait": "1s",
    "alerting.groupInterval": "2s",
    "thresholds.window": "15s",
    "thresholds.errorRatioFor": "2s",
}
"""Settings that make in seconds visible what takes minutes with the defaults."""


SPOKE = "edge"
"""Name and environment of the stack that feeds this one."""


def get(url: str, **parameters: str) -> Any:
    """Return the JSON that a server answers with."""
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    with urllib.request.urlopen(url + query, timeout=10) as response:
        return json.load(response)


def post(url: str, body: object) -> int:
    """Send JSON and return the status."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return int(response.status)


@dataclass
class Stack:
    """A running stack and how to ask it."""

    project: Project
    outputs: dict[str, Any]
    receiver: Receiver

    def metric(self, query: str) -> list[dict[str, Any]]:
        """Return the result of a PromQL instant query."""
        result: list[dict[str, Any]] = get(f"{self.outputs['prometheus_url']}/api/v1/query", query=query)[
            "data"
        ]["result"]
        return result

    def logs(self, query: str) -> list[dict[str, Any]]:
        """Return the streams of a LogQL query over the last hour."""
        url = f"{self.outputs['loki_url']}/loki/api/v1/query_range"
        result: list[dict[str, Any]] = get(url, query=query, since="1h", limit="1000")["data"]["result"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        """Return the groups of rules as Prometheus evaluated them."""
        groups: list[dict[str, Any]] = get(f"{self.outputs['prometheus_url']}/api/v1/rules")["data"]["groups"]
        return groups

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """Return the spans of a trace, none where Jaeger does not know it."""
        try:
            spans: list[dict[str, Any]] = get(f"{self.outputs['jaeger_url']}/api/traces/{trace_id}")["data"][
                0
            ]["spans"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return spans

    def process(self, name: str) -> psutil.Process:
        """Return the running process of a product; `ProcessLookupError` where there is none."""
        running: dict[int, tuple[psutil.Process, int]] = {}
        for process in psutil.process_iter():
            try:
                environment = process.environ()
                if (
                    environment.get("SUPERVISOR_PROCESS_NAME") == name
                    and Path(environment["OBSERVABILITY_STACK_DIRECTORY"]) == self.project.directory.resolve()
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    running[process.pid] = process, process.ppid()
            except (psutil.Error, OSError):
                continue
        # A product that starts another program looks like two of itself until that program is loaded.
        found = [process for process, parent in running.values() if parent not in running]
        assert len(found) <= 1, f"{name} runs more than once: {found}"
        if not found:
            raise ProcessLookupError(f"{name} does not run")
        return found[0]

    def kill(self, name: str) -> None:
        """Kill a product with SIGKILL and wait until another process has taken its place and is healthy."""
        victim = self.process(name)
        victim.kill()
        victim.wait(10)
        until(lambda: self.process(name).pid != victim.pid, seconds=30, what=f"{name} started again")
        self.healthy()

    def healthy(self) -> None:
        """Wait until the stack's own health check is content."""

        def content() -> bool:
            result = self.project.operations("health")
            if result.returncode:
                raise OSError(result.stdout + result.stderr)
            return True

        until(content, seconds=60, what="healthy")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The deployed stack; everything it started is stopped at the end."""
    with receiving() as receiver:
        project = Project.copy(tmp_path_factory.mktemp("live"))
        offset = free_offset()
        entry = project.path / "examples" / "shop" / "service.yaml"
        (project.path / "catalog" / "shop.yaml").write_text(
            entry.read_text().replace(str(SHOP_PORT), str(SHOP_PORT + offset))
        )
        project.configure(
            {
                **QUICK,
                "portOffset": offset,
                "spokes[0]": SPOKE,
                "alerting.receivers[0].name": "oncall",
                "alerting.receivers[0].webhook.url": receiver.url,
            }
        )
        try:
            project.up()
            yield Stack(project, project.outputs(secrets=True), receiver)
        finally:
            project.destroy()


@dataclass
class Shop:
    """The running sample application."""

    url: str

    def order(self) -> int:
        """Send one order; return the status of the answer."""
        request = urllib.request.Request(
            f"{self.url}/orders", b'{"item": "tea"}', {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return int(error.code)

    def fail(self, ratio: float) -> None:
        """Make that share of the requests fail."""
        post(f"{self.url}/faults", {"error_ratio": ratio})


@pytest.fixture(scope="session")
def shop(stack: Stack) -> Iterator[Shop]:
    """The sample application under the name and at the place that its catalogue entry says."""
    text = (stack.project.path / "catalog" / "shop.yaml").read_text()
    port = text.split("127.0.0.1:")[1].split('"')[0]
    process = subprocess.Popen(
        ["python", "-m", "examples.shop", "--port", port, "--log-file", ".state/shop.log"],
        cwd=stack.project.path,
        env={
            **stack.project.environment,
            "OTEL_EXPORTER_OTLP_ENDPOINT": stack.outputs["otlp_http_endpoint"],
        },
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: get(f"{url}/healthz"), seconds=20, what="the shop answers")
        yield Shop(url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
