"""Where a click in a panel leads: from metrics to log lines and traces."""

from __future__ import annotations

import json
from urllib.parse import quote

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as schema

from mixins import datasources

LOGS = "application-logs"
"""UID of the dashboard that shows the log lines of a service."""


def signals_of_a_service() -> list[Builder[schema.DashboardLink]]:
    """Return where a click on a service's line leads: its log lines and its traces of the same time."""
    name = "${__field.labels.service}"
    search = {"refId": "A", "queryType": "search", "service": name}
    span = {"from": "${__from}", "to": "${__to}"}
    pane = {"a": {"datasource": datasources.JAEGER, "queries": [search], "range": span}}
    encoded = quote(json.dumps(pane, separators=(",", ":")))
    for kept in (name, *span.values()):
        encoded = encoded.replace(quote(kept), kept)
    targets = {
        f"Log lines of {name}": f"/d/{LOGS}?var-service={name}&${{__url_time_range}}",
        f"Traces of {name}": f"/explore?schemaVersion=1&panes={encoded}",
    }
    return [
        builder.DashboardLink(title).type(schema.DashboardLinkType.LINK).url(address)
        for title, address in targets.items()
    ]
