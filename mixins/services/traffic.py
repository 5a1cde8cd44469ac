"""Requests that do not arrive: what a service cannot report as an error of its own."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services import http
from mixins.thresholds import Thresholds

TRAFFIC = "traffic"
"""UID of the dashboard."""


def baseline(thresholds: Thresholds) -> str:
    """Name of the recorded usual requests per second of a service at this time of day."""
    return f"service:http_requests:baseline_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Compare the requests with those of yesterday and of a week ago."""
    requests, usual = http.request_rate(thresholds), baseline(thresholds)
    yesterday = f"avg_over_time({requests}[1h] offset 1d)"
    last_week = f"avg_over_time({requests}[1h] offset 1w)"
    return (
        RuleGroup(
            "traffic",
            (
                # The smaller of the two, so that neither a Saturday nor yesterday's campaign is an alert.
                RecordingRule(usual, f"{yesterday} <= {last_week} or {last_week} or {yesterday}"),
                Alert(
                    "TrafficDrop",
                    expr=(
                        f"{requests} / ({usual} > {thresholds.minimum_request_rate}) "
                        f"< {thresholds.traffic_drop_ratio}"
                    ),
                    for_=thresholds.traffic_drop_for,
                    severity=Severity.WARNING,
                    summary="A service receives far fewer requests than usual.",
                    description=(
                        "{{ $labels.service }} receives {{ $value | humanizePercentage }} of the requests "
                        "that are usual at this time of day."
                    ),
                    dashboard=TRAFFIC,
                ),
                Alert(
                    "TrafficSurge",
                    expr=(
                        f"{requests} / ({usual} > {thresholds.minimum_request_rate}) "
                        f"> {thresholds.traffic_surge_factor}"
                    ),
                    for_=thresholds.traffic_drop_for,
                    severity=Severity.INFO,
                    summary="A service receives several times as many requests as usual.",
                    description=(
                        "{{ $labels.service }} receives {{ $value | humanize }} times the requests that are "
                        "usual at this time of day."
                    ),
                    dashboard=TRAFFIC,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the traffic."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import requests_dashboards  # noqa: PLC0415

    return (requests_dashboards.requests(thresholds),)


MIXIN = Mixin(name="traffic", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
