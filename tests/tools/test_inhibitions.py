"""Alertmanager holds back what another alert says better, and what comes at the wrong time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.project import free_offset, until
from tests.tools.alertmanager_server import alertmanager, receivers
from tests.tools.notified import http_stub

pytestmark = pytest.mark.tools

HERE = {"environment": "production"}
SHOP = {**HERE, "service": "shop"}
SPACE = {**HERE, "namespace": "shops"}
CASES: dict[str, tuple[dict[str, str], dict[str, str], bool]] = {
    "critical over warning of the same service": (
        {"alertname": "HighErrorRate", "severity": "critical", **SHOP},
        {"alertname": "HighResponseTime", "severity": "warning", **SHOP},
        True,
    ),
    "not of another service": (
        {"alertname": "HighErrorRate", "severity": "critical", **SHOP},
        {"alertname": "HighResponseTime", "severity": "warning", **SHOP, "service": "cart"},
        False,
    ),
    "not of another environment": (
        {"alertname": "HighErrorRate", "severity": "critical", **SHOP},
        {"alertname": "HighResponseTime", "severity": "warning", **SHOP, "environment": "staging"},
        False,
    ),
    "not where neither has a service": (
        {"alertname": "NodeDown", "severity": "critical", **HERE},
        {"alertname": "HighCPUUsage", "severity": "warning", **HERE},
        False,
    ),
    "warning over info": (
        {"alertname": "HighResponseTime", "severity": "warning", **SHOP},
        {"alertname": "TrafficUnusual", "severity": "info", **SHOP},
        True,
    ),
    "target down over its symptoms": (
        {"alertname": "TargetDown", "severity": "critical", **HERE, "job": "loki", "instance": "a:1"},
        {"alertname": "LokiRequestErrors", "severity": "critical", **HERE, "job": "loki", "instance": "a:1"},
        True,
    ),
    "not of another instance": (
        {"alertname": "TargetDown", "severity": "critical", **HERE, "job": "loki", "instance": "a:1"},
        {"alertname": "LokiRequestErrors", "severity": "critical", **HERE, "job": "loki", "instance": "b:1"},
        False,
    ),
    "node down over everything on it": (
        {"alertname": "KubernetesNodeNotReady", "severity": "critical", **HERE, "node": "n1"},
        {"alertname": "NodeMemoryKill", "severity": "critical", **HERE, "node": "n1", "instance": "n1"},
        True,
    ),
    "not on another node": (
        {"alertname": "KubernetesNodeNotReady", "severity": "critical", **HERE, "node": "n1"},
        {"alertname": "NodeMemoryKill", "severity": "critical", **HERE, "node": "n2", "instance": "n2"},
        False,
    ),
    "deployment over its pods": (
        {"alertname": "DeploymentReplicaMismatch", "severity": "warning", **SPACE, "workload": "shop"},
        {"alertname": "PodNotReady", "severity": "warning", **SPACE, "pod": "shop-1"},
        True,
    ),
    "not in another namespace": (
        {"alertname": "DeploymentReplicaMismatch", "severity": "warning", **SPACE, "workload": "shop"},
        {"alertname": "PodNotReady", "severity": "warning", **SPACE, "namespace": "carts", "pod": "cart-1"},
        False,
    ),
    "restarts of a pod over its processor": (
        {"alertname": "PodRestartingTooOften", "severity": "warning", **SPACE, "pod": "shop-1"},
        {"alertname": "PodCPUHigh", "severity": "warning", **SPACE, "pod": "shop-1"},
        True,
    ),
    "restarts of a container over its processor": (
        {"alertname": "ContainerRestarting", "severity": "warning", **SHOP, "container": "shop-1"},
        {"alertname": "ContainerCPUHigh", "severity": "warning", **SHOP, "container": "shop-1"},
        True,
    ),
    "a warning holds back no page": (
        {"alertname": "ContainerRestarting", "severity": "warning", **SHOP, "container": "shop-1"},
        {"alertname": "ContainerCPUExhausted", "severity": "critical", **SHOP, "container": "shop-1"},
        False,
    ),
    "a rule of the stack file": (
        {"alertname": "NetworkDown", "severity": "warning", **HERE, "zone": "a"},
        {"alertname": "ProbeFailed", "severity": "critical", **HERE, "zone": "a"},
        True,
    ),
}
"""What is checked → the alert that may silence, the other one, and whether it is silenced."""
SILENCES_A_ZONE = {
    "sourceMatchers": ['alertname="NetworkDown"'],
    "targetMatchers": ['alertname!="NetworkDown"'],
    "equal": ["environment", "zone"],
}
ALWAYS = {"name": "always", "periods": [{"times": [{"start": "00:00", "end": "24:00"}]}]}
NEVER = {
    "name": "never",
    "periods": [{"weekdays": ["monday"], "daysOfMonth": ["31"], "months": ["february"]}],
}


def test_an_alert_that_another_one_explains_is_held_back(tmp_path: Path) -> None:
    alerting = receivers(inhibitions=[SILENCES_A_ZONE])
    with http_stub() as stub, alertmanager(alerting, tmp_path, 9093 + free_offset(), stub.port) as running:
        # One server for all: each case is a world of its own by its environment.
        for number, (source, target, _) in enumerate(CASES.values()):
            running.fire(
                *({**alert, "environment": f"{alert['environment']}-{number}"} for alert in (source, target))
            )
        found: dict[str, bool] = {}
        for number, (name, (_, target, _)) in enumerate(CASES.items()):
            environment = f"{target['environment']}-{number}"
            [status] = [
                alert["status"]
                for alert in running.get("/api/v2/alerts")
                if alert["labels"] == {**target, "environment": environment}
            ]
            found[name] = bool(status["inhibitedBy"])
    assert found == {name: expected for name, (_, _, expected) in CASES.items()}


def test_a_time_interval_mutes_a_route_and_only_that_one(tmp_path: Path) -> None:
    with http_stub() as stub:
        hooks: list[dict[str, Any]] = [
            {"name": name, "webhook": {"url": f"http://127.0.0.1:{stub.port}/{name}"}}
            for name in ("default", "muted", "inactive", "open")
        ]
        alerting = receivers(
            *hooks,
            timeIntervals=[ALWAYS, NEVER],
            routes=[
                {
                    "match": {"team": "a"},
                    "receiver": "muted",
                    "muteTimeIntervals": ["always"],
                    "continue": True,
                },
                {
                    "match": {"team": "a"},
                    "receiver": "inactive",
                    "activeTimeIntervals": ["never"],
                    "continue": True,
                },
                {
                    "match": {"team": ["a", "b"]},
                    "receiver": "open",
                    "muteTimeIntervals": ["never"],
                    "activeTimeIntervals": ["always"],
                },
            ],
        )
        with alertmanager(alerting, tmp_path, 9093 + free_offset(), stub.port) as running:
            running.fire({"alertname": "A", "severity": "critical", "team": "a"})
            until(lambda: stub.at("/open"), seconds=20, what="the route that is open")
            states = {
                group["receiver"]["name"]: group["alerts"][0]["status"].get("mutedBy")
                for group in running.get("/api/v2/alerts/groups")
            }
            assert states["muted"] == ["always"]
            assert states["inactive"] == ["never"]
            assert not states["open"]
            assert not stub.at("/muted")
            assert not stub.at("/inactive")
            assert not stub.at("/default")
