"""Every query of every dashboard runs on the live servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mixins.shipped import MIXINS
from mixins.thresholds import Thresholds
from tests.live.conftest import QUICK, Shop, Stack, get
from tests.project import until

THRESHOLDS = Thresholds(window=QUICK["thresholds.window"], error_ratio_for=QUICK["thresholds.errorRatioFor"])
VARIABLES = {
    "$environment": ".*",
    "$service": ".+",
    "$level": ".+",
    "$instance": ".*",
    "$namespace": ".*",
    "$search": "",
    "$topic": ".*",
}


def queries() -> Iterator[tuple[str, str, str, str]]:
    """Yield dashboard, panel, data source and query."""
    for mixin in MIXINS:
        for board in mixin.dashboards(THRESHOLDS):
            yield from _of(board.uid, board.model["panels"])


def _of(board: str, panels: list[dict[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    for panel in panels:
        yield from _of(board, panel.get("panels", []))
        for target in panel.get("targets", []):
            source = (target.get("datasource") or panel["datasource"])["uid"]
            yield board, panel.get("title", ""), source, target["expr"]


def concrete(query: str) -> str:
    """Return a query with the dashboards' variables set to everything."""
    for name, value in VARIABLES.items():
        query = query.replace(f"${{{name[1:]}}}", value).replace(f"${{{name[1:]}:regex}}", value)
        query = query.replace(name, value)
    return query.replace("$__rate_interval", "15s").replace("$__auto", "15s")


def ask(stack: Stack, source: str, query: str) -> list[Any]:
    """Return what a data source answers; an error of the query is an error of the test."""
    if source == "loki":
        url = f"{stack.outputs['loki_url']}/loki/api/v1/query_range"
        return list(get(url, query=query, since="1h")["data"]["result"])
    return list(get(f"{stack.outputs['prometheus_url']}/api/v1/query", query=query)["data"]["result"])


def test_every_query_is_answered(stack: Stack, shop: Shop) -> None:
    found = list(queries())
    assert len(found) > 400
    for board, panel, source, query in found:
        text = concrete(query)
        assert "$" not in text, f"{board}, {panel}: an unknown variable in {query}"
        ask(stack, source, text)


QUIET = {
    "Collector: lost or refused",
    "Share of items lost",
    "Targets that are not reached",
    "Loki: lines discarded by reason",
    "Alertmanager: failed notifications",
}
"""Panels that have series only once something has gone wrong."""


@pytest.mark.parametrize(
    "board",
    [
        "service-overview", "service-routes", "application-logs",
        "stack-health", "targets", "prometheus", "collector",
        "node-overview", "node-disks", "node-network",
    ],
)  # fmt: skip
def test_panels_have_data(stack: Stack, shop: Shop, board: str) -> None:
    def filled() -> bool:
        shop.order()
        empty = [
            f"{panel}: {query}"
            for dashboard, panel, source, query in queries()
            if dashboard == board and panel not in QUIET and not ask(stack, source, concrete(query))
        ]
        if empty:
            raise OSError(f"no data in {empty}")
        return True

    until(filled, seconds=60, what=board)
