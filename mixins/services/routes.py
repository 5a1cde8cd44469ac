"""The routes of the services: a slow or failing one can hide in a service's total."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds

ROUTES = "service-routes"
"""UID of the dashboard."""
ROUTE = f"{LEVEL}, route"


def requests(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second of a route."""
    return f"service_route:http_requests:rate{thresholds.window}"


def error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of failed requests of a route, 0 to 1."""
    return f"service_route:http_request_errors:ratio_rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 95th percentile of the response time of a route, seconds."""
    return f"service_route:http_request_duration_seconds:p95_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rate, errors and duration of every route, and the alert on slow ones."""
    window, made = thresholds.window, requests(thresholds)
    failed = f'sum by ({ROUTE}) (rate(http_requests_total{{status=~"5.."}}[{window}]))'
    buckets = f"sum by ({ROUTE}, le) (rate(http_request_duration_seconds_bucket[{window}]))"
    return (
        RuleGroup(
            "routes",
            (
                RecordingRule(made, f"sum by ({ROUTE}) (rate(http_requests_total[{window}]))"),
                RecordingRule(error_ratio(thresholds), f"({failed} or {made} * 0) / ({made} > 0)"),
                RecordingRule(latency(thresholds), f"histogram_quantile(0.95, {buckets})"),
                Alert(
                    "HighLatency",
                    expr=(
                        f'{latency(thresholds)}{{route!=""}} > {thresholds.latency_p95} '
                        f"and on ({ROUTE}) {made} > {thresholds.minimum_request_rate}"
                    ),
                    for_=thresholds.latency_for,
                    severity=Severity.WARNING,
                    summary="A route of a service answers too slowly.",
                    description=(
                        "One in twenty requests to {{ $labels.route }} of {{ $labels.service }} takes "
                        f"{{{{ $value | humanizeDuration }}}} or longer; {thresholds.latency_p95:g}s is "
                        "tolerated."
                    ),
                    dashboard=ROUTES,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the routes."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import requests_dashboards  # noqa: PLC0415

    return (requests_dashboards.routes(thresholds),)


MIXIN = Mixin(name="routes", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
