"""Jaeger: traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

import versions
from components.telemetry import own_telemetry
from placement import PORTS, Placement
from rendering import to_yaml
from runtimes import Runtime
from settings.model import Traces
from units import go_duration
from workload import Probe, Resources, Volume, Workload

NAME = "jaeger"


class JaegerArgs(TypedDict):
    """What a Jaeger needs to know."""

    traces: Traces


class Jaeger(pulumi.ComponentResource):
    """Stores traces that the collector forwards and shows them."""

    url: pulumi.Output[str] | None
    """Its page and HTTP API."""

    def __init__(
        self, name: str, args: JaegerArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Jaeger", name, None, opts)
        self.url = runtime.deploy(workload(args, runtime.placement), parent=self).url()
        self.register_outputs({"url": self.url})


def workload(args: JaegerArgs, placement: Placement) -> Workload:
    """Return Jaeger as one process with traces on its own volume."""
    return Workload(
        name=NAME,
        image=versions.JAEGER,
        arguments=(f"--config={placement.config(NAME)}/jaeger.yaml",),
        ports=PORTS[NAME],
        probe=Probe("health", "/status"),
        resources=Resources("200m", "1000m", "256Mi", "1Gi"),
        files={"jaeger.yaml": to_yaml(configuration(args, placement))},
        volume=Volume(args["traces"].storage),
    )


def configuration(args: JaegerArgs, placement: Placement) -> Mapping[str, Any]:
    """Return ``jaeger.yaml``, which has the shape of an OpenTelemetry Collector's configuration."""
    data = placement.data(NAME)
    return {
        "service": {
            "extensions": ["healthcheckv2", "jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": own_telemetry(NAME, placement),
        },
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": {"endpoint": placement.listen(NAME, "health")}},
            "jaeger_query": {
                "storage": {"traces": "traces"},
                "http": {"endpoint": placement.listen(NAME, "http")},
                "grpc": {"endpoint": placement.listen(NAME, "grpc")},
            },
            "jaeger_storage": {
                "backends": {
                    "traces": {
                        "badger": {
                            "directories": {"keys": f"{data}/keys", "values": f"{data}/values"},
                            # Ephemeral is the default, and forgets every trace at a restart.
                            "ephemeral": False,
                            "ttl": {"spans": go_duration(args["traces"].retention)},
                        }
                    }
                }
            },
        },
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": placement.listen(NAME, "otlp-grpc")}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "traces"}},
    }
