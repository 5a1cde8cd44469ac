"""Jaeger on a store that others share, with and without a queue; autoscaling of what keeps no data."""

from __future__ import annotations

import functools
import json
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from tests.graph.kubernetes_objects import CANARY, Rendering, configuration, render, rendered

pytestmark = pytest.mark.graph

STORE = {"kind": "opensearch", "address": "search.example.org:9200"}
QUEUE = {"brokers": ["kafka.example.org:9093"], "username": "jaeger"}
PARTS = ("jaeger", "jaeger-collector", "jaeger-ingester")


@functools.cache
def queued() -> Rendering:
    traces = {"observability:traces": json.dumps({"store": STORE, "queue": QUEUE})}
    passwords = dict.fromkeys(("observability:jaegerStorePassword", "observability:kafkaPassword"), CANARY)
    return rendered("prod", configuration("prod") | traces | passwords)


def test_without_a_volume_there_are_several_of_each_part() -> None:
    for name in PARTS:
        deployment = queued().one("Deployment", name)
        assert "replicas" not in deployment["spec"], "two would decide how many there are"
        scaler = queued().one("HorizontalPodAutoscaler", name)
        kubernetes_validate.validate(scaler, "1.36", strict=True)
        assert scaler["spec"]["scaleTargetRef"] == {
            "apiVersion": "apps/v1", "kind": "Deployment", "name": name,
        }  # fmt: skip
        assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 6)
    assert render("prod").one("StatefulSet", "jaeger")["spec"]["replicas"] == 1


def test_each_part_gets_the_secrets_that_it_needs() -> None:
    def secrets(name: str) -> dict[str, str]:
        return {p.rpartition("/")[2]: t for p, t in queued().files(name).items() if p.startswith("/run/")}

    login = json.dumps({"password": CANARY, "username": "jaeger", "mechanism": "SCRAM-SHA-512"})
    store, queue = {"store-password": CANARY}, {"queue-password": login}
    assert secrets("jaeger") == store
    assert secrets("jaeger-collector") == queue
    assert secrets("jaeger-ingester") == store | queue


def test_the_collector_sends_to_what_fills_the_queue() -> None:
    collector = yaml.safe_load(queued().files("collector")["/etc/collector/collector.yaml"])
    assert collector["exporters"]["otlp_grpc/jaeger"]["endpoint"] == "jaeger-collector:4317"
    jaeger = yaml.safe_load(queued().files("jaeger")["/etc/jaeger/jaeger.yaml"])
    assert jaeger["receivers"] == {"nop": None}


@pytest.mark.parametrize(
    ("workload", "ports"),
    [("jaeger", {9200}), ("jaeger-collector", {9093}), ("jaeger-ingester", {9093, 9200})],
)
def test_each_part_reaches_what_it_talks_to_outside(workload: str, ports: set[int]) -> None:
    assert ports == {
        port["port"]
        for policy in queued().manifests("NetworkPolicy")
        if policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == workload
        for rule in policy["spec"]["egress"]
        if any("ipBlock" in peer for peer in rule["to"])
        for port in rule["ports"]
    }


def test_series_of_every_part_are_jaegers() -> None:
    prometheus = yaml.safe_load(queued().files("prometheus")["/etc/prometheus/prometheus.yaml"])
    jobs: dict[str, Any] = {job["job_name"]: job for job in prometheus["scrape_configs"]}
    for name in PARTS[1:]:
        labels = {
            s["target_label"]: s["replacement"] for s in jobs[name]["relabel_configs"] if "target_label" in s
        }
        assert (labels["job"], labels["service"]) == ("jaeger", name)


def test_bounds_are_settings_and_one_turns_it_off() -> None:
    assert [m["metadata"]["name"] for m in render("prod").manifests("HorizontalPodAutoscaler")] == [
        "thanos-query"
    ]
    config = configuration("prod")
    kubernetes = json.loads(config["observability:kubernetes"]) | {"autoscaling": {"maxReplicas": 1}}
    without = rendered("prod", config | {"observability:kubernetes": json.dumps(kubernetes)})
    assert not without.manifests("HorizontalPodAutoscaler")
    assert without.one("Deployment", "thanos-query")["spec"]["replicas"] == 2
