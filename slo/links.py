"""Links from an alert about a service to its logs and traces in Grafana."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mixins import datasources


@dataclass(frozen=True)
class ServiceLinks:
    """Where logs and traces of a service are shown."""

    grafana: str = ""
    """Base URL of Grafana; empty where there is none, which leaves the links out."""

    def annotations(self, service: str) -> Mapping[str, str]:
        """Return the links as annotations of an alert."""
        if not self.grafana:
            return {}
        return {"logs_url": self.logs(service), "traces_url": self.traces(service)}

    def logs(self, service: str) -> str:
        """Return the page of the error lines of a service in the last hour."""
        query = {"refId": "A", "expr": f'{{service="{service}", level=~"error|critical"}}'}
        return self._explore(datasources.LOKI, query)

    def traces(self, service: str) -> str:
        """Return the page of the traces of a service in the last hour."""
        query = {"refId": "A", "queryType": "search", "service": service}
        return self._explore(datasources.JAEGER, query)

    def _explore(self, source: str, query: Mapping[str, Any]) -> str:
        asked = {**query, "datasource": {"type": source, "uid": source}}
        pane = {"datasource": source, "queries": [asked], "range": {"from": "now-1h", "to": "now"}}
        panes = json.dumps({"a": pane}, separators=(",", ":"))
        return f"{self.grafana.rstrip('/')}/explore?schemaVersion=1&orgId=1&panes={quote(panes, safe='')}"
