"""Where a click in a panel leads: from metrics to log lines and traces."""

from __future__ import annotations

import json
from functools import cache
from urllib.parse import quote

from mixins import datasources
from mixins.panels.model import Link

LOGS = "application-logs"
"""UID of the dashboard that shows the log lines of a service."""


def to_address(title: str, address: str) -> Link:
    """Return a link to an address."""
    return _link(title) | {"url": address}


def to_dashboards(title: str, tag: str) -> Link:
    """Return a drop-down of the dashboards with a tag; they take over the chosen values and the time."""
    return _link(title) | {
        "type": "dashboards",
        "tags": [tag],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
    }


@cache
def signals_of_a_service() -> list[Link]:
    """Return where a click on a service's line leads: its log lines and its traces of the same time."""
    name = "${__field.labels.service}"
    search = {"refId": "A", "queryType": "search", "service": name}
    span = {"from": "${__from}", "to": "${__to}"}
    pane = {"a": {"datasource": datasources.JAEGER, "queries": [search], "range": span}}
    encoded = quote(json.dumps(pane, separators=(",", ":")))
    for kept in (name, *span.values()):
        encoded = encoded.replace(quote(kept), kept)
    return [
        to_address(f"Log lines of {name}", f"/d/{LOGS}?var-service={name}&${{__url_time_range}}"),
        to_address(f"Traces of {name}", f"/explore?schemaVersion=1&panes={encoded}"),
    ]


def _link(title: str) -> Link:
    return {
        "asDropdown": False,
        "icon": "",
        "includeVars": False,
        "keepTime": False,
        "tags": [],
        "targetBlank": False,
        "title": title,
        "tooltip": "",
        "type": "link",
    }
