"""The stack `dev` on a real engine, deployed once for the whole tier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.docker import images
from tests.docker.engine import an_engine
from tests.docker.stack import Stack, clean, copy, remove, run
from tests.docker.summary import write_summary
from tests.live.conftest import QUICK
from tests.project import free_offset
from tests.standin.docker_api import Docker

NAME = "dev"
CANARIES = {
    "grafanaPassword": "canary-of-the-administrator",
    "slackApiUrl": "https://chat.example.org/canary-of-slack",
}
_HOOK = "receiver-of-the-tests"
_RECEIVER = """
mkdir -p /tmp/www/cgi-bin
printf '#!/bin/sh\\ncat >&2; echo >&2; printf "Status: 200\\\\r\\\\n\\\\r\\\\n"\\n' > /tmp/www/cgi-bin/hook
chmod +x /tmp/www/cgi-bin/hook
trap 'exit 0' TERM
httpd -f -p 8080 -h /tmp/www & wait
"""
"""A web server whose log is what it is sent."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tier ran with."""
    write_summary(terminalreporter)


@pytest.fixture(scope="session")
def engine() -> Iterator[Docker]:
    """An engine with the stack's images."""
    with an_engine() as engine:
        images.make(engine)
        yield engine


@dataclass
class Receiver:
    """A container on the stack's private network that takes webhooks."""

    engine: Docker
    container: str

    def alerts(self, name: str, status: str) -> list[dict[str, Any]]:
        """Return the alerts of that name and status that arrived."""
        bodies = [line for line in self.engine.logs(self.container).splitlines() if line.startswith("{")]
        alerts = [alert for body in bodies for alert in json.loads(body)["alerts"]]
        return [a for a in alerts if a["labels"]["alertname"] == name and a["status"] == status]


@pytest.fixture(scope="session")
def stack(engine: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The deployed stack; everything it made goes at the end, its data included."""
    settings = {
        **QUICK,
        "thresholds.targetDownFor": "2s",
        "portOffset": free_offset(),
        "alerting.receivers[0].name": "oncall",
        "alerting.receivers[0].webhook.url": "http://receiver:8080/cgi-bin/hook",
        "alerting.receivers[1].name": "chat",
        "alerting.receivers[1].slack.channel": "#alerts",
    }
    project = copy(tmp_path_factory.mktemp("docker"), engine, **settings)
    for key, value in CANARIES.items():
        project.run("config", "set", "--secret", key, value, "--stack", project.stack)
    stack = Stack(project, engine, NAME)
    clean(engine, NAME)
    try:
        project.up()
        stack.outputs = project.outputs(secrets=True)
        yield stack
    finally:
        remove(engine, _HOOK)
        project.run("destroy", "--yes", "--skip-preview", "--stack", project.stack, succeeds=None)
        clean(engine, NAME)


@pytest.fixture(scope="session")
def receiver(stack: Stack, engine: Docker) -> Iterator[Receiver]:
    """The receiver that the stack's alerts go to."""
    container = run(engine, _RECEIVER, name=_HOOK)
    body = {"Container": container, "EndpointConfig": {"Aliases": ["receiver"]}}
    engine.post(f"/networks/observability-{NAME}-private/connect", body)
    yield Receiver(engine, container)
    remove(engine, container)
