"""Scrape jobs: probes, containers found by their labels, and the labels of cAdvisor's series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from catalogue import Service
from placement import ContainerPlacement
from plan import make_plan
from scraping import container_jobs, own_jobs, probe_jobs
from scraping.container_engine import ContainerEngine
from settings import StackFileError

PLACEMENT = ContainerPlacement(homes={}, public_urls={})
ENGINE = ContainerEngine(
    "docker", "/s", "/d", "/d/{id}", "docker", "", ("observability-dev-private", "shop_default")
)
META = "__meta_docker_"


def relabelled(steps: list[dict[str, Any]], labels: Mapping[str, str]) -> dict[str, str] | None:
    """Relabel as Prometheus does; None where the target or the series is dropped."""
    result = dict(labels)
    for step in steps:
        regex, action = step["regex"], step.get("action", "replace")
        if action == "labeldrop":
            result = {k: v for k, v in result.items() if not re.fullmatch(regex, k)}
            continue
        joined = ";".join(result.get(name, "") for name in step.get("source_labels", []))
        match = re.fullmatch(regex, joined)
        if action in ("keep", "drop"):
            if bool(match) is (action == "drop"):
                return None
        elif match:
            result[step["target_label"]] = match.expand(re.sub(r"\$(\d)", r"\\\1", step["replacement"]))
    return {name: value for name, value in result.items() if value}


def test_probes_are_asked_by_the_exporter_and_told_by_their_own_address() -> None:
    services = [
        Service(service="shop", team="storefront", probes=("https://shop.example.org/",)),
        Service(service="cart", team="storefront"),
    ]
    (job,) = probe_jobs(services, PLACEMENT)
    written = job.configuration()
    assert (written["job_name"], written["metrics_path"]) == ("probe", "/probe")
    assert written["params"] == {"module": ["http_2xx"]}
    (group,) = written["static_configs"]
    assert group["labels"] == {"service": "shop", "team": "storefront"}
    found = relabelled(written["relabel_configs"], {"__address__": group["targets"][0]})
    assert found == {
        "__address__": "blackbox-exporter:9115",
        "__param_target": "https://shop.example.org/",
        "instance": "https://shop.example.org/",
    }


def test_without_probes_or_an_engine_there_is_no_job() -> None:
    assert probe_jobs([Service(service="cart", team="t")], PLACEMENT) == ()
    assert container_jobs(None, PLACEMENT) == ()


def test_probes_that_nobody_would_make_are_a_problem(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtimes.process.taken_ports", lambda *_, **__: {})
    (tmp_path / "shop.yaml").write_text("service: shop\nteam: t\nprobes: ['https://shop.example.org/']\n")
    config = {"observability:target": "process", "observability:catalog": f'["{tmp_path}"]'}
    with pytest.raises(StackFileError) as raised:
        make_plan(config, [], "test")
    assert (
        "shop.probes: target process does not run blackbox_exporter; remove the probes from the catalogue, "
        "or use one of the targets docker, podman, minikube, oke, aks, gke, gke-autopilot"
    ) in raised.value.problems


def container(**labels: str) -> dict[str, str]:
    return {
        "__address__": "172.20.0.9:80",
        f"{META}network_name": "shop_default",
        f"{META}network_ip": "172.20.0.9",
        f"{META}container_name": "/shop-web-1",
        **{f"{META}container_label_{re.sub('[^a-z]', '_', name)}": value for name, value in labels.items()},
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (container(), {"__address__": "172.20.0.9:80", "service": "shop-web-1"}),
        (container(service="web"), {"service": "web"}),
        (container(**{"service": "x", "com.docker.compose.service": "web"}), {"service": "web"}),
        (container(**{"prometheus.port": "9102"}), {"__address__": "172.20.0.9:9102"}),
        (container(**{"prometheus.path": "/m"}), {"__metrics_path__": "/m"}),
        (container(team="storefront"), {"team": "storefront", "container": "shop-web-1"}),
    ],
)
def test_labels_of_a_container_say_how_it_is_scraped(
    target: dict[str, str], expected: dict[str, str]
) -> None:
    (job,) = container_jobs(ENGINE, PLACEMENT)
    found = relabelled(job.configuration()["relabel_configs"], target)
    assert found
    assert expected.items() <= found.items()


@pytest.mark.parametrize("network", ["other_default", "shopXdefault", "observability-prod-private"])
def test_a_container_on_a_network_that_is_not_reached_is_no_target(network: str) -> None:
    (job,) = container_jobs(ENGINE, PLACEMENT)
    steps = job.configuration()["relabel_configs"]
    assert relabelled(steps, {**container(), f"{META}network_name": network}) is None


def test_only_containers_that_ask_for_it_are_looked_up() -> None:
    (job,) = container_jobs(ENGINE, PLACEMENT)
    (discovery,) = job.configuration()["docker_sd_configs"]
    assert discovery["filters"] == [{"name": "label", "values": ["prometheus.scrape=true"]}]
    assert discovery["host"] == "http://engine-proxy:2375"
    assert discovery["match_first_network"] is False


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (
            {"id": "/docker/1", "name": "lonely", "image": "busybox"},
            {"container": "lonely", "service": "lonely", "image": "busybox"},
        ),
        (
            {"id": "/docker/1", "name": "shop-web-1", "container_label_com_docker_compose_service": "web"},
            {"container": "shop-web-1", "service": "web"},
        ),
        (
            {"id": "/docker/1", "name": "o-dev-loki", "container_label_observability_service": "loki",
             "container_label_team": "sre"},
            {"container": "o-dev-loki", "service": "loki", "team": "sre"},
        ),
        ({"id": "/", "name": ""}, None),
        ({"id": "/system.slice"}, None),
        ({"service": "cadvisor"}, {"service": "cadvisor"}),
    ],
)  # fmt: skip
def test_series_of_containers_carry_the_labels_of_everything_else(
    series: dict[str, str], expected: dict[str, str] | None
) -> None:
    (job,) = own_jobs(["cadvisor"], PLACEMENT)
    assert relabelled(job.configuration()["metric_relabel_configs"], series) == expected
