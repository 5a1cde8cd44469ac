"""What a stack hands to other teams: flat names, plain types, the same at every target.

``sdk/observability_sdk/outputs.py`` is the typed reader of these names. What a target lacks is absent.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

CONTRACT_VERSION = "1"
"""Grows when a name disappears or changes its meaning; new names do not change it."""

DESCRIPTIONS: Mapping[str, str] = {
    "contract_version": "Version of this list of outputs.",
    "environment": "Value of the label environment on everything the stack stores.",
    "grafana_url": "Dashboards.",
    "grafana_username": "Name of Grafana's administrator.",
    "grafana_password": "Password of Grafana's administrator (secret).",
    "prometheus_url": "Metrics: page, HTTP API.",
    "prometheus_remote_write_url": "Where agents push metrics by remote write.",
    "alertmanager_url": "Alerts and silences.",
    "loki_url": "Log lines: HTTP API.",
    "loki_push_url": "Where clients push log lines in Loki's own protocol.",
    "jaeger_url": "Traces.",
    "otlp_grpc_endpoint": "host:port that takes traces, metrics and logs by OTLP over gRPC.",
    "otlp_http_endpoint": "URL that takes traces, metrics and logs by OTLP over HTTP.",
    "login_username": "Name of people at the login in front of Prometheus, Alertmanager, Loki and Jaeger.",
    "login_password": "Their password (secret).",
    "push_username": "Name of programs that push through that login.",
    "push_password": "Their password (secret).",
    "health": "Command that checks this stack; exit status 0 when it is healthy.",
    "notices": "What is left out or limited here, a line each.",
}
"""Every output a stack can have, in the order people want to see them."""


def export(values: Mapping[str, pulumi.Input[object] | None]) -> None:
    """Export the outputs that have a value."""
    for name in DESCRIPTIONS:
        value = values.get(name)
        if value is not None:
            pulumi.export(name, value)
