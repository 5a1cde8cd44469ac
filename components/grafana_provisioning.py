"""What Grafana finds when it starts: data sources that lead to each other, and where its dashboards are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.thanos import QUERY as THANOS
from mixins import datasources
from placement import Placement, url


def data_sources(placement: Placement, metrics: str = "prometheus") -> Mapping[str, Any]:
    """Return the data sources, linked so that one click leads from a metric to a trace to its log lines.

    ``metrics`` is the product that answers PromQL.
    """
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": datasources.PROMETHEUS,
                "type": "prometheus",
                "url": url(placement, metrics),
                "isDefault": True,
                "jsonData": {
                    "httpMethod": "POST",
                    **({"prometheusType": "Thanos"} if metrics == THANOS else {}),
                    "exemplarTraceIdDestinations": [
                        {"name": "trace_id", "datasourceUid": datasources.JAEGER},
                    ],
                },
            },
            {
                "name": "Loki",
                "uid": datasources.LOKI,
                "type": "loki",
                "url": url(placement, "loki"),
                "jsonData": {
                    "derivedFields": [
                        {
                            "name": "Trace",
                            "matcherType": "label",
                            "matcherRegex": "trace_id",
                            "datasourceUid": datasources.JAEGER,
                            "url": "$${__value.raw}",
                        }
                    ]
                },
            },
            {
                "name": "Jaeger",
                "uid": datasources.JAEGER,
                "type": "jaeger",
                "url": url(placement, "jaeger"),
                "jsonData": {
                    "tracesToLogsV2": {
                        "datasourceUid": datasources.LOKI,
                        "customQuery": True,
                        "query": (
                            '{service="$${__span.tags["service.name"]}"} | trace_id="$${__trace.traceId}"'
                        ),
                    }
                },
            },
            {
                "name": "Alertmanager",
                "uid": datasources.ALERTMANAGER,
                "type": "alertmanager",
                "url": url(placement, "alertmanager"),
                "jsonData": {"implementation": "prometheus"},
            },
        ],
    }


def dashboard_provider(folder: str) -> Mapping[str, Any]:
    """Return the provider that reads dashboards from a folder."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "stack",
                "type": "file",
                "disableDeletion": True,
                "options": {"path": folder},
            }
        ],
    }
