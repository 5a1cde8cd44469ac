"""What the Docker runtime asks an engine for, seen with Pulumi's mocks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import versions
from placement import PORTS
from runtimes.docker import lowering
from tests.graph.docker_resources import (
    CANARY,
    CONTAINER,
    Product,
    Registered,
    deploy,
    named,
    stack,
    workload,
)
from workload import Probe, Reload

pytestmark = pytest.mark.graph

SECRET = "1b47061264138c4ac30d75fd1eb44270"
"""Marks an encrypted value in the engine's protocol."""


def labels(container: Registered) -> dict[str, str]:
    return {label["label"]: label["value"] for label in container.inputs["labels"]}


@pytest.fixture(params=["docker", "podman"])
def found(request: pytest.FixtureRequest) -> list[Registered]:
    return deploy(stack, request.param)


@pytest.fixture
def services(found: list[Registered]) -> list[Registered]:
    services = [r for r in found if r.type == CONTAINER and not r.name.endswith("-loader")]
    assert len(services) == 4
    return services


@pytest.fixture
def loaders(found: list[Registered]) -> list[Registered]:
    loaders = [r for r in found if r.name.endswith("-loader")]
    assert {r.name for r in loaders} == {
        "grafana-configuration-loader",
        "grafana-secrets-loader",
        "loki-configuration-loader",
        "jaeger-configuration-loader",
    }
    return loaders


def test_urns_are_unique_and_children_hang_under_their_product(found: list[Registered]) -> None:
    assert len({resource.urn for resource in found}) == len(found)
    shared = {"docker", "public-network", "private-network", "loader-image"}
    for resource in found:
        if resource.name in shared or resource.type.startswith("observability:"):
            continue
        component = resource.parent.rsplit("::", 1)[1]
        assert resource.name.startswith(f"{component}-")


def test_everything_goes_to_the_one_engine_of_the_settings() -> None:
    found = deploy(stack, docker={"host": "unix:///somewhere/engine.sock"})
    provider = named(found, "docker")
    assert provider.inputs["host"] == "unix:///somewhere/engine.sock"
    children = [resource for resource in found if resource.type.startswith("docker:")]
    assert children
    assert {resource.provider.rsplit("::", 1)[0] for resource in children} == {provider.urn}


def test_services_are_hardened(services: list[Registered]) -> None:
    for service in services:
        given = service.inputs
        assert given["readOnly"] is True
        assert given["capabilities"] == {"drops": ["ALL"]}
        assert given["securityOpts"][0] == "no-new-privileges:true"
        assert given["user"].split(":")[0] not in {"", "0", "root"}
        assert given["memory"] == given["memorySwap"] > 0
        assert float(given["cpus"]) > 0
        assert given["restart"] == "unless-stopped"
        assert given["logOpts"]["max-size"]
        assert given["tmpfs"].keys() == {"/tmp"}
        assert "privileged" not in given
        assert "envs" not in given
        assert service.delete_before_replace


def test_loaders_have_no_network_and_little_power(loaders: list[Registered]) -> None:
    for loader in loaders:
        assert loader.inputs["networkMode"] == "none"
        assert loader.inputs["capabilities"]["drops"] == ["ALL"]
        assert loader.inputs["attach"] is True
        assert loader.inputs["mustRun"] is False
        assert labels(loader)["observability.stack"] == "dev"


def test_a_service_starts_after_its_loaders_have_ended(found: list[Registered]) -> None:
    service = named(found, "grafana-container")
    for role in ("configuration", "secrets"):
        assert named(found, f"grafana-{role}-loader").urn in service.dependencies


def test_images_are_pinned_and_used_by_id(found: list[Registered]) -> None:
    images = [resource for resource in found if resource.type == "docker:index/remoteImage:RemoteImage"]
    assert len(images) == 5
    for image in images:
        repository, _, digest = image.inputs["name"].partition("@sha256:")
        assert len(digest) == 64
        assert ":" in repository.removeprefix("docker.io/")
        assert not repository.endswith(":latest")
        assert image.inputs["keepLocally"] is True
    for resource in found:
        if resource.type == CONTAINER:
            assert resource.inputs["image"].startswith("sha256:")


