"""Stores whose volumes were full go on once there is room again, and lose nothing that was written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docker.stack import Stack, clean, copy, remove
from tests.live.conftest import QUICK, get
from tests.live.test_faults import send_log, send_trace
from tests.project import free_offset, until

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

NAME = "small"
STORES = ("prometheus", "loki", "jaeger")
_ROOM = "size=96m,uid=65532,gid=65532,mode=0700"


def volume(product: str) -> str:
    return f"observability-{NAME}-{product}-data"


@pytest.fixture
def small(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose stores have little room: their volumes were made before, each of a size of its own."""
    engine = stack.engine
    project = copy(tmp_path_factory.mktemp(NAME), engine, NAME, **QUICK, portOffset=free_offset())
    clean(engine, NAME)
    for product in STORES:
        body = {
            "Name": volume(product),
            "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": _ROOM},
            "Labels": {"observability.stack": NAME},
        }
        engine.post("/volumes/create", body)
    small = Stack(project, engine, NAME)
    # What is in memory is gone once no container has it mounted, as between two starts of a product.
    holder = started(small, "trap 'exit 0' TERM; sleep 3600 & wait")
    try:
        project.up()
        small.outputs = project.outputs()
        yield small
    finally:
        remove(engine, holder)
        project.run("destroy", "--yes", "--skip-preview", "--stack", NAME, succeeds=None)
        clean(engine, NAME)


def started(small: Stack, script: str) -> str:
    """Start a shell script that sees the stores' volumes below /volumes; return its container's id."""
    body = {
        "Image": "busybox:1.37.0",
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": [script],
        "HostConfig": {"Binds": [f"{volume(product)}:/volumes/{product}" for product in STORES]},
    }
    container = str(small.engine.post("/containers/create", body)["Id"])
    small.engine.post(f"/containers/{container}/start")
    return container


def in_the_volumes(small: Stack, script: str) -> None:
    """Run a shell script that sees the stores' volumes, until its end."""
    container = started(small, script)
    try:
        assert small.engine.post(f"/containers/{container}/wait")["StatusCode"] == 0
    finally:
        remove(small.engine, container)


def test_stores_go_on_after_their_disks_were_full(small: Stack) -> None:
    endpoint = small.outputs["otlp_http_endpoint"]
    trace, line, asked = send_trace(endpoint), send_log(endpoint), time.time()

    def stored(line: str, trace: str) -> bool:
        found = {"line": small.logs(f'{{service="probe"}} |= "{line}"'), "trace": small.trace(trace)}
        if missing := [name for name, there in found.items() if not there]:
            raise OSError(f"missing: {missing}")
        return True

    def samples() -> list[Any]:
        url, window = f"{small.outputs['prometheus_url']}/api/v1/query_range", asked - 20
        found = get(url, query="sum(up)", start=str(window), end=str(asked), step="1")["data"]["result"]
        return list(found[0]["values"]) if found else []

    until(lambda: stored(line, trace), seconds=60, what="the first line and trace")
    before = until(samples, seconds=30, what="the first samples")

    in_the_volumes(
        small, "for v in /volumes/*; do dd if=/dev/zero of=$v/filler bs=64k 2> /dev/null || :; done"
    )
    during = [(send_log(endpoint), send_trace(endpoint)) for _ in range(5)]
    time.sleep(5)  # long enough for each of them to have met the full disk several times
    in_the_volumes(small, "rm /volumes/*/filler")

    small.healthy()
    until(lambda: stored(line, trace), seconds=60, what="what was stored before")
    assert [value for value in before if value not in samples()] == []
    after = send_log(endpoint), send_trace(endpoint)
    until(lambda: stored(*after), seconds=60, what="a line and a trace from afterwards")
    # The collector acknowledged them: Loki and Jaeger refused them, and were offered them again.
    until(lambda: all(stored(*pair) for pair in during), seconds=90, what="what was sent meanwhile")
