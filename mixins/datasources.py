"""UIDs of Grafana's data sources; dashboards and provisioning refer to them by these names."""

from __future__ import annotations

PROMETHEUS = "prometheus"
LOKI = "loki"
JAEGER = "jaeger"
ALERTMANAGER = "alertmanager"
