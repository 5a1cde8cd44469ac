"""A real Alertmanager on loopback with a routing as the stack configures it."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import toolchain
from components.alertmanager import NAME, workload
from mixins.model import Links
from placement import ContainerPlacement
from settings import Alerting
from tests.project import until

GRAFANA = "http://127.0.0.1:3000"
QUICK = {"groupWait": "0s", "groupInterval": "1s"}
"""Settings that send within seconds."""


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Folder(ContainerPlacement):
    """Files in one folder, one server on one port, what it talks to at another one."""

    path: Path
    port: int
    elsewhere: int

    def listen(self, workload: str, port: str) -> str:
        return f"127.0.0.1:{self.port}"

    def address(self, workload: str, port: str) -> str:
        return f"127.0.0.1:{self.elsewhere}"

    def config(self, workload: str) -> str:
        return str(self.path)

    def data(self, workload: str) -> str:
        return str(self.path / "data")

    def secret(self, workload: str, name: str) -> str:
        return str(self.path / "secrets" / name)


@dataclass
class Alertmanager:
    """A running Alertmanager."""

    url: str
    log: Path

    def get(self, path: str) -> Any:
        """Return the JSON of its API."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as response:
            return json.load(response)

    def text(self, path: str) -> str:
        """Return a page of it."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as response:
            return str(response.read().decode())

    def fire(self, *alerts: Mapping[str, str], resolved: bool = False) -> None:
        """Send alerts with these labels as Prometheus does, with the annotations that all rules have."""
        now = datetime.now(UTC)
        body = [
            {
                "labels": labels,
                "annotations": {
                    "summary": "Something is wrong.",
                    "description": f"{labels['alertname']} has 5 < 7 & more.",
                    "runbook_url": f"https://runbooks.example.org/{labels['alertname']}.md",
                    "dashboard_url": f"{GRAFANA}/d/overview",
                },
                "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
                "startsAt": (now - timedelta(minutes=1)).isoformat(),
                **({"endsAt": now.isoformat()} if resolved else {}),
            }
            for labels in alerts
        ]
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the status of every alert by its name."""
        return {
            alert["labels"]["alertname"]: alert["status"]
            for group in self.get("/api/v2/alerts/groups")
            for alert in group["alerts"]
        }


@contextmanager
def alertmanager(
    alerting: Alerting, folder: Path, port: int, journal: int, secrets: Mapping[str, str] | None = None
) -> Iterator[Alertmanager]:
    """Run Alertmanager until the end of the block; ``journal`` is the port that copies go to."""
    address = f"http://127.0.0.1:{port}"
    public = {NAME: address, "prometheus": "http://127.0.0.1:9090", "grafana": GRAFANA}
    placement = Folder({}, public, folder, port, journal)
    described = workload({"alerting": alerting, "secrets": {}, "links": Links(grafana=GRAFANA)}, placement)
    for name, text in described.files.items():
        (folder / name).write_text(str(text), encoding="utf-8")
    (folder / "secrets").mkdir()
    for key, value in (secrets or {}).items():
        (folder / "secrets" / key).write_text(value, encoding="utf-8")
    program = toolchain.find("alertmanager")
    assert program, "alertmanager is not installed; run: make setup"
    running = Alertmanager(address, folder / "log")
    with running.log.open("wb") as log:
        process = subprocess.Popen([program, *described.arguments], stdout=log, stderr=log)
        try:
            until(lambda: running.text("/-/ready"), seconds=20, what="Alertmanager is ready")
            yield running
        finally:
            process.terminate()
            process.wait(20)


def receivers(*described: Mapping[str, Any], **settings: Any) -> Alerting:
    """Return settings that send within seconds."""
    return Alerting.model_validate({"receivers": list(described), **QUICK, **settings})
