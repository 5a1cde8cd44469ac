"""The dashboard of the Dapr sidecars."""

from __future__ import annotations

from mixins import panels
from mixins.counters import grew
from mixins.model import Dashboard
from mixins.services import dapr as mixin
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", service=~"$service"'
APP, TOPIC = "{{app_id}}", "{{app_id}} {{topic}}"


def sidecars(thresholds: Thresholds) -> Dashboard:
    """Return calls, messages and health of the sidecars of the chosen services."""
    requests = f"{mixin.requests(thresholds)}{{{CHOSEN}}}"
    errors = f"{mixin.error_ratio(thresholds)}{{{CHOSEN}}}"
    latency = f"{mixin.latency(thresholds)}{{{CHOSEN}}}"
    unset = f'dapr_runtime_component_init_fail_total{{job="dapr", {CHOSEN}}}'
    breaker = f'job="dapr", policy="circuitbreaker", status="open", {CHOSEN}'
    opened = f"sum by (app_id) {grew(f'dapr_resiliency_activations_total{{{breaker}}}', '1h')}"

    def failed(direction: str) -> str:
        return f"{mixin.failure_ratio(direction, thresholds)}{{{CHOSEN}}}"

    return panels.dashboard(
        mixin.OVERVIEW,
        "Dapr",
        "Dapr sidecars: calls, publish and subscribe, components and circuit breakers.",
        variables=(panels.environment(), panels.service("dapr_http_server_request_count")),
        rows={
            "Calls": (
                panels.timeseries("Requests by application", [(requests, APP)], panels.Unit.REQUESTS),
                panels.timeseries(
                    "Error ratio", [(errors, APP)], panels.Unit.RATIO, limit=thresholds.error_ratio
                ),
                panels.timeseries(
                    "Duration, p95", [(latency, APP)], panels.Unit.SECONDS, limit=thresholds.latency_p95
                ),
                panels.timeseries("Circuit breakers opened, 1 hour", [(opened, APP)]),
            ),
            "Publish and subscribe": (
                *(
                    panels.timeseries(
                        f"Messages {direction}",
                        [(f"{mixin.messages(direction, thresholds)}{{{CHOSEN}}}", TOPIC)],
                        panels.Unit.PER_SECOND,
                    )
                    for direction in ("published", "received")
                ),
                *(
                    panels.timeseries(
                        f"Share of messages {direction} that failed",
                        [(failed(direction), TOPIC)],
                        panels.Unit.RATIO,
                        limit=thresholds.delivery_failure_ratio,
                    )
                    for direction in ("published", "received")
                ),
            ),
            "Sidecars": (
                panels.timeseries(
                    "Components that could not be set up",
                    [(f"sum by (app_id) ({unset})", APP)],
                ),
                panels.counts(
                    "Certificates that could not be renewed",
                    {"": f'dapr_runtime_mtls_workload_cert_rotated_fail_total{{job="dapr", {CHOSEN}}}'},
                    "app_id",
                ),
                panels.table(
                    "Sidecars that answer", f'min by (service, instance) (up{{job="dapr", {CHOSEN}}})'
                ),
                panels.logs("Log lines of the sidecars", '{service=~"$service"} |= "dapr"'),
            ),
        },
    )
