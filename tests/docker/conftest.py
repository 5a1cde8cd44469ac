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
from tests.live.conftest import QUICK
from tests.project import free_offset
from tests.standin.docker_api import Docker

NAME = "dev"
SHOP = "network-of-a-shop"
"""Network of a compose project that is not ours and that the stack is told to join."""
_CART = """
service: cart
team: checkout
probes: ["http://cart:8080/cgi-bin/metrics"]
"""
CANARIES = {
    "grafanaPassword": "canary-of-the-administrator",
    "slackApiUrl": "https://chat.example.org/canary-of-slack",
}
PROMETHEUS_ADDRESS = "10.213.77.10"
_HOOK = "receiver-of-the-tests"
_RECEIVER = """
mkdir -p /tmp/www/cgi-bin
printf '#!/bin/sh\\ncat >&2; echo >&2; printf "Status: 200\\\\r\\\\n\\\\r\\\\n"\\n' > /tmp/www/cgi-bin/hook
chmod +x /tmp/www/cgi-bin/hook
trap 'exit 0' TERM
httpd -f -p 8080 -h /tmp/www & wait
"""
"""A web server whose log is what it is sent."""


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
        # Podman cuts long lines into several.
        text, alerts, at = self.engine.logs(self.container).replace("\n", ""), list[dict[str, Any]](), 0
        while (at := text.find("{", at)) >= 0:
            try:
                body, at = json.JSONDecoder().raw_decode(text, at)
            except ValueError:  # the end of it has not arrived yet
                break
            alerts += body["alerts"]
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
        "alerting.deadMansSwitch.url": "http://receiver:8080/cgi-bin/hook",
        "catalog[0]": "catalog",
        "docker.subnet": "10.213.77.0/24",
        "docker.addresses.prometheus": PROMETHEUS_ADDRESS,
        "docker.monitoredNetworks[0]": SHOP,
        "alerting.receivers[1].name": "chat",
        "alerting.receivers[1].slack.channel": "#alerts",
    }
    project = copy(tmp_path_factory.mktemp("docker"), engine, **settings)
    for key, value in CANARIES.items():
        project.run("config", "set", "--secret", key, value, "--stack", project.stack)
    (project.path / "catalog" / "cart.yaml").write_text(_CART)
    stack = Stack(project, engine, NAME)
    clean(engine, NAME)
    engine.delete(f"/networks/{SHOP}")
    engine.post("/networks/create", {"Name": SHOP})
    try:
        project.up()
        stack.outputs = project.outputs(secrets=True)
        yield stack
    finally:
        remove(engine, _HOOK)
        project.run("destroy", "--yes", "--skip-preview", "--stack", project.stack, succeeds=None)
        clean(engine, NAME)
        engine.delete(f"/networks/{SHOP}")


@pytest.fixture(scope="session")
def refreshed(stack: Stack) -> str:
    """What a preview prints that looks at every container; it fails where something is left to change."""
    return stack.project.preview("--diff", "--refresh", "--expect-no-changes")


@pytest.fixture(scope="session")
def receiver(stack: Stack, engine: Docker) -> Iterator[Receiver]:
    """The receiver that the stack's alerts go to."""
    container = run(engine, _RECEIVER, name=_HOOK)
    body = {"Container": container, "EndpointConfig": {"Aliases": ["receiver"]}}
    engine.post(f"/networks/observability-{NAME}-private/connect", body)
    yield Receiver(engine, container)
    remove(engine, container)
