"""Objectives of any kind written as OpenSLO v1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from slo.model import Indicator, Slo
from slo.openslo.reader import API_VERSION


def documents_of(slos: Sequence[Slo]) -> Iterator[dict[str, Any]]:
    """Yield objectives as OpenSLO v1 objects; journeys, which it cannot say, are left out."""
    for slo in slos:
        if slo.indicator.steps:
            continue
        month = slo.period == "month"
        window: dict[str, Any] = {"duration": "1M" if month else slo.period, "isRolling": not month}
        if month:
            window["calendar"] = {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}
        yield {
            "apiVersion": API_VERSION,
            "kind": "SLO",
            "metadata": {"name": slo.name, **({"labels": dict(slo.labels)} if slo.labels else {})},
            "spec": {
                **({"description": slo.description} if slo.description else {}),
                "service": slo.service,
                "indicator": {
                    "metadata": {"name": slo.name},
                    "spec": {"ratioMetric": _ratio_metric(slo.indicator)},
                },
                "timeWindow": [window],
                "budgetingMethod": "Occurrences",
                "objectives": [{"targetPercent": float(slo.objective)}],
            },
        }


def _ratio_metric(indicator: Indicator) -> dict[str, Any]:
    def source(query: str) -> dict[str, Any]:
        return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}

    if indicator.ratio:
        return {"rawType": "failure", "raw": source(indicator.ratio)}
    return {"counter": True, "bad": source(indicator.errors), "total": source(indicator.events)}
