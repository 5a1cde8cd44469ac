"""A stack that feeds another: what it reads of the hub's outputs, and what becomes of them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pulumi
import pytest
import yaml

from components.hub import Intake, _intake
from tests.graph.kubernetes_objects import CANARY, HUB, Rendering, configuration, render, rendered

pytestmark = pytest.mark.graph

STACK = "organization/observability/central"


def spoke(stack: str) -> Rendering:
    return rendered(stack, configuration(stack) | {"observability:hub": json.dumps({"stack": STACK})})


def test_a_spoke_sends_with_the_hubs_credential_which_is_in_secrets_only() -> None:
    rendering = spoke("gke")
    files = rendering.files("prometheus")
    (write,) = yaml.safe_load(files["/etc/prometheus/prometheus.yaml"])["remote_write"]
    assert write["url"] == HUB["prometheus_remote_write_url"]
    assert write["basic_auth"]["username"] == "push"
    assert files[write["basic_auth"]["password_file"]] == CANARY
    dropped, *others = write["write_relabel_configs"]
    assert (dropped["action"], others) == ("drop", [])
    files = rendering.files("collector")
    collector = yaml.safe_load(files["/etc/collector/collector.yaml"])
    exporter = collector["exporters"]["otlp_http/hub"]
    assert exporter["endpoint"] == HUB["otlp_http_endpoint"]
    assert exporter["sending_queue"]["storage"] == "file_storage"
    header = exporter["headers"]["Authorization"].removeprefix("${file:").removesuffix("}")
    assert base64.b64decode(files[header].removeprefix("Basic ")).decode() == f"push:{CANARY}"
    sending = {
        name
        for name, pipe in collector["service"]["pipelines"].items()
        if "otlp_http/hub" in pipe["exporters"]
    }
    assert sending == {"traces", "logs", "logs/notifications"}, "metrics go by remote write"
    for resource in rendering.resources:
        assert resource.token.endswith(":Secret") or CANARY[:32] not in json.dumps(resource.inputs)


def test_of_a_pair_one_sends_to_the_hub() -> None:
    text = spoke("prod").files("prometheus")["/etc/prometheus/prometheus.yaml"]
    (write,) = yaml.safe_load(text)["remote_write"]
    assert write["write_relabel_configs"][1:] == [
        {"source_labels": ["replica"], "regex": "prometheus-0", "action": "keep"},
        {"regex": "replica", "action": "labeldrop"},
    ]


def test_only_a_spokes_collector_may_leave_the_cluster() -> None:
    def leaving(rendering: Rendering) -> bool:
        (policy,) = [
            m
            for m in rendering.manifests("NetworkPolicy")
            if m["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == "collector"
        ]
        return any("ipBlock" in peer for rule in policy["spec"]["egress"] for peer in rule["to"])

    assert leaving(spoke("gke"))
    assert not leaving(render("gke"))


def test_a_hub_lets_its_spokes_evaluate_and_be_late() -> None:
    config = configuration("gke")
    kubernetes = json.loads(config["observability:kubernetes"]) | {"published": ["prometheus", "collector"]}
    hub = {"observability:spokes": '["edge", "us.2"]', "observability:kubernetes": json.dumps(kubernetes)}
    rendering = rendered("gke", config | hub)
    prometheus = yaml.safe_load(rendering.files("prometheus")["/etc/prometheus/prometheus.yaml"])
    assert prometheus["storage"]["tsdb"]["out_of_order_time_window"] == "4h"
    assert prometheus["alerting"]["alert_relabel_configs"] == [
        {"source_labels": ["environment"], "regex": r"edge|us\.2", "action": "drop"}
    ]
    pipelines = yaml.safe_load(rendering.files("collector")["/etc/collector/collector.yaml"])["service"][
        "pipelines"
    ]
    assert pipelines["traces"]["exporters"] == ["otlp_grpc/jaeger"]
    assert pipelines["traces/own"]["exporters"] == ["span_metrics", "service_graph"]
    assert "spokes.yaml" in str(rendering.files("prometheus").keys())


def test_what_a_hub_without_a_login_offers_is_enough() -> None:
    offered = {k: v for k, v in HUB.items() if not k.startswith("push")}
    assert _intake(offered, STACK, "edge") == Intake(
        HUB["prometheus_remote_write_url"], HUB["otlp_http_endpoint"], ""
    )


@pytest.mark.parametrize(
    ("changed", "environment", "message"),
    [
        (
            {"contract_version": None},
            "edge",
            f"hub.stack: '{STACK}' was never deployed, or not by this version",
        ),
        ({"contract_version": "2"}, "edge", "its output contract_version is '2', not '1'"),
        (
            {"prometheus_remote_write_url": None, "otlp_http_endpoint": None},
            "edge",
            f"hub.stack: '{STACK}' does not offer prometheus_remote_write_url and otlp_http_endpoint; on a",
        ),
        ({}, "central", "environment: 'central' is the hub's as well"),
    ],
)
def test_what_is_wrong_with_a_hub_is_one_message(
    changed: dict[str, Any], environment: str, message: str
) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        _intake({**HUB, **changed}, STACK, environment)
    assert message in str(raised.value)
    assert CANARY not in str(raised.value)
