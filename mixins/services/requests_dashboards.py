"""The dashboards of routes, failing requests and traffic."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from mixins.services import errors as failing
from mixins.services import http, overview, traffic
from mixins.services import routes as by_route
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", service=~"$service"'
SERVICE, ROUTE = "{{service}}", "{{service}} {{route}}"


def routes(thresholds: Thresholds) -> Dashboard:
    """Return rate, errors and duration of the routes of the chosen services, the largest twenty."""

    def largest(record: str) -> str:
        return f"topk(20, {record}{{{CHOSEN}}})"

    errors, latency = largest(by_route.error_ratio(thresholds)), largest(by_route.latency(thresholds))
    return panels.dashboard(
        by_route.ROUTES,
        "Service routes",
        "The routes of the services: which of them is asked, fails or is slow.",
        variables=(panels.environment(), panels.service("http_requests_total")),
        rows={
            "Requests": (
                panels.timeseries(
                    "Requests by route",
                    [(largest(by_route.requests(thresholds)), ROUTE)],
                    panels.Unit.REQUESTS,
                    stacked=True,
                ),
                panels.timeseries(
                    "Error ratio by route", [(errors, ROUTE)], panels.Unit.RATIO, limit=thresholds.error_ratio
                ),
                panels.timeseries(
                    "p95 by route", [(latency, ROUTE)], panels.Unit.SECONDS, limit=thresholds.latency_p95
                ),
                panels.table("Slowest routes", latency, panels.Unit.SECONDS),
            ),
            "Logs": (panels.logs("Errors", '{service=~"$service", level=~"error|critical"}', span=24),),
        },
    )


def errors(thresholds: Thresholds) -> Dashboard:
    """Return what fails in the chosen services, now and against the hour before."""
    ratio, usual = http.error_ratio(thresholds), failing.usual(thresholds)
    return panels.dashboard(
        failing.ERRORS,
        "Errors",
        "Requests that fail: how many, since when, on which route, and what the services say about it.",
        variables=(panels.environment(), panels.service("http_requests_total")),
        rows={
            "Requests": (
                panels.timeseries(
                    "Server errors, share of requests",
                    [(f"{ratio}{{{CHOSEN}}}", SERVICE)],
                    panels.Unit.RATIO,
                    limit=thresholds.warning_error_ratio,
                ),
                panels.timeseries(
                    "Server errors over the hour before",
                    [(f"{usual}{{{CHOSEN}}}", SERVICE)],
                    panels.Unit.RATIO,
                ),
                panels.timeseries(
                    "Client errors, share of requests",
                    [(f"{failing.client_error_ratio(thresholds)}{{{CHOSEN}}}", SERVICE)],
                    panels.Unit.RATIO,
                ),
                panels.table(
                    "Routes that fail most",
                    f"topk(20, {by_route.error_ratio(thresholds)}{{{CHOSEN}}} > 0)",
                    panels.Unit.RATIO,
                ),
            ),
            "Logs": (
                panels.log_rates(
                    "Error lines by service",
                    'sum by (service) (rate({service=~"$service", level=~"error|critical"}[$__auto]))',
                    "{{service}}",
                ),
                panels.logs("Error lines", '{service=~"$service", level=~"error|critical"}', span=24),
            ),
        },
    )


def requests(thresholds: Thresholds) -> Dashboard:
    """Return the traffic of the chosen services against what is usual at this time of day."""
    now, usual = http.request_rate(thresholds), traffic.baseline(thresholds)
    share = f"{now}{{{CHOSEN}}} / ({usual}{{{CHOSEN}}} > {thresholds.minimum_request_rate})"
    return panels.dashboard(
        traffic.TRAFFIC,
        "Traffic",
        "Requests against those of yesterday and of a week ago.",
        variables=(panels.environment(), panels.service("http_requests_total")),
        rows={
            "Requests": (
                panels.timeseries("Requests", [(f"{now}{{{CHOSEN}}}", SERVICE)], panels.Unit.REQUESTS),
                panels.timeseries(
                    "Usual at this time", [(f"{usual}{{{CHOSEN}}}", SERVICE)], panels.Unit.REQUESTS
                ),
                panels.timeseries(
                    "Share of the usual requests",
                    [(share, SERVICE)],
                    panels.Unit.RATIO,
                    limit=thresholds.traffic_surge_factor,
                ),
                panels.timeseries(
                    "Requests within the last minute",
                    [(f"{overview.FAST}{{{CHOSEN}}}", SERVICE)],
                    panels.Unit.REQUESTS,
                ),
            ),
        },
    )
