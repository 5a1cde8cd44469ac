"""The kinds of panel: what each needs to know, and how all of its kind look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from mixins.panels import links
from mixins.panels.model import (
    LOGS,
    METRICS,
    WIDTH,
    Defaults,
    FieldConfig,
    Panel,
    Place,
    Query,
    Step,
    Steps,
    Target,
    Unit,
)

_LINES: Mapping[str, Any] = {
    "legend": {
        "displayMode": "table",
        "placement": "bottom",
        "showLegend": True,
        "calcs": ["mean", "max", "lastNotNull"],
    },
    "tooltip": {"mode": "multi", "sort": "desc"},
}
_NUMBER: Mapping[str, Any] = {
    "colorMode": "value",
    "graphMode": "area",
    "justifyMode": "auto",
    "orientation": "auto",
    "percentChangeColorMode": "standard",
    "reduceOptions": {"calcs": []},
    "showPercentChange": False,
    "textMode": "auto",
    "wideLayout": True,
}
_LOG_LINES: Mapping[str, Any] = {
    "dedupStrategy": "none",
    "enableLogDetails": True,
    "prettifyLogMessage": False,
    "showCommonLabels": False,
    "showLabels": False,
    "showLogContextToggle": False,
    "showTime": True,
    "sortOrder": "Descending",
    "wrapLogMessage": True,
}


def timeseries(
    title: str,
    queries: Sequence[Query],
    unit: Unit = Unit.NUMBER,
    *,
    limit: float | None = None,
    stacked: bool = False,
) -> Panel:
    """Lines over time; ``limit`` draws the alert's threshold."""
    lines: dict[str, object] = {
        "fillOpacity": 30 if stacked else 8,
        "lineWidth": 1,
        "showPoints": "never",
        **({"stacking": {"mode": "normal"}} if stacked else {}),
        **({} if limit is None else {"thresholdsStyle": {"mode": "dashed"}}),
    }
    shown: Defaults = {"unit": unit, "min": 0, "thresholds": _red_from(limit), "custom": lines}
    if any("{{service}}" in legend for _, legend in queries):
        shown["links"] = links.signals_of_a_service()
    return {
        "type": "timeseries",
        "title": title,
        "datasource": METRICS,
        "targets": _targets(queries),
        "fieldConfig": _fields(shown),
        "options": _LINES,
        "gridPos": _size(),
    }


def counts(title: str, counters: Mapping[str, str], *labels: str) -> Panel:
    """Lines of how much counters grew within an hour; ``counters`` is their names here → their selectors."""
    each = " ".join(f"{{{{{label}}}}}" for label in labels)
    queries = [
        (f"sum by ({', '.join(labels)}) (increase({counter}[1h]))", f"{each} {name}".strip())
        for name, counter in counters.items()
    ]
    return timeseries(f"{title}, 1 hour", queries)


def stat(title: str, query: str, unit: Unit = Unit.NUMBER, *, limit: float | None = None) -> Panel:
    """One number with its recent course; red from ``limit`` on."""
    return {
        "type": "stat",
        "title": title,
        "datasource": METRICS,
        "targets": _targets([(query, "")]),
        "fieldConfig": _fields({"unit": unit, "thresholds": _red_from(limit)}),
        "options": _NUMBER,
        "gridPos": _size(height=4, width=6),
    }


def gauge(title: str, queries: Sequence[Query], *, limit: float, floor: bool = False) -> Panel:
    """Shares from 0 to 1; red from ``limit`` on, or below it where it is a ``floor``."""
    colours = _green_from(limit) if floor else _red_from(limit)
    return {
        "type": "gauge",
        "title": title,
        "datasource": METRICS,
        "targets": _targets(queries),
        "fieldConfig": _fields({"unit": Unit.RATIO, "min": 0, "max": 1, "thresholds": colours}),
        "gridPos": _size(height=6, width=6),
    }


def table(title: str, query: str, unit: Unit = Unit.NUMBER) -> Panel:
    """Show the newest value of every series, one row each."""
    newest: Target = {
        "expr": query,
        "refId": "",
        "legendFormat": "__auto",
        "format": "table",
        "instant": True,
        "range": False,
    }
    return {
        "type": "table",
        "title": title,
        "datasource": METRICS,
        "targets": [newest],
        "fieldConfig": _fields({"unit": unit}),
        "transformations": [{"id": "organize", "options": {"excludeByName": {"Time": True}}}],
        "gridPos": _size(),
    }


def logs(title: str, query: str, *, span: int = 12) -> Panel:
    """Log lines that match a LogQL ``query``, newest first."""
    return {
        "type": "logs",
        "title": title,
        "datasource": LOGS,
        "targets": [{"expr": query, "refId": "A"}],
        "options": _LOG_LINES,
        "gridPos": _size(height=10, width=span),
    }


def log_rates(title: str, query: str, legend: str, *, span: int = WIDTH) -> Panel:
    """Stacked lines of a LogQL metric ``query``, which returns lines per second."""
    lines = {"fillOpacity": 30, "stacking": {"mode": "normal"}}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": LOGS,
        "targets": [{"expr": query, "legendFormat": legend, "refId": "A"}],
        "fieldConfig": _fields({"unit": Unit.PER_SECOND, "custom": lines}),
        "gridPos": _size(width=span),
    }


def _size(height: int = 8, width: int = 12) -> Place:
    return {"h": height, "w": width, "x": 0, "y": 0}


def _targets(queries: Sequence[Query]) -> list[Target]:
    return [
        {"expr": query, "legendFormat": legend or "__auto", "refId": letter}
        for letter, (query, legend) in zip(ascii_uppercase, queries, strict=False)
    ]


def _fields(defaults: Defaults) -> FieldConfig:
    return {"defaults": defaults, "overrides": []}


def _red_from(limit: float | None) -> Steps:
    steps: list[Step] = [{"color": "green", "value": None}]
    if limit is not None:
        steps.append({"color": "red", "value": limit})
    return {"mode": "absolute", "steps": steps}


def _green_from(limit: float) -> Steps:
    return {
        "mode": "absolute",
        "steps": [{"color": "red", "value": None}, {"color": "green", "value": limit}],
    }
