"""A spoke logs in at its hub: a real Prometheus and a real collector push through a real HAProxy."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import toolchain
from components import collector, hub, prometheus
from components.hub import Intake
from components.login_proxy import NAME
from mixins.model import Links
from mixins.thresholds import Thresholds
from rendering import to_yaml
from runtimes.process import LoopbackPlacement
from scraping import own_jobs
from settings import Settings
from settings.model import Metrics
from tests.project import free_offset, until
from tests.tools.test_login_proxy import ARRIVED, PUSH_PASSWORD, running

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed (apt: haproxy)"),
]


@contextmanager
def process(program: str, *arguments: str, log: Path) -> Iterator[None]:
    """Run one of the stack's programs."""
    found = toolchain.find(program)
    assert found, f"{program} is not installed; run: make setup"
    with log.open("wb") as output:
        started = subprocess.Popen([found, *arguments], stdout=output, stderr=output)
        try:
            yield
        finally:
            started.terminate()
            started.wait(30)


def write(files: Mapping[str, str]) -> None:
    for path, text in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")


def test_a_spoke_gets_through_the_login_of_its_hub(tmp_path: Path) -> None:
    hosts = {"prometheus": "127.0.0.1", "collector": "localhost"}
    with ExitStack() as everything:
        proxy = everything.enter_context(running(tmp_path, hosts))
        port = proxy.placement.address(NAME, "http").rpartition(":")[2]
        intake = Intake(f"http://127.0.0.1:{port}/api/v1/write", f"http://localhost:{port}", "push")
        settings = Settings(
            stack="edge", target="process", port_offset=free_offset(), data_directory=str(tmp_path / "edge")
        )
        placement = LoopbackPlacement(settings)
        scraping: prometheus.PrometheusArgs = {
            "environment": "edge",
            "metrics": Metrics(scrape_interval="1s"),
            "jobs": own_jobs(("prometheus",), placement),
            "rule_folders": (),
            "mixins": (),
            "thresholds": Thresholds(),
            "links": Links(),
        }
        collecting: collector.CollectorArgs = {
            "environment": "edge",
            "logs": (),
            "engine": None,
            "services": (),
        }
        metrics, lines = (f"{placement.config(name)}/{name}.yaml" for name in ("prometheus", "collector"))
        write(
            {
                metrics: to_yaml(prometheus.configuration(scraping, placement, intake)),
                lines: to_yaml(collector.configuration(collecting, placement, intake)),
                placement.secret("prometheus", hub.PASSWORD): PUSH_PASSWORD,
                placement.secret("collector", hub.AUTHORIZATION): hub._basic("push", PUSH_PASSWORD),
            }
        )
        ARRIVED.clear()
        arguments = prometheus.workload(scraping, placement).arguments
        everything.enter_context(process("prometheus", *arguments, log=tmp_path / "prometheus.log"))
        everything.enter_context(process("otelcol", f"--config={lines}", log=tmp_path / "collector.log"))
        until(lambda: "/api/v1/write" in ARRIVED, seconds=60, what="samples at the hub")
        record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "hello"}}
        body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
        request = urllib.request.Request(
            f"http://{placement.address('collector', 'otlp-http')}/v1/logs",
            body,
            {"Content-Type": "application/json"},
        )
        until(lambda: urllib.request.urlopen(request, timeout=5).status == 200, seconds=30, what="the intake")
        until(lambda: "/v1/logs" in ARRIVED, seconds=30, what="log lines at the hub")