def test_only_public_ports_are_published_and_on_loopback_only(services: list[Registered]) -> None:
    published = {
        service.inputs["hostname"]: [
            (port["ip"], port["external"], port["internal"]) for port in service.inputs.get("ports", [])
        ]
        for service in services
    }
    assert published == {
        "grafana": [("127.0.0.1", 3000, 3000)],
        "loki": [("127.0.0.1", 3100, 3100)],
        "jaeger": [("127.0.0.1", 16686, 16686)],
        "node-exporter": [],
    }


def test_ports_follow_the_settings() -> None:
    found = deploy(stack, ports={"loki-http": 13100}, port_offset=1000)
    assert named(found, "loki-container").inputs["ports"][0]["external"] == 13100
    assert named(found, "grafana-container").inputs["ports"][0]["external"] == 4000


def test_what_nobody_opens_is_on_the_private_network_only(found: list[Registered]) -> None:
    assert named(found, "private-network").inputs["internal"] is True
    assert not named(found, "public-network").inputs.get("internal")
    networks = {
        name: [network["name"] for network in named(found, f"{name}-container").inputs["networksAdvanced"]]
        for name in ("grafana", "node-exporter")
    }
    private, public = "observability-dev-private", "observability-dev-public"
    assert networks == {"grafana": [private, public], "node-exporter": [private]}
    for network in named(found, "grafana-container").inputs["networksAdvanced"]:
        assert network["aliases"] == ["grafana"]


@pytest.mark.parametrize("delete_data", [False, True])
def test_only_data_survives_destroy_unless_told_otherwise(delete_data: bool) -> None:
    found = deploy(stack, delete_data=delete_data)
    kept = {resource.name for resource in found if resource.retained}
    assert kept == (set() if delete_data else {"grafana-data", "loki-data", "jaeger-data"})


def test_a_secret_is_encrypted_in_its_loader_and_nowhere_else(found: list[Registered]) -> None:
    for resource in found:
        if resource.name == "grafana-secrets-loader":
            uploads = resource.inputs.pop("uploads")
            assert SECRET in json.dumps(uploads)
            assert CANARY in json.dumps(uploads)
        assert CANARY not in json.dumps(resource.inputs)


def test_files_are_mounted_read_only_where_the_product_looks_for_them(found: list[Registered]) -> None:
    mounts = {
        mount["target"]: (mount["source"], mount.get("readOnly", False))
        for mount in named(found, "grafana-container").inputs["mounts"]
    }
    assert mounts == {
        "/var/lib/grafana": ("observability-dev-grafana-data", False),
        "/etc/grafana": ("observability-dev-grafana-configuration", True),
        "/run/secrets/grafana": ("observability-dev-grafana-secrets", True),
    }


def test_an_agent_sees_the_machine_and_cannot_write(found: list[Registered]) -> None:
    given = named(found, "node-exporter-container").inputs
    (mount,) = given["mounts"]
    assert given["pidMode"] == "host"
    # Engines add it by themselves: left out, it would be a change after every refresh.
    assert "label=disable" in given["securityOpts"]
    assert (mount["type"], mount["source"], mount["target"], mount["readOnly"]) == (
        "bind",
        "/",
        "/host",
        True,
    )
    assert mount["bindOptions"] == {"propagation": "rslave"}


