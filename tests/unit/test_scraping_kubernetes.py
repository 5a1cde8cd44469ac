"""Scrape jobs in a cluster: which pods and nodes are targets, and the labels of their series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from scraping import ScrapeJob
from scraping.kubernetes import cluster_jobs, own_pods
from scraping.kubernetes_cluster import kubernetes_cluster
from settings import Settings
from targets import TARGETS
from tests.unit.test_scraping import relabelled

POD = "__meta_kubernetes_pod_"


def jobs(target: str = "gke", **kubernetes: Any) -> Mapping[str, ScrapeJob]:
    settings = Settings.model_validate({"stack": "prod", "target": target, "kubernetes": kubernetes})
    cluster = kubernetes_cluster(TARGETS[target], settings)
    assert cluster
    found = (*own_pods(["prometheus", "node-exporter", "log-collector"], cluster), *cluster_jobs(cluster))
    return {job.name: job for job in found}


def pod(name: str = "shop-7d9f8b6c5d-x2k4z", **meta: str) -> dict[str, str]:
    return {
        "__address__": "10.0.1.7:8080",
        "__meta_kubernetes_namespace": "shop",
        f"{POD}name": name,
        f"{POD}ip": "10.0.1.7",
        f"{POD}node_name": "node-1",
        f"{POD}phase": "Running",
        f"{POD}container_name": "web",
        f"{POD}container_port_name": "http",
        **{f"{POD}{key}": value for key, value in meta.items()},
    }


def target(job: str, labels: Mapping[str, str]) -> dict[str, str] | None:
    """Return the labels a target ends with, without those for Prometheus itself."""
    found = relabelled(jobs()[job].configuration()["relabel_configs"], labels)
    return found and {k: v for k, v in found.items() if not k.startswith("__meta_")}


def test_every_job_that_rules_may_rely_on_is_there_at_every_target() -> None:
    names = {
        "kubernetes-apiservers", "kubernetes-nodes", "kubernetes-cadvisor", "kube-state-metrics",
        "kubernetes-pods", "dapr",
    }  # fmt: skip
    for target_name in ("minikube", "oke", "aks", "gke", "gke-autopilot"):
        assert names <= set(jobs(target_name))


SCRAPED = {"annotation_prometheus_io_scrape": "true"}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (pod(), None),
        (pod(annotation_prometheus_io_scrape="false"), None),
        (pod(**SCRAPED, phase="Succeeded"), None),
        (pod(**SCRAPED, container_init="true"), None),
        (
            pod(**SCRAPED),
            {"__address__": "10.0.1.7:8080", "namespace": "shop", "pod": "shop-7d9f8b6c5d-x2k4z",
             "container": "web", "node": "node-1", "service": "shop"},
        ),
        (
            pod(**SCRAPED, annotation_prometheus_io_port="9102", annotation_prometheus_io_path="/m",
                annotation_prometheus_io_scheme="https", label_team="storefront", label_app="cart"),
            {"__address__": "10.0.1.7:9102", "__metrics_path__": "/m", "__scheme__": "https",
             "namespace": "shop", "pod": "shop-7d9f8b6c5d-x2k4z", "node": "node-1", "service": "cart",
             "team": "storefront"},
        ),
    ],
)  # fmt: skip
def test_annotations_say_whether_and_how_a_pod_is_scraped(
    labels: dict[str, str], expected: dict[str, str] | None
) -> None:
    assert target("kubernetes-pods", labels) == expected


def test_a_pod_with_an_address_of_version_6_is_scraped_at_its_port() -> None:
    found = target("kubernetes-pods", pod(**SCRAPED, ip="fd00::7", annotation_prometheus_io_port="9102"))
    assert found
    assert found["__address__"] == "[fd00::7]:9102"


def test_the_containers_of_a_pod_with_a_port_are_one_target() -> None:
    both = [
        target("kubernetes-pods", pod(**SCRAPED, annotation_prometheus_io_port="9102", container_name=name))
        for name in ("web", "sidecar")
    ]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("name", "labels", "service"),
    [
        ("shop-7d9f8b6c5d-x2k4z", {}, "shop"),
        ("node-dns-x2k4z", {}, "node-dns"),
        ("kafka-broker-0", {}, "kafka-broker"),
        ("backup-28412345-x2k4z", {}, "backup"),
        ("kube-apiserver-minikube", {}, "kube-apiserver-minikube"),
        ("shop-7d9f8b6c5d-x2k4z", {"label_app": "a"}, "a"),
        ("shop-0", {"label_app": "a", "label_app_kubernetes_io_name": "n"}, "n"),
        ("shop-0", {"label_app_kubernetes_io_name": "n", "label_service": "s"}, "s"),
    ],
)
def test_a_pod_belongs_to_what_its_labels_say_or_to_its_controller(
    name: str, labels: dict[str, str], service: str
) -> None:
    found = target("kubernetes-pods", pod(name, **SCRAPED, **labels))
    assert found
    assert found["service"] == service


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (
            {"id": "/kubepods/x", "name": "0a1b", "pod": "shop-7d9f8b6c5d-x2k4z", "namespace": "shop",
             "container": "web", "image": "shop:1"},
            {"pod": "shop-7d9f8b6c5d-x2k4z", "namespace": "shop", "container": "web", "image": "shop:1",
             "service": "shop"},
        ),
        ({"id": "/kubepods/x", "pod": "loki-0", "namespace": "o"},
         {"pod": "loki-0", "namespace": "o", "service": "loki"}),
        ({"id": "/system.slice"}, None),
        ({"__name__": "container_tasks_state", "id": "/kubepods/x", "pod": "loki-0"}, None),
        ({"__name__": "machine_cpu_cores", "service": "kubelet"},
         {"__name__": "machine_cpu_cores", "service": "kubelet"}),
    ],
)  # fmt: skip
def test_series_of_containers_carry_the_labels_of_everything_else(
    series: dict[str, str], expected: dict[str, str] | None
) -> None:
    steps = jobs()["kubernetes-cadvisor"].configuration()["metric_relabel_configs"]
    assert relabelled(steps, series) == expected


SIDECAR = {
    "annotation_dapr_io_enabled": "true",
    "annotation_dapr_io_app_id": "cart",
    "container_name": "daprd",
    "container_port_name": "dapr-metrics",
}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (SIDECAR, True),
        ({**SIDECAR, "container_name": "web"}, False),
        ({**SIDECAR, "container_port_name": "dapr-http"}, False),
        ({**SIDECAR, "annotation_dapr_io_enable_metrics": "false"}, False),
        ({**SIDECAR, "annotation_dapr_io_enabled": "false"}, False),
    ],
)
def test_sidecars_of_dapr_are_found_by_themselves(labels: dict[str, str], found: bool) -> None:
    labelled = target("dapr", pod(**labels))
    assert bool(labelled) is found
    if labelled:
        assert (labelled["service"], labelled["container"]) == ("cart", "daprd")


@pytest.mark.parametrize(
    ("job", "workload", "port", "instance"),
    [
        ("prometheus", "prometheus", "http", "prometheus-0"),
        ("node", "node-exporter", "http", "node-1"),
        ("log-collector", "log-collector", "metrics", "node-1"),
    ],
)
def test_own_pods_are_told_by_names_that_outlive_them(
    job: str, workload: str, port: str, instance: str
) -> None:
    own = {"label_app_kubernetes_io_name": workload, "label_app_kubernetes_io_instance": "prod"}
    labels = pod("prometheus-0", **own, container_port_name=port)
    found = target(job, labels)
    assert found
    assert (found["instance"], found["service"]) == (instance, workload)
    other = {**labels, f"{POD}label_app_kubernetes_io_instance": "staging"}
    assert target(job, other) is None
    assert target(job, {**labels, f"{POD}container_port_name": "other"}) is None


def test_api_servers_and_kubelets_are_asked_with_the_token_of_the_pod() -> None:
    for name in ("kubernetes-apiservers", "kubernetes-nodes", "kubernetes-cadvisor"):
        written = jobs()[name].configuration()
        assert written["scheme"] == "https"
        assert written["authorization"]["credentials_file"].endswith("/serviceaccount/token")
    kubelet = {"__meta_kubernetes_node_name": "node-1", "__address__": "10.0.0.3:10250"}
    assert target("kubernetes-nodes", kubelet) == {
        "__address__": "10.0.0.3:10250", "node": "node-1", "instance": "node-1", "service": "kubelet",
    }  # fmt: skip
    service = {
        "__meta_kubernetes_service_name": "kubernetes",
        "__meta_kubernetes_endpointslice_port_name": "https",
    }
    assert target("kubernetes-apiservers", service) == {"service": "kubernetes"}
    assert target("kubernetes-apiservers", {**service, "__meta_kubernetes_service_name": "other"}) is None


def test_series_about_objects_keep_the_labels_of_the_object() -> None:
    job = jobs()["kube-state-metrics"].configuration()
    assert job["honor_labels"] is True
    own = {"label_app_kubernetes_io_name": "kube-state-metrics", "label_app_kubernetes_io_instance": "prod"}
    assert target("kube-state-metrics", pod(**own)) == {
        "__address__": "10.0.1.7:8080",
        "instance": "kube-state-metrics",
    }


def test_only_chosen_namespaces_are_watched() -> None:
    chosen = jobs(monitoredNamespaces=["shop", "cart"])
    for name in ("kubernetes-pods", "dapr"):
        (discovery,) = chosen[name].configuration()["kubernetes_sd_configs"]
        assert discovery["namespaces"] == {"names": ["shop", "cart"]}
        assert "namespaces" not in jobs()[name].configuration()["kubernetes_sd_configs"][0]
