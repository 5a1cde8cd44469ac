"""One entry of the catalogue at every target: found in pods and containers, else at its addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from catalogue import Service
from components import log_collector
from components.collector_logs import follow_containers, label_statements
from plan import make_plan
from runtimes import SKIP
from scraping import ScrapeJob, container_jobs
from scraping.container_engine import ContainerEngine
from scraping.kubernetes import cluster_jobs
from scraping.kubernetes_cluster import KubernetesCluster
from scraping.services import declared_containers, declared_pods, problems, service_jobs
from settings import StackFileError
from targets import TARGETS
from tests.unit.test_scraping import ENGINE, PLACEMENT, container, relabelled
from tests.unit.test_scraping_kubernetes import POD, SCRAPED, pod

CLUSTER = KubernetesCluster("prod", "observability", "agents", ("shop", "web"), (), ())
METRICS = {"targets": ["127.0.0.1:8080"], "port": 8080}
"""Of an entry for every environment."""


def entry(**metrics: Any) -> Service:
    return Service.model_validate(
        {"service": "shop", "team": "storefront", "metrics": {**METRICS, **metrics}}
    )


def job(
    service: Service, engine: ContainerEngine | None = None, cluster: KubernetesCluster | None = None
) -> ScrapeJob:
    (found,) = service_jobs([service], PLACEMENT, engine, cluster)
    return found


def scraped(found: ScrapeJob, labels: Mapping[str, str]) -> dict[str, str] | None:
    """Return the labels that a target ends with, without those for Prometheus itself."""
    target = relabelled(found.configuration()["relabel_configs"], labels)
    return target and {k: v for k, v in target.items() if not k.startswith("__meta_")}


def test_one_entry_is_scraped_at_every_target() -> None:
    service = entry(path="/m", interval="30s")
    fixed = job(service).configuration()
    assert fixed["static_configs"] == [
        {"targets": ["127.0.0.1:8080"], "labels": {"service": "shop", "team": "storefront"}}
    ]
    in_pods, in_containers = (job(service, cluster=CLUSTER), job(service, engine=ENGINE))
    for written in (fixed, in_pods.configuration(), in_containers.configuration()):
        assert (written["job_name"], written["metrics_path"], written["scrape_interval"]) == (
            "shop", "/m", "30s",
        )  # fmt: skip
    assert scraped(in_pods, pod()) == {
        "__address__": "10.0.1.7:8080", "namespace": "shop", "pod": "shop-7d9f8b6c5d-x2k4z",
        "node": "node-1", "service": "shop", "team": "storefront",
    }  # fmt: skip
    assert scraped(in_containers, container(service="shop")) == {
        "__address__": "172.20.0.9:8080", "container": "shop-web-1", "service": "shop", "team": "storefront",
    }  # fmt: skip
    for written in (in_pods.configuration(), in_containers.configuration()):
        assert "static_configs" not in written


def test_addresses_alone_are_scraped_at_every_target() -> None:
    service = Service.model_validate({"service": "shop", "team": "t", "metrics": {"targets": ["shop:1"]}})
    fixed = job(service).configuration()
    assert job(service, engine=ENGINE).configuration() == fixed
    assert job(service, cluster=CLUSTER).configuration() == fixed


@pytest.mark.parametrize(
    ("metrics", "target", "found"),
    [
        ({}, pod("cart-7d9f8b6c5d-x2k4z"), False),
        ({}, pod("cart-7d9f8b6c5d-x2k4z", label_app="shop", label_team="other"), True),
        ({}, pod(phase="Succeeded"), False),
        ({"namespace": "web"}, pod(), False),
        ({"namespace": "shop"}, pod(), True),
        ({"pods": {"app": "front"}}, pod(), False),
        ({"pods": {"app": "front"}}, pod(label_app="front"), True),
        ({"pods": {"app": "front", "example.org/part": "a.b"}},
         pod(label_app="front", label_example_org_part="a.b"), True),
        ({"pods": {"app": "front", "example.org/part": "a.b"}},
         pod(label_app="front", label_example_org_part="aXb"), False),
        ({"port": "http"}, pod(), True),
        ({"port": "metrics"}, pod(), False),
    ],
)  # fmt: skip
def test_the_pods_of_a_service(metrics: dict[str, Any], target: dict[str, str], found: bool) -> None:
    service = entry(**metrics)
    result = scraped(job(service, cluster=CLUSTER), target)
    assert bool(result) is found
    assert result is None or (result["service"], result["team"]) == ("shop", "storefront")


def test_a_numbered_port_is_one_target_a_pod_in_either_version_of_addresses() -> None:
    found = job(entry(), cluster=CLUSTER)
    one, other = (scraped(found, pod(container_name=name)) for name in ("web", "sidecar"))
    assert one == other
    six = scraped(found, pod(ip="fd00::7"))
    assert six
    assert six["__address__"] == "[fd00::7]:8080"


@pytest.mark.parametrize(
    ("metrics", "target", "found"),
    [
        ({}, container(), False),
        ({}, container(**{"com.docker.compose.service": "shop"}), True),
        ({"containers": {"app.name": "a b"}}, container(service="shop"), False),
        ({"containers": {"app.name": "a b"}}, container(**{"app.name": "a b"}), True),
        ({}, {**container(service="shop"), "__meta_docker_network_name": "elsewhere"}, False),
    ],
)
def test_the_containers_of_a_service(metrics: dict[str, Any], target: dict[str, str], found: bool) -> None:
    result = scraped(job(entry(**metrics), engine=ENGINE), target)
    assert bool(result) is found
    assert result is None or (result["service"], result["team"]) == ("shop", "storefront")


def test_what_an_entry_describes_is_not_scraped_twice() -> None:
    services = [entry(pods={"app": "front"}, containers={"app": "front"}), *plain("cart"), *plain("mail", {})]
    pods = {found.name: found for found in cluster_jobs(CLUSTER, declared_pods(services))}["kubernetes-pods"]
    assert scraped(pods, pod(**SCRAPED, label_app="front")) is None
    assert scraped(pods, pod("cart-7d9f8b6c5d-x2k4z", **SCRAPED)) is None
    assert scraped(pods, pod("mail-7d9f8b6c5d-x2k4z", **SCRAPED))
    assert scraped(pods, pod(**SCRAPED))
    (containers,) = container_jobs(ENGINE, PLACEMENT, declared_containers(services))
    assert scraped(containers, container(app="front")) is None
    assert scraped(containers, container(service="cart")) is None
    assert scraped(containers, container(service="mail"))


def plain(name: str, metrics: Mapping[str, Any] = METRICS) -> Sequence[Service]:
    return [
        Service.model_validate(
            {"service": name, "team": "checkout", **({"metrics": metrics} if metrics else {})}
        )
    ]


def test_all_jobs_of_a_kind_ask_once() -> None:
    services = [entry(), *plain("cart")]
    for engine, cluster in ((ENGINE, None), (None, CLUSTER)):
        one, other = service_jobs(services, PLACEMENT, engine, cluster)
        assert one.discovery == other.discovery


@pytest.mark.parametrize(
    ("target", "metrics", "said"),
    [
        ("process", {"targets": []}, "target process finds none; add targets, the host:port of each"),
        ("docker", {"targets": []}, "finds containers once docker.discovery is true; add targets, the host"),
        ("process", {}, ""),
    ],
)  # fmt: skip
def test_where_nothing_is_found_addresses_are_needed(target: str, metrics: dict[str, Any], said: str) -> None:
    found = problems([entry(**metrics)], TARGETS[target], None, None)
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_what_a_target_cannot_do_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SKIP, "1")
    (tmp_path / "a.yaml").write_text("service: a\nteam: t\nmetrics: {port: http, namespace: elsewhere}\n")
    (tmp_path / "b.yaml").write_text("service: b\nteam: t\nmetrics: {port: 1}\nlogs: {files: [b.log]}\n")
    config = {"observability:catalog": json.dumps([str(tmp_path)])}
    kubernetes = {"host": "o.example.org", "monitoredNamespaces": ["shop"]}
    said = {
        "docker": "a.metrics.port: 'http' is a port's name, which containers do not have; write its number",
        "gke": (
            "a.metrics.namespace: 'elsewhere' is not watched; "
            "add it to kubernetes.monitoredNamespaces, which has shop"
        ),
    }
    own = {"gke": {"observability:kubernetes": json.dumps(kubernetes)}}
    for target, expected in said.items():
        with pytest.raises(StackFileError) as raised:
            make_plan({**config, "observability:target": target, **own.get(target, {})}, [], "test")
        assert [found for found in raised.value.problems if found.startswith(("a.", "b."))] == [expected]


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({}, "name targets (host:port of every instance), or the port of instances to find"),
        ({"targets": ["a:1"], "pods": {"app": "a"}}, "pods: needs the port"),
        ({"port": 0}, "use the number of a port"),
        ({"port": True}, "use the number of a port"),
        ({"port": "8080"}, "use the number of a port, or in a cluster its name"),
        ({"port": "a-name-too-long-for-a-port"}, "use the number of a port"),
        ({"port": 1, "pods": {}}, "must not be empty"),
        ({"port": 1, "pods": {"app": ""}}, "must not be empty"),
        ({"port": 1, "containers": {"-a": "b"}}, "use the key of a label"),
    ],
)
def test_an_entry_that_says_too_little_is_refused(metrics: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="1 validation error") as raised:
        Service.model_validate({"service": "a", "team": "t", "metrics": metrics})
    assert said in str(raised.value)


def test_lines_of_pods_and_containers_have_the_labels_of_the_entry() -> None:
    services = [entry(pods={"app": "front"}, containers={"app": "front"}), *plain("cart"), *plain("mail")]
    statements = label_statements(services)
    assert (
        'set(resource.attributes["team"], "checkout") where '
        'IsMatch(resource.attributes["service"], "^(cart|mail)$")'
    ) in statements
    config = log_collector.configuration({"cluster": CLUSTER, "services": services}, PLACEMENT)
    named = 'set(resource.attributes["service"], "shop") where resource.attributes["label.app"] == "front"'
    assert named in config["processors"]["transform/labels"]["log_statements"]
    (receiver,) = follow_containers(ENGINE, PLACEMENT, services)["receivers"].values()
    expression = receiver["resource_attributes"]["service"]
    assert expression.startswith('`("app" in labels && labels["app"] == "front") ? "shop" : (')


def test_labels_of_pods_are_asked_for_once() -> None:
    config = log_collector.configuration(
        {"cluster": CLUSTER, "services": [entry(pods={"app": "front", "tier": "web"})]}, PLACEMENT
    )
    asked = [label["key"] for label in config["processors"]["k8s_attributes"]["extract"]["labels"]]
    assert asked.count("app") == asked.count("tier") == 1
    assert POD not in str(config)
