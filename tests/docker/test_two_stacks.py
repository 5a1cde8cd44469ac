"""A second stack on the same engine shares nothing with it, survives full disks, and goes as it came."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.docker.stack import PRODUCTS, Stack, clean, copy, remove, volumes
from tests.live.conftest import QUICK, get
from tests.live.test_faults import send_log, send_trace
from tests.project import free_offset, until

pytestmark = pytest.mark.docker

NAME = "other"
KEEP_DATA = {"prometheus", "alertmanager", "loki", "jaeger", "collector", "grafana"}
STORES = ("prometheus", "loki", "jaeger")
_ROOM = "size=96m,uid=65532,gid=65532,mode=0700"


def volume(product: str) -> str:
    return f"observability-{NAME}-{product}-data"


@dataclass
class Other(Stack):
    """The second stack, whose stores have little room."""

    holder: str = ""
    """A container that has the stores' volumes mounted: they are in memory, and gone once nobody has."""


@pytest.fixture(scope="module")
def prepared(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Other]:
    """A second stack before it is deployed; the volumes of its stores were made before, with little room."""
    engine = stack.engine
    project = copy(tmp_path_factory.mktemp(NAME), engine, NAME, **QUICK)
    clean(engine, NAME)
    for product in STORES:
        body = {
            "Name": volume(product),
            "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": _ROOM},
            "Labels": {"observability.stack": NAME},
        }
        engine.post("/volumes/create", body)
    other = Other(project, engine, NAME)
    other.holder = started(other, "trap 'exit 0' TERM; sleep 3600 & wait")
    try:
        yield other
    finally:
        remove(engine, other.holder)
        project.run("destroy", "--yes", "--skip-preview", "--stack", NAME, succeeds=None)
        clean(engine, NAME)


@pytest.fixture(scope="module")
def other(prepared: Other) -> Other:
    """The second stack, deployed."""
    prepared.project.configure({"portOffset": free_offset()})
    prepared.project.up()
    prepared.outputs = prepared.project.outputs()
    return prepared


def names(stack: Stack) -> set[str]:
    """Return everything in the engine that a stack calls its own."""
    containers = stack.engine.containers(**{"observability.stack": stack.name})
    networks = {n for c in stack.containers().values() for n in c["NetworkSettings"]["Networks"]}
    mounts = {m["Name"] for c in containers for m in c["Mounts"] if m["Type"] == "volume"}
    ports = {
        f"port {binding['HostPort']}"
        for c in stack.containers().values()
        for bindings in c["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    }
    return {c["Name"] for c in containers} | networks | mounts | volumes(stack.engine, stack.name) | ports


def started(other: Stack, script: str) -> str:
    """Start a shell script that sees the stores' volumes below /volumes; return its container's id."""
    body = {
        "Image": "busybox:1.37.0",
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": [script],
        "HostConfig": {"Binds": [f"{volume(product)}:/volumes/{product}" for product in STORES]},
    }
    container = str(other.engine.post("/containers/create", body)["Id"])
    other.engine.post(f"/containers/{container}/start")
    return container


def in_the_volumes(other: Stack, script: str) -> None:
    """Run a shell script that sees the stores' volumes, until its end."""
    container = started(other, script)
    try:
        assert other.engine.post(f"/containers/{container}/wait")["StatusCode"] == 0
    finally:
        remove(other.engine, container)


def test_the_ports_of_the_first_stack_are_refused(stack: Stack, prepared: Other) -> None:
    offset = stack.project.run("config", "get", "portOffset", "--stack", stack.name).strip()
    prepared.project.configure({"portOffset": offset})
    refused = prepared.project.preview(succeeds=False)
    assert f"is taken by the container observability-{stack.name}-" in refused
    assert "Traceback" not in refused


def test_a_second_stack_shares_nothing_with_the_first(stack: Stack, other: Other) -> None:
    assert set(other.containers()) == PRODUCTS
    other.healthy()
    assert names(stack)
    assert not names(stack) & names(other)
    line = send_log(other.outputs["otlp_http_endpoint"])
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: other.logs(query), seconds=30, what="the line")
    assert not stack.logs(query)


def test_stores_go_on_after_their_disks_were_full(other: Other) -> None:
    endpoint = other.outputs["otlp_http_endpoint"]
    trace, line, asked = send_trace(endpoint), send_log(endpoint), time.time()

    def stored(line: str, trace: str) -> bool:
        found = {"line": other.logs(f'{{service="probe"}} |= "{line}"'), "trace": other.trace(trace)}
        if missing := [name for name, there in found.items() if not there]:
            raise OSError(f"missing: {missing}")
        return True

    def samples() -> list[Any]:
        url, window = f"{other.outputs['prometheus_url']}/api/v1/query_range", asked - 20
        found = get(url, query="sum(up)", start=str(window), end=str(asked), step="1")["data"]["result"]
        return list(found[0]["values"]) if found else []

    until(lambda: stored(line, trace), seconds=60, what="the first line and trace")
    before = until(samples, seconds=30, what="the first samples")

    in_the_volumes(
        other, "for v in /volumes/*; do dd if=/dev/zero of=$v/filler bs=64k 2> /dev/null || :; done"
    )
    during = [(send_log(endpoint), send_trace(endpoint)) for _ in range(5)]
    time.sleep(5)  # long enough for each of them to have met the full disk several times
    in_the_volumes(other, "rm /volumes/*/filler")

    other.healthy()
    until(lambda: stored(line, trace), seconds=60, what="what was stored before")
    assert [value for value in before if value not in samples()] == []
    after = send_log(endpoint), send_trace(endpoint)
    until(lambda: stored(*after), seconds=60, what="a line and a trace from afterwards")
    # The collector acknowledged them: Loki and Jaeger refused them, and were offered them again.
    until(lambda: all(stored(*pair) for pair in during), seconds=90, what="what was sent meanwhile")


def test_the_end_of_a_stack_leaves_its_data_to_the_next_until_somebody_wants_it_deleted(
    stack: Stack, other: Other
) -> None:
    line = send_log(other.outputs["otlp_http_endpoint"])
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: other.logs(query), seconds=30, what="the line")
    before = names(stack)
    other.project.destroy()
    assert other.engine.containers(**{"observability.stack": NAME}) == []
    assert volumes(other.engine, NAME) == {volume(product) for product in KEEP_DATA}
    assert names(stack) == before
    other.project.destroy()

    other.project.configure({"deleteData": "true"})
    other.project.up()
    until(lambda: other.logs(query), seconds=30, what="the line of the first time")
    remove(other.engine, other.holder)
    other.project.destroy()
    assert volumes(other.engine, NAME) == set()
    stack.healthy()
