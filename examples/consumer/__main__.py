"""Another team's stack: configures its application with what the observability stack offers."""

from __future__ import annotations

import pulumi
from observability_sdk.outputs import StackOutputs

SERVICE = "checkout"

stack = StackOutputs.from_stack(pulumi.Config().require("observabilityStack"))

# What the application's container or unit file gets as environment variables. The SDK reads the endpoint.
pulumi.export(
    "environment",
    {
        "OTEL_SERVICE_NAME": SERVICE,
        "OTEL_EXPORTER_OTLP_ENDPOINT": stack.require("otlp_http_endpoint"),
        "LOKI_PUSH_URL": stack.require("loki_push_url"),
    },
)
# Not every target has a Grafana: the link is then absent, and the application runs all the same.
pulumi.export(
    "dashboard_url",
    stack.grafana_url.apply(lambda url: f"{url}/d/service?var-service={SERVICE}" if url else None),
)
# Secret here because it is secret there.
pulumi.export("grafana_password", stack.grafana_password)
pulumi.export("contract_version", stack.contract_version)
