"""What the Docker runtime says about this machine before anything is made."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

import versions
from runtimes import SKIP
from runtimes.docker import DockerRuntime, engine, preflight, pulls
from settings import Images, Settings
from targets import TARGETS
from tests.project import free_offset
from tests.serving import serving

pytestmark = pytest.mark.graph


class _Engine(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, Any]] = {}
    status = 200

    def do_GET(self) -> None:
        body = json.dumps(self.answers[self.path.partition("?")[0]]).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def handler() -> type[_Engine]:
    """An engine that has every image, and nothing else."""
    images = [versions.reference(image, Images()).removeprefix("docker.io/") for image in versions.every()]
    names = [name.removeprefix("library/") for name in images]
    answers = {
        "/version": {"Version": "28.0.0"},
        "/info": {"DockerRootDir": "/"},
        "/containers/json": [],
        "/volumes": {"Volumes": None},
        "/images/json": [{"RepoTags": None, "RepoDigests": [_by_digest(name)]} for name in names],
    }
    return type("Handler", (_Engine,), {"answers": answers})


def _by_digest(reference: str) -> str:
    """Return how an engine lists an image that was pulled by tag and digest."""
    tagged, _, digest = reference.partition("@")
    return f"{tagged.rpartition(':')[0]}@{digest}"


@pytest.fixture
def host(tmp_path: Path, handler: type[_Engine], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An engine's socket; short, because a socket's path may not be long."""
    monkeypatch.chdir(tmp_path)
    with serving(ThreadingUnixStreamServer("engine.sock", handler)):
        yield "unix://engine.sock"


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def problems(target: str = "docker", **settings: Any) -> list[str]:
    """Return the problems at ports that are free, whatever runs on this machine."""
    values = {"portOffset": free_offset(), **settings}
    runtime = DockerRuntime(TARGETS[target], Settings(stack="dev", target=target, **values))
    return runtime.problems(["loki", "node-exporter"])


def test_a_machine_without_an_engine_is_told_so(tmp_path: Path) -> None:
    (problem,) = problems(docker={"host": f"unix://{tmp_path}/nothing.sock"})
    assert f"no docker engine answers at unix://{tmp_path}/nothing.sock: there is no such socket" in problem
    assert "pulumi config set --path docker.host" in problem


def test_an_engine_that_answers_with_an_error_is_named(host: str, handler: type[_Engine]) -> None:
    handler.status = 500
    (problem,) = problems("podman", docker={"host": host})
    assert f"no podman engine answers at {host}: it answers 500" in problem


def test_a_socket_that_nobody_serves_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind("silent.sock")
        (problem,) = problems(docker={"host": "unix://silent.sock"})
    assert "Connection refused" in problem


def test_a_taken_port_is_named(host: str, listener: int) -> None:
    (problem,) = problems(docker={"host": host}, ports={"loki-http": listener})
    assert problem.startswith(f"ports: {listener} (loki-http) is taken by ")


def container(name: str, **labels: str) -> dict[str, Any]:
    """Return a container as an engine lists it: Podman names one port only of several in a row."""
    ports = [{"PrivatePort": 3099, "PublicPort": 1}, {"PrivatePort": 9095}]
    return {"Id": name, "Names": [f"/{name}"], "Labels": labels, "Ports": ports}


