"""The typed reader of the stack's outputs, with Pulumi's mocks."""

from __future__ import annotations

import asyncio
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pulumi
import pytest
from observability_sdk.outputs import OUTPUTS, OutputError, StackOutputs
from pulumi.runtime import Mocks, set_mocks

PASSWORD = "correct horse"
LOCAL = {
    "prometheus_url": "http://127.0.0.1:9090",
    "otlp_http_endpoint": "http://127.0.0.1:4318",
    "grafana_password": PASSWORD,
    "contract_version": "1",
}


def wrap(value: str) -> dict[str, str]:
    """A secret as the engine sends it."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": value}


class Referenced(Mocks):
    """Answers a StackReference with given outputs, as the engine does."""

    def __init__(self, outputs: dict[str, Any], secret: list[str]) -> None:
        self._outputs = {name: wrap(value) if name in secret else value for name, value in outputs.items()}
        self._secret = secret

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert args.typ == "pulumi:pulumi:StackReference"
        return args.name, {**args.inputs, "outputs": self._outputs, "secretOutputNames": self._secret}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError("nothing is called")


def read(outputs: dict[str, Any], name: str, *, require: bool = False, secret: tuple[str, ...] = ()) -> Any:
    """The value and the secretness of one output."""

    async def program() -> Any:
        set_mocks(Referenced(outputs, list(secret)))
        stack = StackOutputs.from_stack("organization/observability/local")
        output = stack.require(name) if require else getattr(stack, name)
        return await output.future(), await output.is_secret()

    return asyncio.run(program())


def test_a_value_is_read_and_is_not_secret_though_another_is() -> None:
    assert read(LOCAL, "prometheus_url", secret=("grafana_password",)) == ("http://127.0.0.1:9090", False)
    assert read(LOCAL, "prometheus_url", require=True, secret=("grafana_password",)) == (
        "http://127.0.0.1:9090",
        False,
    )
    assert read(LOCAL, "contract_version") == ("1", False)


@pytest.mark.parametrize("require", [False, True])
@pytest.mark.parametrize("marked", [(), ("grafana_password",)])
def test_the_password_is_always_secret(require: bool, marked: tuple[str, ...]) -> None:
    assert read(LOCAL, "grafana_password", require=require, secret=marked) == (PASSWORD, True)


def test_what_the_target_does_not_offer_is_none() -> None:
    assert read(LOCAL, "grafana_url") == (None, False)


def test_requiring_what_is_absent_names_the_stack_and_what_it_offers() -> None:
    with pytest.raises(OutputError) as error:
        read(LOCAL, "grafana_url", require=True)
    message = str(error.value)
    assert "'organization/observability/local' does not offer grafana_url" in message
    assert "It offers contract_version, grafana_password, otlp_http_endpoint, prometheus_url" in message
    assert PASSWORD not in message


def test_a_misspelt_name_is_refused_at_once_with_the_nearest() -> None:
    with pytest.raises(OutputError, match="no output 'grafana_uri': did you mean 'grafana_url'"):
        read(LOCAL, "grafana_uri", require=True)


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ("2", r"install observability-sdk 2\.x$"),
        ("0.9", "ask the stack's team to upgrade"),
        ("x", "ask the stack's"),
    ],
)
def test_another_major_contract_is_refused_with_what_to_do(version: str, remedy: str) -> None:
    with pytest.raises(OutputError, match=f"contract_version '{version}'.* reads 1: .*{remedy}"):
        read({**LOCAL, "contract_version": version}, "prometheus_url")


@pytest.mark.parametrize("version", ["1", "1.7", 1])
def test_the_same_major_contract_is_accepted(version: Any) -> None:
    assert read({**LOCAL, "contract_version": version}, "prometheus_url")[0] == "http://127.0.0.1:9090"


@pytest.mark.parametrize(
    ("outputs", "what"), [({}, "it has no outputs"), ({"kubeconfig": "x"}, "it offers kubeconfig")]
)
def test_another_kind_of_stack_is_refused(outputs: dict[str, Any], what: str) -> None:
    with pytest.raises(OutputError, match=f"no output contract_version .{what}.: give the full name"):
        read(outputs, "prometheus_url")


def test_it_is_an_error_pulumi_prints_without_a_traceback() -> None:
    assert issubclass(OutputError, pulumi.RunError)


def test_fields_are_the_outputs_and_frozen() -> None:
    public = {f.name for f in fields(StackOutputs) if not f.name.startswith("_")}
    assert public == {*OUTPUTS, "contract_version"}

    async def program() -> None:
        set_mocks(Referenced(LOCAL, []))
        stack = StackOutputs.from_stack(pulumi.StackReference("organization/observability/local"))
        with pytest.raises(FrozenInstanceError):
            stack.health = pulumi.Output.from_input("x")  # type: ignore[misc]

    asyncio.run(program())
