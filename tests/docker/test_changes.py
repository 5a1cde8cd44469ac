"""A change rolls what it concerns, and no data goes with a container."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

import versions
from tests.docker import images
from tests.docker.stack import Stack, changes, volumes
from tests.live.conftest import get
from tests.live.test_faults import send_log
from tests.project import until

pytestmark = pytest.mark.docker


def test_a_changed_threshold_reaches_prometheus_while_it_runs(stack: Stack) -> None:
    before = stack.containers()
    stack.project.configure({"thresholds.cpuRatio": "0.71"})
    assert changes(stack.project.preview("--json")) == {
        "prometheus-configuration-loader": "replace",
        "grafana-configuration-loader": "replace",
    }
    stack.project.up()
    after = stack.containers()
    assert {name: c["State"]["Pid"] for name, c in after.items()} == {
        name: c["State"]["Pid"] for name, c in before.items()
    }

    def rules() -> str:
        return json.dumps(get(f"{stack.outputs['prometheus_url']}/api/v1/rules"))

    until(lambda: "> 0.71" in rules(), seconds=40, what="the new threshold is evaluated")
    assert stack.metric("prometheus_config_last_reload_successful")[0]["value"][1] == "1"


def test_a_replaced_container_keeps_its_volume(stack: Stack) -> None:
    line = send_log(stack.outputs["otlp_http_endpoint"])
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: stack.logs(query), seconds=30, what="the line before the replacement")
    before, kept = stack.containers(), volumes(stack.engine, stack.name)

    stack.project.configure({"logs.retention": "30d"})
    stack.project.up()
    after = stack.containers()
    assert {name for name in after if after[name]["Id"] != before[name]["Id"]} == {"loki"}
    assert volumes(stack.engine, stack.name) == kept
    stack.healthy()
    until(lambda: stack.logs(query), seconds=30, what="the line after the replacement")
    stack.project.preview("--expect-no-changes")


@pytest.fixture(scope="module")
def release(stack: Stack) -> Iterator[Callable[[str], None]]:
    """Change which release of Loki the project pins; afterwards it is as it was."""
    file = stack.project.path / "versions.py"
    text = file.read_text(encoding="utf-8")

    def pin(tag: str) -> None:
        file.write_text(text.replace(f'"{versions.LOKI.tag}"', f'"{tag}"'), encoding="utf-8")

    yield pin
    file.write_text(text, encoding="utf-8")
    stack.project.run(
        "up", "--yes", "--skip-preview", "--stack", stack.name, OBSERVABILITY_SKIP_PREFLIGHT="1"
    )
    stack.engine.delete(f"/images/{versions.LOKI.repository.removeprefix('docker.io/')}:3.99.0")


def test_an_image_that_cannot_be_pulled_leaves_the_old_container_serving(
    stack: Stack, release: Callable[[str], None]
) -> None:
    before = stack.id("loki")
    release("3.7.99-nowhere")
    assert "1 image is pulled" in stack.project.preview()
    failed = stack.project.run("up", "--yes", "--skip-preview", "--stack", stack.name, succeeds=False)
    assert "grafana/loki:3.7.99-nowhere" in failed
    assert stack.id("loki") == before
    stack.healthy()
    release(versions.LOKI.tag)
    stack.project.preview("--expect-no-changes")


def test_an_upgrade_keeps_the_data_and_a_downgrade_is_refused(
    stack: Stack, release: Callable[[str], None]
) -> None:
    line = send_log(stack.outputs["otlp_http_endpoint"])
    query = f'{{service="probe"}} |= "{line}"'
    until(lambda: stack.logs(query), seconds=30, what="the line before the upgrade")
    kept = volumes(stack.engine, stack.name)
    images.make_as(stack.engine, versions.LOKI, "3.99.0")

    release("3.99.0")
    stack.project.up()
    assert stack.containers()["loki"]["Config"]["Labels"]["observability.version"] == "3.99.0"
    assert volumes(stack.engine, stack.name) == kept
    stack.healthy()
    until(lambda: stack.logs(query), seconds=30, what="the line after the upgrade")

    release(versions.LOKI.tag)
    refused = stack.project.preview(succeeds=False)
    assert "loki: its data was written by 3.99.0" in refused
    assert "Traceback" not in refused