def publishing(port: int) -> dict[str, Any]:
    """Return a container that publishes a port of loopback as an engine shows it."""
    bindings = [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
    return {"NetworkSettings": {"Ports": {"3100/tcp": bindings, "9095/tcp": None}}}


def test_ports_of_the_stacks_own_containers_are_not_taken(
    host: str, handler: type[_Engine], listener: int
) -> None:
    handler.answers["/containers/json"] = [container("ours", **{engine.STACK_LABEL: "dev"})]
    handler.answers["/containers/ours/json"] = publishing(listener)
    assert problems(docker={"host": host}, ports={"loki-http": listener}) == []


def test_a_port_of_another_container_is_taken_by_that_container(
    host: str, handler: type[_Engine], listener: int
) -> None:
    handler.answers["/containers/json"] = [container("theirs", **{engine.STACK_LABEL: "other"})]
    handler.answers["/containers/theirs/json"] = publishing(listener)
    (problem,) = problems(docker={"host": host}, ports={"loki-http": listener})
    assert problem.startswith(f"ports: {listener} (loki-http) is taken by the container theirs; ")


@pytest.mark.parametrize(
    ("version", "warned"), [("27.5.1", True), ("28.0.0", False), ("20.10.24+dfsg1", True)]
)
def test_an_engine_that_publishes_loopback_ports_to_the_network_is_warned_of(
    host: str, handler: type[_Engine], version: str, warned: bool
) -> None:
    handler.answers["/version"] = {"Version": version}
    found = preflight.notices("docker", host, "dev")
    assert any("update to 28 or later" in notice for notice in found) is warned


def announcements(host: str) -> tuple[str, ...]:
    settings = Settings(stack="dev", target="docker", docker={"host": host})
    return DockerRuntime(TARGETS["docker"], settings).announcements(["loki", "jaeger"])


def test_only_what_is_pulled_is_announced(host: str, handler: type[_Engine]) -> None:
    assert announcements(host) == ()
    loki = f"grafana/loki@{versions.LOKI.digest}"
    handler.answers["/images/json"] = [{"RepoTags": [], "RepoDigests": [loki]}, {"RepoTags": None}]
    size = versions.JAEGER.download_mb + versions.LOADER.download_mb
    names = f"jaeger {versions.JAEGER.tag}, busybox {versions.LOADER.tag}"
    assert announcements(host) == (f"2 images are pulled, about {size} MB: {names}",)


def test_an_image_of_a_mirror_without_digests_is_known_by_its_tag(host: str, handler: type[_Engine]) -> None:
    images = Images(registry="registry.example.org/mirror", digests=False)
    reference = versions.reference(versions.LOADER, images)
    assert pulls.missing(host, {reference: versions.LOADER}) == (versions.LOADER,)
    handler.answers["/images/json"] = [{"RepoTags": [reference], "RepoDigests": []}]
    assert pulls.missing(host, {reference: versions.LOADER}) == ()


def test_a_disk_without_room_for_the_images_is_named(
    host: str, handler: type[_Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler.answers["/images/json"] = []
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=700 * 10**6))
    (problem,) = problems(docker={"host": host})
    assert problem.startswith("docker: / has 700 MB free, and the images to pull with their first data need")
    # What is there already needs no room.
    handler.answers["/images/json"] = [
        {"RepoTags": [f"{image.repository.removeprefix('docker.io/').removeprefix('library/')}:{image.tag}"]}
        for image in versions.every()
    ]
    assert problems(docker={"host": host}, images={"digests": False}) == []


def deployed(product: str, tag: str) -> dict[str, Any]:
    """Return a product's container as an engine lists it."""
    labels = {engine.STACK_LABEL: "dev", engine.SERVICE_LABEL: product, engine.VERSION_LABEL: tag}
    return {**container(product, **labels), "Ports": None}


@pytest.mark.parametrize(
    ("tag", "refused"), [(versions.LOKI.tag, False), ("3.7.99", False), ("3.99.0", True), ("2.9.0", False)]
)
def test_a_product_older_than_its_data_is_refused(
    host: str, handler: type[_Engine], tag: str, refused: bool
) -> None:
    handler.answers["/containers/json"] = [deployed("loki", tag)]
    found = problems(docker={"host": host})
    assert any(f"loki: its data was written by {tag}" in problem for problem in found) is refused
    assert len(found) == refused


def test_a_network_that_is_not_there_is_named(host: str, handler: type[_Engine]) -> None:
    handler.answers["/networks"] = [{"Name": "bridge"}, {"Name": "shop_default"}]
    (problem,) = problems(docker={"host": host, "monitoredNetworks": ["shop_default", "shop_defualt"]})
    assert problem == "docker.monitoredNetworks.shop_defualt: unknown network; did you mean shop_default?"


def test_a_folder_for_data_is_not_used_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SKIP, "1")
    settings = Settings(stack="dev", target="docker", data_directory="/srv/data")
    (notice,) = DockerRuntime(TARGETS["docker"], settings).notices()
    assert notice.startswith("dataDirectory: is not used on target 'docker'")


