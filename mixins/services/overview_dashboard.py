"""The system overview."""

from __future__ import annotations

from mixins import panels
from mixins.infrastructure import containers, node
from mixins.kubernetes import pods, resources
from mixins.model import Dashboard
from mixins.services import availability, database, events, http, websocket
from mixins.services import overview as mixin
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, service=~"$service"'
SERVICE = "{{service}}"


def system(thresholds: Thresholds) -> Dashboard:
    """Return everything that matters, a panel each; a panel stays empty where nothing reports it."""
    return panels.dashboard(
        mixin.SYSTEM,
        "System overview",
        "Services, what they run on and what they depend on, at one glance.",
        variables=(panels.environment(), panels.service("http_requests_total")),
        rows={
            "Now": _now(),
            "Requests": _requests(thresholds),
            "Dependencies": _dependencies(thresholds),
            "Pods and containers": _containers(thresholds),
            "Machines": _machines(thresholds),
        },
    )


def _now() -> tuple[panels.Panel, ...]:
    return (
        panels.stat("Requests, last minute", f"sum({mixin.FAST}{{{CHOSEN}}})", panels.Unit.REQUESTS),
        panels.stat("Services down", f"count({availability.UP}{{{CHOSEN}}} == 0) or vector(0)", limit=1),
        panels.stat("Active pods", f'sum({pods.PHASES}{{{HERE}, phase="Running"}})'),
        panels.stat("WebSocket connections", f"sum({websocket.CONNECTIONS}{{{CHOSEN}}})"),
    )


def _requests(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    percentiles = [
        (f"{http.latency(name, thresholds)}{{{CHOSEN}}}", f"{name} {SERVICE}") for name in http.QUANTILES
    ]
    return (
        panels.timeseries(
            "Request rate by service",
            [(f"{http.request_rate(thresholds)}{{{CHOSEN}}}", SERVICE)],
            panels.Unit.REQUESTS,
        ),
        panels.timeseries(
            "Error rate",
            [(f"{http.error_ratio(thresholds)}{{{CHOSEN}}}", SERVICE)],
            panels.Unit.RATIO,
            limit=thresholds.error_ratio,
        ),
        panels.timeseries(
            "Response time, p50, p95 and p99",
            percentiles,
            panels.Unit.SECONDS,
            limit=thresholds.latency_p95,
        ),
        panels.timeseries(
            "Requests by status",
            [(f"sum by (status) ({http.status_rate(thresholds)}{{{CHOSEN}}})", "{{status}}")],
            panels.Unit.REQUESTS,
            stacked=True,
        ),
    )


def _dependencies(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    return (
        panels.timeseries(
            "Database connections",
            [(f"sum by (service) (database_connections_active{{{CHOSEN}}})", SERVICE)],
        ),
        panels.gauge(
            "Database pool",
            [(f"max({database.POOL}{{{CHOSEN}}})", "in use")],
            limit=thresholds.pool_critical_ratio,
        ),
        panels.stat(
            "Failed queries",
            f"max({database.error_ratio(thresholds)}{{{CHOSEN}}})",
            panels.Unit.RATIO,
            limit=thresholds.error_ratio,
        ),
        panels.timeseries(
            "Slow queries per second",
            [(f"{database.slow_rate(thresholds)}{{{CHOSEN}}}", SERVICE)],
            panels.Unit.PER_SECOND,
            limit=thresholds.slow_query_rate,
        ),
        panels.timeseries(
            "Kafka lag",
            [(f"sum by (service, topic) ({events.LAG}{{{CHOSEN}}})", "{{service}} {{topic}}")],
            limit=thresholds.consumer_lag,
        ),
    )


def _containers(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    pod, container = "{{namespace}} {{pod}}", "{{container}}"
    return (
        panels.timeseries(
            "CPU by pod",
            [
                (f"topk(20, {resources.cpu(thresholds)}{{{HERE}}})", pod),
                (f"topk(20, {containers.cpu(thresholds)}{{{HERE}}})", container),
            ],
            stacked=True,
        ),
        panels.timeseries(
            "Memory by pod",
            [
                (f"topk(20, {resources.MEMORY}{{{HERE}}})", pod),
                (f"topk(20, {containers.MEMORY}{{{HERE}}})", container),
            ],
            panels.Unit.BYTES,
            stacked=True,
        ),
    )


def _machines(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    return (
        panels.timeseries(
            "CPU",
            [(f"{node.cpu(thresholds)}{{{HERE}}}", "{{instance}}")],
            panels.Unit.RATIO,
            limit=thresholds.cpu_ratio,
        ),
        panels.timeseries(
            "Memory",
            [(f"{node.MEMORY}{{{HERE}}}", "{{instance}}")],
            panels.Unit.RATIO,
            limit=thresholds.memory_ratio,
        ),
    )
