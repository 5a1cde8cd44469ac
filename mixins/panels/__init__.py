"""The visual language of every dashboard: a few kinds of panel, units, colours, variables and links.

Grafana's JSON is written here only, so that a dashboard reads as titles and queries.
"""

from __future__ import annotations

from mixins.panels.board import TAG, dashboard
from mixins.panels.kinds import counts, gauge, log_rates, logs, stat, table, timeseries
from mixins.panels.model import WIDTH, Panel, Query, Unit, Variable
from mixins.panels.variables import environment, instance, namespace, service, variable

__all__ = [
    "TAG",
    "WIDTH",
    "Panel",
    "Query",
    "Unit",
    "Variable",
    "counts",
    "dashboard",
    "environment",
    "gauge",
    "instance",
    "log_rates",
    "logs",
    "namespace",
    "service",
    "stat",
    "table",
    "timeseries",
    "variable",
]
