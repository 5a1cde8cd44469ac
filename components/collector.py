"""OpenTelemetry Collector: takes traces, metrics and logs in and hands them to the stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pulumi

import versions
from components.telemetry import own_telemetry
from placement import PORTS, Placement, url
from rendering import to_yaml
from runtimes import Runtime
from workload import Probe, Reload, Resources, Volume, Workload

NAME = "collector"

_LEVELS = (("critical", 21), ("error", 17), ("warning", 13), ("info", 9), ("debug", 5), ("trace", 1))
"""Value of the label ``level`` and the lowest OpenTelemetry severity number it stands for."""


@dataclass(frozen=True)
class LogFiles:
    """Files that one service writes its log lines to."""

    service: str
    """Value of the label ``service``."""
    files: tuple[str, ...]
    """Absolute paths or glob patterns."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels, such as ``team``."""


class CollectorArgs(TypedDict):
    """What a collector needs to know."""

    environment: str
    logs: Sequence[LogFiles]
    """Which files it follows."""


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
    return Workload(
        name=NAME,
        image=versions.COLLECTOR,
        arguments=(f"--config={placement.config(NAME)}/collector.yaml",),
        ports=PORTS[NAME],
        probe=Probe("health", "/"),
        resources=Resources("200m", "1000m", "256Mi", "512Mi"),
        files={"collector.yaml": to_yaml(configuration(args, placement))},
        volume=Volume("2Gi"),
        reload=Reload(files=("collector.yaml",), signal="SIGHUP"),
    )


def configuration(args: CollectorArgs, placement: Placement) -> Mapping[str, Any]:
    """Return ``collector.yaml``."""
    follow = {f"file_log/{source.service}": _follow(source) for source in args["logs"]}
    logs = ["otlp", *follow]
    return {
        "extensions": {
            "health_check": {"endpoint": placement.listen(NAME, "health")},
            "file_storage": {"directory": placement.data(NAME), "create_directory": True},
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
            "transform/labels": {"error_mode": "ignore", "log_statements": _label_statements()},
            "groupbyattrs/level": {"keys": ["level"]},
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
                "endpoint": placement.address("jaeger", "otlp-grpc"),
                "tls": {"insecure": True},
                **_DELIVERY,
            },
            "otlp_http/loki": {"endpoint": url(placement, "loki", path="/otlp"), **_DELIVERY},
            "otlp_http/prometheus": {
                "endpoint": url(placement, "prometheus", path="/api/v1/otlp"),
                **_DELIVERY,
            },
        },
        "service": {
            "extensions": ["health_check", "file_storage"],
            "telemetry": own_telemetry(NAME, placement),
            "pipelines": {
                "traces": {
                    "receivers": ["otlp", "zipkin"],
                    "processors": ["memory_limiter", "resource/environment"],
                    "exporters": ["otlp_grpc/jaeger", "span_metrics", "service_graph"],
                },
                "metrics": {
                    "receivers": ["otlp", "span_metrics", "service_graph"],
                    "processors": ["memory_limiter", "resource/environment", "resource/connectors"],
                    "exporters": ["otlp_http/prometheus"],
                },
                "logs": {
                    "receivers": logs,
                    "processors": [
                        "memory_limiter",
                        "resource/environment",
                        "transform/labels",
                        "groupbyattrs/level",
                    ],
                    "exporters": ["otlp_http/loki"],
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
                    "exporters": ["otlp_http/loki"],
                },
            },
        },
    }


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


def _follow(source: LogFiles) -> dict[str, Any]:
    """Follow a service's files: a line stays as it was written; what it says of itself is read from it."""
    is_json = 'body matches "^\\\\s*{"'
    parsed = "attributes.parsed"
    return {
        "include": list(source.files),
        "start_at": "beginning",
        "storage": "file_storage",
        "poll_interval": "500ms",
        "include_file_name": False,
        "resource": {"service": source.service, **source.labels},
        "operators": [
            {"type": "json_parser", "if": is_json, "parse_to": parsed, "on_error": "send_quiet"},
            {
                "type": "regex_parser",
                "if": f"not ({is_json})",
                "regex": r"(?i)\blevel=\"?(?P<level>\w+)",
                "parse_to": parsed,
                "on_error": "send_quiet",
            },
            {
                "type": "severity_parser",
                "if": f"{parsed}?.level != nil",
                "parse_from": f"{parsed}.level",
                "mapping": {"warn": ["warning"], "fatal": ["critical"]},
                "on_error": "send_quiet",
            },
            {
                "type": "time_parser",
                "if": f"{parsed}?.timestamp != nil",
                "parse_from": f"{parsed}.timestamp",
                "layout_type": "gotime",
                "layout": "2006-01-02T15:04:05.999999999Z07:00",
                "on_error": "send_quiet",
            },
            {
                "type": "trace_parser",
                "if": f"{parsed}?.trace_id != nil",
                "trace_id": {"parse_from": f"{parsed}.trace_id"},
                "span_id": {"parse_from": f"{parsed}.span_id"},
                "on_error": "send_quiet",
            },
            {"type": "remove", "if": f"{parsed} != nil", "field": parsed},
        ],
    }


def _label_statements() -> list[str]:
    """OTTL that gives every line the labels ``service`` and ``level``, however it arrived."""
    below = [f"log.severity_number < {number}" for _, number in _LEVELS]
    levels = [
        f'set(log.attributes["level"], "{level}") where log.severity_number >= {number}'
        + (f" and {below[i - 1]}" if i else "")
        for i, (level, number) in enumerate(_LEVELS)
    ]
    return [
        (
            'set(resource.attributes["service"], resource.attributes["service.name"])'
            ' where resource.attributes["service"] == nil'
        ),
        *levels,
        'set(log.attributes["level"], "unknown") where log.severity_number == 0',
    ]
