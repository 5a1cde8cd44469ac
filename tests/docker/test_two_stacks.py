"""A second stack on the same engine shares nothing with the first, and goes as it came."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.docker.stack import PRODUCTS, Stack, clean, copy, volumes
from tests.live.conftest import QUICK
from tests.live.test_faults import send_log
from tests.project import free_offset, until

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

NAME = "other"
KEEP_DATA = {"prometheus", "alertmanager", "loki", "jaeger", "collector", "grafana"}


@pytest.fixture
def other(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A copy for the second stack that has not been deployed yet."""
    project = copy(tmp_path_factory.mktemp("other"), stack.engine, NAME, **QUICK)
    clean(stack.engine, NAME)
    yield Stack(project, stack.engine, NAME)
    clean(stack.engine, NAME)


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


def test_two_stacks(stack: Stack, other: Stack) -> None:
    offset = stack.project.run("config", "get", "portOffset", "--stack", stack.name).strip()
    other.project.configure({"portOffset": offset})
    refused = other.project.preview(succeeds=False)
    assert f"is taken by the container observability-{stack.name}-" in refused
    assert "Traceback" not in refused

    other.project.configure({"portOffset": free_offset()})
    other.project.up()
    other.outputs = other.project.outputs()
    assert set(other.containers()) == PRODUCTS
    other.healthy()
    assert names(stack)
    assert not names(stack) & names(other)
    line = send_log(other.outputs["otlp_http_endpoint"])
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: other.logs(query), seconds=30, what="the line")
    assert not stack.logs(query)

    # Its end takes everything but its data, and nothing of the first.
    before = names(stack)
    other.project.destroy()
    assert other.engine.containers(**{"observability.stack": NAME}) == []
    data = {f"observability-{NAME}-{product}-data" for product in KEEP_DATA}
    assert volumes(other.engine, NAME) == data
    assert names(stack) == before
    other.project.destroy()

    # The next deployment finds it again; only who asks for it loses it.
    other.project.configure({"deleteData": "true"})
    other.project.up()
    until(lambda: other.logs(query), seconds=30, what="the line of the first time")
    other.project.destroy()
    assert volumes(other.engine, NAME) == set()
    stack.healthy()
