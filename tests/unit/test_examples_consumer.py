"""The consumer's program with Pulumi's mocks: what it makes of the outputs."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import pytest
import yaml
from observability_sdk.outputs import OutputError
from pulumi.runtime import Mocks, set_all_config, set_mocks

CONSUMER = Path(__file__).resolve().parents[2] / "examples" / "consumer"
STACK = "organization/observability/local"
OFFERED = {
    "otlp_http_endpoint": "http://127.0.0.1:4318",
    "loki_push_url": "http://127.0.0.1:3100/loki/api/v1/push",
    "grafana_url": "http://127.0.0.1:3000",
    "grafana_password": "correct horse",
    "contract_version": "1",
}
SECRET = ["grafana_password"]


def wrap(value: str) -> dict[str, str]:
    """A secret as the engine sends it."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": value}


class Referenced(Mocks):
    """Answers the StackReference with given outputs."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        self._outputs = {name: wrap(value) if name in SECRET else value for name, value in outputs.items()}
        self.referenced: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert args.typ == "pulumi:pulumi:StackReference"
        self.referenced.append(args.name)
        return args.name, {**args.inputs, "outputs": self._outputs, "secretOutputNames": SECRET}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError("nothing is called")


def run(outputs: dict[str, Any]) -> dict[str, tuple[Any, bool]]:
    """The consumer's own outputs: value and secretness."""
    exported: dict[str, pulumi.Output[Any]] = {}

    async def program() -> dict[str, tuple[Any, bool]]:
        mocks = Referenced(outputs)
        set_mocks(mocks, project="consumer", stack="dev")
        set_all_config({"consumer:observabilityStack": STACK})
        with mock.patch("pulumi.export", exported.__setitem__):
            runpy.run_path(str(CONSUMER / "__main__.py"))
        values = {name: pulumi.Output.from_input(value) for name, value in exported.items()}
        read = {name: (await value.future(), await value.is_secret()) for name, value in values.items()}
        assert mocks.referenced == [STACK]
        return read

    return asyncio.run(program())


def test_it_configures_the_application_and_keeps_the_password_secret() -> None:
    assert run(OFFERED) == {
        "environment": (
            {
                "OTEL_SERVICE_NAME": "checkout",
                "OTEL_EXPORTER_OTLP_ENDPOINT": OFFERED["otlp_http_endpoint"],
                "LOKI_PUSH_URL": OFFERED["loki_push_url"],
            },
            False,
        ),
        "dashboard_url": ("http://127.0.0.1:3000/d/service?var-service=checkout", False),
        "grafana_password": ("correct horse", True),
        "contract_version": ("1", False),
    }


def test_without_grafana_only_the_link_is_absent() -> None:
    outputs = run({key: value for key, value in OFFERED.items() if not key.startswith("grafana")})
    assert outputs["dashboard_url"] == (None, False)
    assert outputs["environment"][0]["LOKI_PUSH_URL"] == OFFERED["loki_push_url"]


def test_without_a_receiver_it_says_what_is_missing() -> None:
    with pytest.raises(OutputError, match=f"{STACK}' does not offer otlp_http_endpoint"):
        run({key: value for key, value in OFFERED.items() if not key.startswith("otlp")})


def test_its_stack_file_sets_what_its_project_declares() -> None:
    declared = yaml.safe_load((CONSUMER / "Pulumi.yaml").read_text())["config"]
    assert yaml.safe_load((CONSUMER / "Pulumi.dev.yaml").read_text())["config"].keys() == declared.keys()
