"""OpenTelemetry Collector: takes traces, metrics and logs in and hands them to the stores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

import versions
from catalogue import Service
from components.collector_logs import (
    CONTAINERS,
    LogFiles,
    follow_containers,
    follow_files,
    label_statements,
    observe,
)
from components.hub import HubLink, Intake, authorization_files, exporter
from components.telemetry import own_telemetry
from placement import PORTS, Placement, each, url
from rendering import to_yaml
from runtimes import Runtime
from scraping.container_engine import ContainerEngine
from workload import HostPath, Probe, Reload, Resources, Volume, Workload

NAME = "collector"


class CollectorArgs(TypedDict):
    """What a collector needs to know."""

    environment: str
    logs: Sequence[LogFiles]
    """Which files it follows."""
    engine: ContainerEngine | None
    """Engine whose containers' logs it follows; None where there is none."""
    traces: NotRequired[str]
    """Product that takes traces in; Jaeger itself where none is named."""
    services: Sequence[Service]
    """Services of the catalogue, whose lines it gives the labels of their entries."""
    spokes: NotRequired[Sequence[str]]
    """Environments that send it what their own collectors have derived metrics from."""
    hub: NotRequired[HubLink | None]
    """Stack that it sends log lines and traces to as well."""


class Collector(pulumi.ComponentResource):
    """Receives OTLP and Zipkin, follows log files, derives metrics from spans."""

    otlp_grpc_endpoint: pulumi.Output[str] | None
    """``host:port`` for OTLP over gRPC."""
    otlp_http_endpoint: pulumi.Output[str] | None
    """URL for OTLP over HTTP."""

    def __init__(
        self, name: str, args: CollectorArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Collector", name, None, opts)
        deployed = runtime.deploy(workload(args, runtime.placement), parent=self)
        self.otlp_grpc_endpoint = deployed.addresses.get("otlp-grpc")
        self.otlp_http_endpoint = deployed.url("otlp-http")
        self.register_outputs(
            {"otlp_grpc_endpoint": self.otlp_grpc_endpoint, "otlp_http_endpoint": self.otlp_http_endpoint}
        )


def workload(args: CollectorArgs, placement: Placement) -> Workload:
    """Return the collector, agent and gateway in one."""
    engine = args["engine"]
    # Root without any capability is the owner of the containers' logs, and of nothing else.
    reads_logs: _ReadsLogs = {"user": 0, "host_paths": (_logs_of(engine, placement),)} if engine else {}
    return Workload(
        name=NAME,
        image=versions.COLLECTOR,
        arguments=(f"--config={placement.config(NAME)}/collector.yaml",),
        ports=PORTS[NAME],
        probe=Probe("health", "/"),
        resources=Resources("200m", "1000m", "256Mi", "512Mi"),
        files={"collector.yaml": _file(args, placement)},
        secrets=authorization_files(args.get("hub")),
        volume=Volume("2Gi"),
        reload=Reload(files=("collector.yaml",), signal="SIGHUP"),
        needs=("engine-proxy", "prometheus", "loki", "jaeger", "jaeger-collector"),
        outbound=args.get("hub") is not None,
        joins_applications=True,
        **reads_logs,
    )


class _ReadsLogs(TypedDict, total=False):
    user: int
    host_paths: tuple[HostPath, ...]


def _logs_of(engine: ContainerEngine, placement: Placement) -> HostPath:
    return HostPath(engine.log_folder, placement.host(engine.log_folder))


def _file(args: CollectorArgs, placement: Placement) -> pulumi.Input[str]:
    """Return ``collector.yaml`` as text, once it is known where the hub is."""
    if hub := args.get("hub"):
        return hub.intake.apply(lambda intake: to_yaml(configuration(args, placement, intake)))
    return to_yaml(configuration(args, placement))


def configuration(args: CollectorArgs, placement: Placement, hub: Intake | None = None) -> Mapping[str, Any]:
    """Return ``collector.yaml``."""
    engine, spokes = args["engine"], args.get("spokes", ())
    to_hub = exporter(hub, NAME, placement, _DELIVERY) if hub else {}
    follow = {f"file_log/{source.service}": follow_files(source) for source in args["logs"]}
    if engine:
        follow[CONTAINERS] = follow_containers(engine, placement, args["services"])
    # Each of a pair has everything, as it has what it scrapes itself.
    stores = {
        f"otlp_http/{address.partition('.')[0].partition(':')[0]}": {
            "endpoint": f"http://{address}/api/v1/otlp",
            **_DELIVERY,
        }
        for address in each(placement, "prometheus", "http")
    }
    observer = {"docker_observer": observe(placement)} if engine else {}
    return {
        "extensions": {
            "health_check": {"endpoint": placement.listen(NAME, "health")},
            "file_storage": {"directory": placement.data(NAME), "create_directory": True},
            **observer,
        },
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": placement.listen(NAME, "otlp-grpc")},
                    "http": {"endpoint": placement.listen(NAME, "otlp-http")},
                }
            },
            "zipkin": {"endpoint": placement.listen(NAME, "zipkin")},
            "webhook_event": {"endpoint": placement.listen(NAME, "notifications"), "path": "/notifications"},
            **follow,
        },
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": 400, "spike_limit_mib": 100},
            "resource/environment": {
                "attributes": [
                    {"key": key, "value": args["environment"], "action": "insert"}
                    for key in ("environment", "deployment.environment.name")
                ]
            },
            "resource/notifications": {
                "attributes": [{"key": "service", "value": "notifications", "action": "upsert"}]
            },
            # The connectors add it; it changes at every start and would make every series a new one.
            "resource/connectors": {"attributes": [{"key": "collector.instance.id", "action": "delete"}]},
            "transform/labels": {
                "error_mode": "ignore",
                "log_statements": label_statements(args["services"]),
            },
            "groupbyattrs/level": {"keys": ["level"]},
            **({"filter/spokes": _without(spokes)} if spokes else {}),
        },
        "connectors": {
            "span_metrics": {
                "dimensions": [{"name": "http.request.method"}, {"name": "http.response.status_code"}],
                "exemplars": {"enabled": True},
                "metrics_flush_interval": "15s",
                "metrics_expiration": "5m",
            },
            "service_graph": {"metrics_flush_interval": "15s"},
        },
        "exporters": {
            "otlp_grpc/jaeger": {
                "endpoint": placement.address(args.get("traces", "jaeger"), "otlp-grpc"),
                "tls": {"insecure": True},
                **_DELIVERY,
            },
            "otlp_http/loki": {"endpoint": url(placement, "loki", path="/otlp"), **_DELIVERY},
            **stores,
            **to_hub,
        },
        "service": {
            "extensions": ["health_check", "file_storage", *observer],
            "telemetry": own_telemetry(NAME, placement),
            "pipelines": {
                "traces": {
                    "receivers": ["otlp", "zipkin"],
                    "processors": ["memory_limiter", "resource/environment"],
                    "exporters": ["otlp_grpc/jaeger", *([] if spokes else _DERIVING), *to_hub],
                },
                **({"traces/own": _OWN_TRACES} if spokes else {}),
                "metrics": {
                    "receivers": ["otlp", "span_metrics", "service_graph"],
                    "processors": ["memory_limiter", "resource/environment", "resource/connectors"],
                    "exporters": list(stores),
                },
                "logs": {
                    "receivers": ["otlp", *follow],
                    "processors": [
                        "memory_limiter",
                        "resource/environment",
                        "transform/labels",
                        "groupbyattrs/level",
                    ],
                    "exporters": ["otlp_http/loki", *to_hub],
                },
                "logs/notifications": {
                    "receivers": ["webhook_event"],
                    "processors": [
                        "memory_limiter",
                        "resource/environment",
                        "resource/notifications",
                        "transform/labels",
                        "groupbyattrs/level",
                    ],
                    "exporters": ["otlp_http/loki", *to_hub],
                },
            },
        },
    }


def _without(spokes: Sequence[str]) -> Mapping[str, Any]:
    """Return what drops the spans of these environments."""
    spans = [f'resource.attributes["environment"] == {json.dumps(name)}' for name in spokes]
    return {"error_mode": "ignore", "traces": {"span": spans}}


_DERIVING = ("span_metrics", "service_graph")
_OWN_TRACES: Mapping[str, Any] = {
    "receivers": ["otlp", "zipkin"],
    "processors": ["memory_limiter", "resource/environment", "filter/spokes"],
    "exporters": list(_DERIVING),
}
"""Pipeline of a hub that derives metrics; what its spokes derive comes by remote write."""
_DELIVERY: Mapping[str, Any] = {
    # The queue is on disk and batches on its way out, so what was acknowledged survives a kill, and a
    # store that is away for a while is caught up with.
    "sending_queue": {
        "storage": "file_storage",
        "queue_size": 10_000,
        "batch": {"flush_timeout": "500ms", "min_size": 1000, "max_size": 8000, "sizer": "items"},
        "sizer": "requests",
    },
    "retry_on_failure": {"max_interval": "10s", "max_elapsed_time": "0s"},
}
