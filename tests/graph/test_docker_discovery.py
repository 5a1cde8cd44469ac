"""Products that find containers by themselves, as the Docker runtime asks an engine for them."""

from __future__ import annotations

import json

import pytest

from components.blackbox_exporter import BlackboxExporter
from components.cadvisor import Cadvisor
from components.collector import Collector
from components.engine_proxy import EngineProxy
from runtimes.docker import DockerRuntime
from scraping.container_engine import ContainerEngine, container_engine
from settings import Settings
from targets import TARGETS
from tests.graph.docker_resources import CONTAINER, Registered, deploy, named

pytestmark = pytest.mark.graph

DOCKER = {"host": "unix:///var/run/docker.sock"}


def engine() -> ContainerEngine:
    found = container_engine(TARGETS["docker"], Settings(stack="dev", target="docker", docker=DOCKER))
    assert found
    return found


def finders(runtime: DockerRuntime) -> None:
    Collector("collector", {"environment": "dev", "logs": (), "engine": engine(), "services": ()}, runtime)
    EngineProxy("engine-proxy", {"engine": engine()}, runtime)
    Cadvisor("cadvisor", {"engine": engine()}, runtime)
    BlackboxExporter("blackbox-exporter", runtime)


@pytest.fixture
def found() -> list[Registered]:
    return deploy(finders, docker=DOCKER)


@pytest.fixture
def services(found: list[Registered]) -> list[Registered]:
    services = [r for r in found if r.type == CONTAINER and not r.name.endswith("-loader")]
    assert len(services) == 4
    return services


def test_only_the_proxy_holds_the_socket(services: list[Registered]) -> None:
    holders = [service.name for service in services if "docker.sock" in json.dumps(service.inputs)]
    assert holders == ["engine-proxy-container"]


def test_root_has_no_power_and_is_reached_from_inside_only(services: list[Registered]) -> None:
    roots = [service for service in services if service.inputs["user"].startswith("0:")]
    assert {service.name for service in roots} == {
        "collector-container", "engine-proxy-container", "cadvisor-container",
    }  # fmt: skip
    for service in services:
        assert service.inputs["capabilities"] == {"drops": ["ALL"]}
        assert service.inputs["readOnly"] is True
        assert service.inputs["securityOpts"][0] == "no-new-privileges:true"
        assert "privileged" not in service.inputs
        binds = [mount for mount in service.inputs["mounts"] if mount["type"] == "bind"]
        assert all(mount["readOnly"] for mount in binds), service.name
    for role in ("engine-proxy", "cadvisor"):
        assert not named(services, f"{role}-container").inputs.get("ports")


def test_targets_are_kept_by_the_name_of_the_network_that_there_is(found: list[Registered]) -> None:
    assert named(found, "private-network").inputs["name"] in engine().networks
