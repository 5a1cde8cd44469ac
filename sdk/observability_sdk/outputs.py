"""The typed reader of an observability stack's outputs, for other teams' Pulumi programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import pulumi

CONTRACT_VERSION = 1
"""The major version of the outputs that this reader understands."""
OUTPUTS = (
    "grafana_url",
    "prometheus_url",
    "alertmanager_url",
    "loki_url",
    "jaeger_url",
    "otlp_grpc_endpoint",
    "otlp_http_endpoint",
    "loki_push_url",
    "prometheus_remote_write_url",
    "grafana_username",
    "grafana_password",
    "login_username",
    "login_password",
    "push_username",
    "push_password",
    "environment",
    "health",
)
"""The names that `require` accepts."""


class OutputError(pulumi.RunError):
    """The stack does not offer what was asked of it. The message says what it offers and what to do."""


@dataclass(frozen=True, kw_only=True)
class StackOutputs:
    """The outputs of an observability stack. What its target does not offer is None; see `require`."""

    grafana_url: pulumi.Output[str | None]
    """Where people open Grafana."""
    prometheus_url: pulumi.Output[str | None]
    """Prometheus: page and query API."""
    alertmanager_url: pulumi.Output[str | None]
    """Alertmanager: page and API."""
    loki_url: pulumi.Output[str | None]
    """Loki's query API."""
    jaeger_url: pulumi.Output[str | None]
    """Jaeger: page and query API."""
    otlp_grpc_endpoint: pulumi.Output[str | None]
    """Where services send OTLP over gRPC, `host:port` without a scheme."""
    otlp_http_endpoint: pulumi.Output[str | None]
    """Where services send OTLP over HTTP, without `/v1/traces`: the value of OTEL_EXPORTER_OTLP_ENDPOINT."""
    loki_push_url: pulumi.Output[str | None]
    """Where log shippers push, in Loki's protocol."""
    prometheus_remote_write_url: pulumi.Output[str | None]
    """Where other Prometheus servers write."""
    grafana_username: pulumi.Output[str | None]
    """Grafana's administrator."""
    grafana_password: pulumi.Output[str | None]
    """That administrator's password. Always secret."""
    login_username: pulumi.Output[str | None]
    """Name of people at the login in front of Prometheus, Alertmanager, Loki and Jaeger."""
    login_password: pulumi.Output[str | None]
    """Their password. Always secret."""
    push_username: pulumi.Output[str | None]
    """Name by which programs push metrics, log lines and traces, where they are asked for one."""
    push_password: pulumi.Output[str | None]
    """Their password, for HTTP basic authentication. Always secret."""
    contract_version: pulumi.Output[str]
    """The version of these outputs; the same major version keeps every name and meaning."""
    environment: pulumi.Output[str | None]
    """Value of the label `environment` on everything the stack stores."""
    health: pulumi.Output[str | None]
    """The command that checks the stack."""
    _stack: pulumi.Output[str] = field(repr=False)
    _offered: pulumi.Output[list[str]] = field(repr=False)

    @classmethod
    def from_stack(cls, stack: str | pulumi.StackReference) -> StackOutputs:
        """Read a stack's outputs.

        Args:
            stack: The stack's full name, such as `organization/observability/local`, or a reference to it.

        Raises:
            OutputError: when the outputs are read: the stack is not an observability stack, was never
                brought up, or has another major contract version.
        """
        reference = pulumi.StackReference(stack) if isinstance(stack, str) else stack
        # Names are not secret, though one secret output makes the whole mapping so.
        offered = pulumi.Output.unsecret(reference.outputs.apply(sorted))
        version = pulumi.Output.all(reference.name, offered, reference.get_output("contract_version")).apply(
            lambda values: _check_contract(*values)
        )

        def read(name: str) -> pulumi.Output[str | None]:
            return pulumi.Output.all(version, reference.get_output(name)).apply(lambda values: values[1])

        values = {name: read(name) for name in OUTPUTS}
        for name in ("grafana_password", "login_password", "push_password"):
            values[name] = pulumi.Output.secret(values[name])
        return cls(contract_version=version, _stack=reference.name, _offered=offered, **values)

    def require(self, name: str) -> pulumi.Output[str]:
        """Return an output that must be there, by its name in OUTPUTS.

        Raises:
            OutputError: at once when no stack has an output of this name, later when this stack has not.
        """
        if name not in OUTPUTS:
            near = get_close_matches(name, OUTPUTS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the outputs are {', '.join(OUTPUTS)}"
            raise OutputError(f"observability stacks have no output {name!r}: {hint}")
        value: pulumi.Output[str | None] = getattr(self, name)
        return pulumi.Output.all(self._stack, self._offered, value).apply(
            lambda values: _present(name, *values)
        )


def _present(name: str, stack: str, offered: list[str], value: str | None) -> str:
    if value is None:
        raise OutputError(
            f"stack {stack!r} does not offer {name}: its target has no such service. "
            f"It offers {', '.join(offered)}"
        )
    return value


def _check_contract(stack: str, offered: list[str], version: Any) -> str:
    if version is None:
        what = f"it offers {', '.join(offered)}" if offered else "it has no outputs"
        raise OutputError(
            f"stack {stack!r} has no output contract_version ({what}): give the full name of an "
            "observability stack that was brought up with `pulumi up`"
        )
    major = str(version).split(".", 1)[0]
    if major != str(CONTRACT_VERSION):
        newer = major.isdigit() and int(major) > CONTRACT_VERSION
        remedy = (
            f"install observability-sdk {major}.x"
            if newer
            else f"ask the stack's team to upgrade it, or install observability-sdk {major}.x"
        )
        raise OutputError(
            f"stack {stack!r} has contract_version {str(version)!r}, and this observability-sdk reads "
            f"{CONTRACT_VERSION}: {remedy}"
        )
    return str(version)
