"""Where a container engine has what the stack reads of it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from components import cadvisor
from components.collector import workload as collector
from placement import PORTS, ContainerPlacement
from scraping.container_engine import DISCOVERY, ContainerEngine, container_engine
from settings import Settings
from targets import TARGETS

PLACEMENT = ContainerPlacement(homes={}, public_urls={})


def engine(target: str = "docker", **docker: Any) -> ContainerEngine:
    found = container_engine(TARGETS[target], Settings(stack="dev", target=target, docker=docker))
    assert found
    return found


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for target in TARGETS.values():
        if target.engine_variable:
            monkeypatch.delenv(target.engine_variable, raising=False)


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"docker", "podman"}))
def test_targets_without_an_engine_have_none(target: str) -> None:
    settings = Settings(stack="dev", target=target)
    assert container_engine(TARGETS[target], settings) is None
    assert not set(TARGETS[target].products) & DISCOVERY


def test_nothing_is_found_where_that_is_switched_off() -> None:
    settings = Settings(stack="dev", target="docker", docker={"discovery": False})
    assert container_engine(TARGETS["docker"], settings) is None


@pytest.mark.parametrize(
    ("host", "socket"),
    [
        ("unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"),
        # Docker Desktop's virtual machine, and a machine elsewhere, have the socket at its usual place.
        ("unix:///home/me/.docker/run/docker.sock", "/var/run/docker.sock"),
        ("ssh://me@host", "/var/run/docker.sock"),
    ],
)
def test_the_socket_is_the_one_where_the_engine_runs(host: str, socket: str) -> None:
    assert engine(host=host).socket == socket


def test_logs_are_below_the_data_of_the_engine() -> None:
    assert engine().log_file == "/var/lib/docker/containers/{id}/{id}-json.log"
    assert engine().log_folder == "/var/lib/docker/containers"
    moved = engine(dataRoot="/srv/docker")
    assert moved.log_folder == "/srv/docker/containers"
    assert engine("podman").log_folder == "/var/lib/containers/storage/overlay-containers"


def test_the_collector_sees_the_logs_it_follows_and_nothing_else() -> None:
    found = engine(dataRoot="/srv/docker")
    workload = collector({"environment": "dev", "logs": (), "engine": found, "services": ()}, PLACEMENT)
    (mounted,) = workload.host_paths
    assert mounted.path == found.log_folder
    assert f"{mounted.mount}/`container_id`/`container_id`-json.log" in str(workload.files["collector.yaml"])
    assert workload.user == 0
    without = collector({"environment": "dev", "logs": (), "engine": None, "services": ()}, PLACEMENT)
    assert without.user != 0
    assert without.host_paths == ()
    assert "docker_observer" not in str(without.files["collector.yaml"])


@pytest.mark.parametrize(
    ("target", "docker", "extra"),
    [
        ("docker", {}, {"/var/lib/docker/image"}),
        ("docker", {"dataRoot": "/srv/docker"}, {"/srv/docker/image"}),
        (
            "docker",
            {"containerdSocket": "/run/containerd/containerd.sock"},
            {"/run/containerd/containerd.sock"},
        ),
        ("podman", {}, set()),
    ],
)
def test_cadvisor_sees_only_what_tells_containers_apart(
    target: str, docker: dict[str, str], extra: set[str]
) -> None:
    found = engine(target, **docker)
    workload = cadvisor.workload({"engine": found}, PLACEMENT)
    assert {path.path for path in workload.host_paths} == {"/sys", "/proc", *extra}
    # It finds the machine's folders by its own rule, below /rootfs.
    for path in workload.host_paths:
        if path.path not in ("/sys", found.containerd_socket):
            assert PurePosixPath(path.mount) == PurePosixPath(f"/rootfs{path.path}")
    assert f"--{target}=tcp://engine-proxy:{PORTS['engine-proxy'][0].number}" in workload.arguments
