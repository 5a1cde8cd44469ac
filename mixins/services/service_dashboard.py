"""One dashboard a service of the catalogue: its objectives, its signals, its addresses and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mixins import panels
from mixins.model import Dashboard
from mixins.services import http
from mixins.thresholds import Thresholds
from slo import arithmetic


def uid(service: str) -> str:
    """Return the UID of the dashboard of a service; Grafana allows 40 characters."""
    return f"service-{service}"[:40]


def dashboard(
    service: str, description: str, pages: Mapping[str, str], thresholds: Thresholds, *, has_slos: bool
) -> Dashboard:
    """Return the dashboard of a service; ``pages`` are links by their names."""
    chosen = f'service="{service}"'
    rows: dict[str, Sequence[panels.Panel]] = {}
    if has_slos:
        rows["Objectives"] = (
            panels.table("Budget left", f"sort({arithmetic.REMAINING}{{{chosen}}})", panels.Unit.RATIO),
            panels.timeseries("Burn rate", [(f"{arithmetic.BURN_RATE}{{{chosen}}}", "{{slo}}")], limit=1),
        )
    rows["Rate, errors, duration"] = (
        panels.timeseries(
            "Requests", [(f"{http.request_rate(thresholds)}{{{chosen}}}", "requests")], panels.Unit.REQUESTS
        ),
        panels.timeseries(
            "Error ratio",
            [(f"{http.error_ratio(thresholds)}{{{chosen}}}", "errors")],
            panels.Unit.RATIO,
            limit=thresholds.error_ratio,
        ),
        panels.timeseries(
            "Response time",
            [(f"{http.latency(name, thresholds)}{{{chosen}}}", name) for name in http.QUANTILES],
            panels.Unit.SECONDS,
            limit=thresholds.latency_p95,
        ),
        panels.logs("Errors in the logs", f'{{service="{service}", level=~"error|critical"}}'),
    )
    about = description or f"The service {service}."
    return panels.dashboard(uid(service), f"Service {service}", about, variables=(), rows=rows, pages=pages)
