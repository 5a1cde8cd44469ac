"""Panels, row by row, become a dashboard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from mixins.model import Dashboard
from mixins.panels import links
from mixins.panels.model import WIDTH, Panel, Place, Variable

TAG = "observability"
"""Marks the dashboards of this stack; each links to all others that carry it."""


def dashboard(
    uid: str,
    title: str,
    description: str,
    *,
    variables: Sequence[Variable],
    rows: Mapping[str, Sequence[Panel]],
    pages: Mapping[str, str] | None = None,
) -> Dashboard:
    """Place panels row by row, left to right, and return the dashboard's JSON model.

    ``pages`` are links to elsewhere, by what they are called.
    """
    model: dict[str, Any] = {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": [TAG],
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "30s",
        "timezone": "browser",
        "graphTooltip": 1,  # the cross hair is in all panels
        "editable": False,
        "links": [
            links.to_dashboards("Dashboards", TAG),
            *(links.to_address(name, address) for name, address in (pages or {}).items()),
        ],
        "templating": {"list": list(variables)} if variables else {},
        "panels": list(_placed(rows)),
        "annotations": {},
        "fiscalYearStartMonth": 0,
        "schemaVersion": 41,
    }
    return Dashboard(uid, title, model)


def _placed(rows: Mapping[str, Sequence[Panel]]) -> Iterator[Panel]:
    """Give every panel its number and its place: as many beside each other as the grid has columns for."""
    numbers, top = count(1), 0
    for title, members in rows.items():
        place: Place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
        yield {
            "type": "row",
            "title": title,
            "gridPos": place,
            "id": next(numbers),
            "collapsed": False,
            "panels": [],
        }
        top, left, height = top + 1, 0, 0
        for panel in members:
            size = panel["gridPos"]
            yield {**panel, "gridPos": {**size, "x": left, "y": top}, "id": next(numbers)}
            left, height = left + size["w"], max(height, size["h"])
            if left >= WIDTH:
                top, left, height = top + height, 0, 0
        top += height
