"""Loki in parts, as the profile `scale` runs it: what each does, where it is found, what it may use."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.graph.kubernetes_objects import configuration, render, rendered

pytestmark = pytest.mark.graph

TARGETS = {
    "loki": "distributor,query-frontend,query-scheduler",
    "loki-ingester": "ingester",
    "loki-querier": "querier",
    "loki-index-gateway": "index-gateway",
    "loki-compactor": "compactor",
}


def told(name: str) -> dict[str, Any]:
    """Return the configuration of a part."""
    found: dict[str, Any] = yaml.safe_load(render("scale").files(name)[f"/etc/{name}/loki.yaml"])
    return found


def test_every_part_is_the_same_program_with_its_share_of_the_work() -> None:
    containers = {name: spec["containers"][0] for name, _, spec in render("scale").pods() if name in TARGETS}
    assert {name: container["args"][1] for name, container in containers.items()} == {
        name: f"-target={target}" for name, target in TARGETS.items()
    }
    assert len({container["image"] for container in containers.values()}) == 1
    assert "-target" not in str(render("prod").one("StatefulSet", "loki")["spec"])


@pytest.mark.parametrize("part", TARGETS)
def test_parts_find_each_other_by_names_that_outlive_pods(part: str) -> None:
    config = told(part)
    hosts = [f"loki-ingester-{i}.loki-ingester-replicas:7946" for i in range(3)]
    assert config["memberlist"]["join_members"] == hosts
    assert config["memberlist"]["rejoin_interval"], "all ingesters may be replaced at once"
    assert config["common"]["replication_factor"] == 3
    assert config["common"]["compactor_grpc_address"] == "loki-compactor:9095"
    gateway = config["storage_config"]["tsdb_shipper"]["index_gateway_client"]["server_address"]
    assert gateway == "loki-index-gateway:9095"
    assert config["query_scheduler"] == {"use_scheduler_ring": True}
    assert config["frontend"] == {"tail_proxy_url": "http://loki-querier:3100"}


@pytest.mark.parametrize(("stack", "name"), [("prod", "loki"), ("scale", "loki-ingester")])
def test_the_first_of_several_that_are_gone_does_not_wait_for_the_next(stack: str, name: str) -> None:
    config = yaml.safe_load(render(stack).files(name)[f"/etc/{name}/loki.yaml"])
    assert config["ingester"]["lifecycler"] == {"readiness_check_ring_health": False}
    # Pods are made in order, each when the one before it is ready.
    assert "podManagementPolicy" not in render(stack).one("StatefulSet", name)["spec"]


@pytest.mark.parametrize("part", TARGETS)
def test_what_a_part_writes_is_on_its_volume_or_in_its_scratch(part: str) -> None:
    template = next(spec for name, _, spec in render("scale").pods() if name == part)
    mounted = {mount["mountPath"] for mount in template["containers"][0]["volumeMounts"]}
    folder = told(part)["common"]["path_prefix"]
    assert any(folder == path or folder.startswith(f"{path}/") for path in mounted)
    assert told(part)["ingester"]["wal"]["dir"].startswith(folder)


def test_the_declared_volume_is_the_ingesters() -> None:
    sizes = {
        name: render("scale").one("StatefulSet", name)["spec"]["volumeClaimTemplates"][0]["spec"][
            "resources"
        ]["requests"]["storage"]
        for name in ("loki-ingester", "loki-index-gateway", "loki-compactor")
    }
    assert sizes == {"loki-ingester": "200Gi", "loki-index-gateway": "10Gi", "loki-compactor": "10Gi"}


def test_everybody_else_has_one_address_of_it() -> None:
    collector = yaml.safe_load(render("scale").files("collector")["/etc/collector/collector.yaml"])
    assert collector["exporters"]["otlp_http/loki"]["endpoint"] == "http://loki:3100/otlp"
    assert "http://loki:3100" in "".join(
        text for path, text in render("scale").files("grafana").items() if "/provisioning/" in path
    )


def test_one_sender_reaches_every_front() -> None:
    assert "sessionAffinity" not in render("scale").one("Service", "loki")["spec"]
    assert render("prod").one("Service", "loki")["spec"]["sessionAffinity"] == "ClientIP"


def test_series_of_every_part_are_lokis() -> None:
    prometheus = yaml.safe_load(render("scale").files("prometheus")["/etc/prometheus/prometheus.yaml"])
    jobs: dict[str, Any] = {job["job_name"]: job for job in prometheus["scrape_configs"]}
    for name in TARGETS.keys() - {"loki"}:
        labels = {
            s["target_label"]: s["replacement"] for s in jobs[name]["relabel_configs"] if "target_label" in s
        }
        assert (labels["job"], labels["service"]) == ("loki", name)


def test_what_keeps_nothing_follows_its_work() -> None:
    scaled = {m["metadata"]["name"] for m in render("scale").manifests("HorizontalPodAutoscaler")}
    assert scaled == {
        "loki", "loki-querier", "thanos-query", "jaeger", "jaeger-collector", "jaeger-ingester",
    }  # fmt: skip


def test_the_parts_that_use_the_bucket_may_and_the_front_may_not() -> None:
    where = {"location": "europe-west1", "project": "acme-staging", "projectNumber": "123456789"}
    config = configuration("scale") | {"observability:createBuckets": json.dumps(where)}
    members = [
        resource.inputs["member"].rpartition("/sa/")[2]
        for resource in rendered("scale", config).resources
        if resource.token.endswith(":BucketIAMMember") and "loki-bucket" in resource.parent
    ]
    assert sorted(members) == ["loki-compactor", "loki-index-gateway", "loki-ingester", "loki-querier"]