@pytest.mark.parametrize(
    ("changes", "rolls"),
    [
        ({"files": {"grafana.ini": "[server]", "dashboards/a.json": '{"changed": 1}'}}, False),
        ({"files": {"grafana.ini": "[changed]", "dashboards/a.json": "{}"}}, True),
        ({"files": {"grafana.ini": "[changed]", "dashboards/a.json": "{}"}, "reload": None}, True),
        (
            {
                "files": {"grafana.ini": "[server]", "dashboards/a.json": '{"changed": 1}'},
                "reload": Reload(files=("dashboards/*",), signal="SIGHUP"),
            },
            True,
        ),
        (
            {
                "files": {"grafana.ini": "[server]", "dashboards/a.json": '{"changed": 1}'},
                "reload": Reload(files=("dashboards/*",), signal="SIGHUP", watches=True),
            },
            False,
        ),
    ],
)
def test_a_container_rolls_only_for_files_that_it_reads_at_its_start(
    changes: Mapping[str, Any], rolls: bool
) -> None:
    def container(**given: Any) -> dict[str, Any]:
        resources = deploy(lambda runtime: Product(workload(**given), runtime))
        return named(resources, "grafana-container").inputs

    assert (container() != container(**changes)) is rolls


def test_a_container_rolls_when_its_secrets_came_with_another_loader(found: list[Registered]) -> None:
    assert (
        labels(named(found, "grafana-container"))["observability.secrets"] == "id-of-grafana-secrets-loader"
    )


def test_health_is_asked_with_a_program_of_the_image(found: list[Registered]) -> None:
    grafana, loki = (named(found, f"{name}-container").inputs for name in ("grafana", "loki"))
    assert grafana["healthcheck"]["tests"][-1] == "http://127.0.0.1:3000/api/health"
    assert loki["healthcheck"]["tests"] == ["CMD", "/usr/bin/loki", "-health"]
    assert grafana["wait"] is True


def test_an_image_without_such_a_program_is_not_waited_for() -> None:
    bare = workload(
        name="collector", image=versions.COLLECTOR, ports=PORTS["collector"], probe=Probe("health", "/")
    )
    given = named(deploy(lambda runtime: Product(bare, runtime)), "collector-container").inputs
    assert "healthcheck" not in given
    assert given["wait"] is False


def test_the_program_is_named_explicitly() -> None:
    given = named(deploy(lambda runtime: Product(workload(), runtime)), "grafana-container").inputs
    assert given["entrypoints"] == ["/usr/share/grafana/bin/grafana"]
    assert given["command"] == ["server"]


@pytest.mark.parametrize(
    ("cpu", "written"), [("200m", "0.2"), ("1000m", "1.0"), ("2", "2.0"), ("1500m", "1.5")]
)
def test_processors_are_written_as_the_plugin_reads_them_back(cpu: str, written: str) -> None:
    # Anything else replaces the container at every update.
    assert lowering.processors(cpu) == written


def test_the_settings_say_where_images_ports_and_networks_are() -> None:
    found = deploy(
        stack,
        images={"registry": "registry.example.org/mirror", "digests": False},
        docker={"bind_address": "192.168.7.7", "subnet": "172.20.0.0/24"},
    )
    assert named(found, "loki-image").inputs["name"] == "registry.example.org/mirror/grafana/loki:3.7.6"
    assert named(found, "loki-container").inputs["ports"][0]["ip"] == "192.168.7.7"
    assert named(found, "private-network").inputs["ipamConfigs"] == [{"subnet": "172.20.0.0/24"}]
    assert "ipamConfigs" not in named(found, "public-network").inputs


def test_only_what_looks_at_applications_joins_their_networks() -> None:
    def networks(name: str, *, joins: bool) -> list[dict[str, object]]:
        product = workload(
            joins_applications=joins, name=name, ports=PORTS[name], probe=Probe(PORTS[name][0].name, "/")
        )
        found = deploy(
            lambda runtime: Product(product, runtime), docker={"monitored_networks": ["shop_default"]}
        )
        connected: list[dict[str, object]] = named(found, f"{name}-container").inputs["networksAdvanced"]
        return connected

    assert {"name": "shop_default"} in networks("prometheus", joins=True)
    assert {"name": "shop_default"} not in networks("loki", joins=False)
