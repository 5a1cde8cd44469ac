"""The applications of the service catalogue, seen through their HTTP metrics."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "service-overview"
"""UID of the dashboard."""
LEVEL = "environment, team, service"
"""Labels that identify a service; an absent one does no harm."""
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def request_rate(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second of a service."""
    return f"service:http_requests:rate{thresholds.window}"


def status_rate(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second of a service and status code."""
    return f"service_status:http_requests:rate{thresholds.window}"


def error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of requests of a service that the server failed, 0 to 1."""
    return f"service:http_request_errors:ratio_rate{thresholds.window}"


def latency(quantile: str, thresholds: Thresholds) -> str:
    """Name of the recorded response time of a service, seconds; ``quantile`` is a key of QUANTILES."""
    return f"service:http_request_duration_seconds:{quantile}_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Rate, errors and duration of every service."""
    return (RuleGroup("http", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window, requests, by_status = thresholds.window, request_rate(thresholds), status_rate(thresholds)
    errors = f'sum by ({LEVEL}) ({by_status}{{status=~"5.."}})'
    buckets = f"sum by ({LEVEL}, le) (rate(http_request_duration_seconds_bucket[{window}]))"
    return (
        RecordingRule(by_status, f"sum by ({LEVEL}, status) (rate(http_requests_total[{window}]))"),
        RecordingRule(requests, f"sum by ({LEVEL}) ({by_status})"),
        # A service that never failed has no 5xx series: its ratio is 0, not absent.
        RecordingRule(error_ratio(thresholds), f"({errors} or {requests} * 0) / ({requests} > 0)"),
        *(
            RecordingRule(latency(name, thresholds), f"histogram_quantile({share}, {buckets})")
            for name, share in QUANTILES.items()
        ),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    busy = f"and on ({LEVEL}) {request_rate(thresholds)} > {thresholds.minimum_request_rate}"
    return (
        Alert(
            "HighErrorRate",
            expr=f"{error_ratio(thresholds)} > {thresholds.error_ratio} {busy}",
            for_=thresholds.error_ratio_for,
            severity=Severity.CRITICAL,
            summary="A service fails too many of its requests.",
            description=(
                "{{ $labels.service }} answers {{ $value | humanizePercentage }} of its requests with a "
                f"server error; {thresholds.error_ratio:.2%} is tolerated."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "HighResponseTime",
            expr=f"{latency('p95', thresholds)} > {thresholds.latency_p95} {busy}",
            for_=thresholds.latency_for,
            severity=Severity.WARNING,
            summary="A service answers too slowly.",
            description=(
                "One in twenty requests to {{ $labels.service }} takes {{ $value | humanizeDuration }} or "
                f"longer; {thresholds.latency_p95:g}s is tolerated."
            ),
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the service overview."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins import panels  # noqa: PLC0415

    chosen = 'environment=~"$environment", service=~"$service"'
    percentiles = [
        (f"{latency(name, thresholds)}{{{chosen}}}", f"{name} {{{{service}}}}") for name in QUANTILES
    ]
    return (
        panels.dashboard(
            OVERVIEW,
            "Service overview",
            "Rate, errors and duration of the services of the catalogue, beside their logs.",
            variables=(panels.environment(), panels.service("http_requests_total")),
            rows={
                "Now": (
                    panels.stat(
                        "Requests", f"sum({request_rate(thresholds)}{{{chosen}}})", panels.Unit.REQUESTS
                    ),
                    panels.stat(
                        "Worst error ratio",
                        f"max({error_ratio(thresholds)}{{{chosen}}})",
                        panels.Unit.RATIO,
                        limit=thresholds.error_ratio,
                    ),
                    panels.stat(
                        "Worst p95",
                        f"max({latency('p95', thresholds)}{{{chosen}}})",
                        panels.Unit.SECONDS,
                        limit=thresholds.latency_p95,
                    ),
                    panels.stat(
                        "Firing alerts",
                        f'count(ALERTS{{alertstate="firing", {chosen}}}) or vector(0)',
                        limit=1,
                    ),
                ),
                "Rate, errors, duration": (
                    panels.timeseries(
                        "Requests by service",
                        [(f"{request_rate(thresholds)}{{{chosen}}}", "{{service}}")],
                        panels.Unit.REQUESTS,
                    ),
                    panels.timeseries(
                        "Error ratio by service",
                        [(f"{error_ratio(thresholds)}{{{chosen}}}", "{{service}}")],
                        panels.Unit.RATIO,
                        limit=thresholds.error_ratio,
                    ),
                    panels.timeseries(
                        "Response time", percentiles, panels.Unit.SECONDS, limit=thresholds.latency_p95
                    ),
                    panels.timeseries(
                        "Instances that answer",
                        [
                            (
                                f'avg by (service) (up{{{chosen}, team!="", job!~"probe|dapr"}})',
                                "{{service}}",
                            )
                        ],
                        panels.Unit.RATIO,
                    ),
                    panels.timeseries(
                        "Requests by status",
                        [(f"sum by (status) ({status_rate(thresholds)}{{{chosen}}})", "{{status}}")],
                        panels.Unit.REQUESTS,
                        stacked=True,
                    ),
                ),
                "Routes and logs": (
                    panels.table(
                        "Slowest routes, p95",
                        "topk(10, histogram_quantile(0.95, sum by (service, method, route, le) "
                        f"(rate(http_request_duration_seconds_bucket{{{chosen}}}[{thresholds.window}]))))",
                        panels.Unit.SECONDS,
                    ),
                    panels.logs("Errors in the logs", '{service=~"$service", level=~"error|critical"}'),
                ),
            },
        ),
    )


MIXIN = Mixin(name="http", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