def test_a_data_volume_that_is_gone_is_said(host: str, handler: type[_Engine]) -> None:
    def found(*names: str) -> tuple[str, ...]:
        handler.answers["/volumes"] = {"Volumes": [{"Name": f"observability-dev-{name}"} for name in names]}
        return tuple(n for n in preflight.notices("docker", host, "dev") if "gone" in n)

    assert found() == ()
    assert found("loki-configuration", "loki-data", "node-exporter-configuration") == ()
    notice = "the volume observability-dev-loki-data is gone: a new, empty one is made in its place"
    assert found("loki-configuration", "jaeger-configuration", "jaeger-data") == (notice,)


@pytest.mark.parametrize(("shared", "left_out"), [("shared:1 ", False), ("master:1 ", False), ("", True)])
def test_an_agent_is_left_out_where_no_container_may_see_the_root_folder(shared: str, left_out: bool) -> None:
    mounts = (
        f"22 1 8:1 / / rw,relatime {shared}- ext4 /dev/a rw\n23 22 0:5 / /proc rw shared:9 - proc proc rw\n"
    )
    assert engine.root_is_shared(mounts) is not left_out


def test_what_is_left_out_is_said(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "root_is_shared", lambda mounts: False)
    runtime = DockerRuntime(TARGETS["docker"], Settings(stack="dev", target="docker", docker={"host": host}))
    left_out = runtime.unavailable(["loki", "node-exporter"])
    assert set(left_out) == {"node-exporter"}
    assert "sudo mount --make-rshared /" in left_out["node-exporter"]
    monkeypatch.setenv(SKIP, "1")
    assert runtime.unavailable(["loki", "node-exporter"]) == {}


def test_nothing_of_the_machine_is_looked_at_when_told_so(
    tmp_path: Path, listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SKIP, "1")
    assert problems(docker={"host": f"unix://{tmp_path}/none.sock"}, ports={"loki-http": listener}) == []
    monkeypatch.setattr(engine, "references", lambda host: pytest.fail("the engine is asked"))
    assert announcements("unix://none.sock") == ()


def test_a_misspelt_port_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SKIP, "1")
    (problem,) = problems(ports={"loki-htpp": 13100})
    assert problem == "ports.loki-htpp: unknown port; did you mean loki-http?"


def test_two_products_that_want_one_port_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SKIP, "1")
    settings = Settings(stack="dev", target="docker", ports={"loki-http": 13100, "jaeger-http": 13100})
    (problem,) = DockerRuntime(TARGETS["docker"], settings).problems(["loki", "jaeger"])
    assert problem == "ports: loki-http and jaeger-http both want 13100; give one of them another port"


def test_the_engine_is_where_the_stack_file_says_then_the_environment_then_the_usual_place() -> None:
    def address(environment: dict[str, str], target: str = "podman", **docker: str) -> str:
        settings = Settings(stack="dev", target=target, docker=docker)
        return engine.address(TARGETS[target], settings, environment)

    variables = {"DOCKER_HOST": "unix:///d.sock", "CONTAINER_HOST": "unix:///c.sock"}
    assert address(variables, host="unix:///s.sock") == "unix:///s.sock"
    assert address(variables) == "unix:///c.sock"
    assert address(variables, "docker") == "unix:///d.sock"
    assert address({}).endswith("/podman/podman.sock")
