"""Failing requests below the level that pages, and what changed."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services import http
from mixins.thresholds import Thresholds

ERRORS = "errors"
"""UID of the dashboard."""


def client_error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of requests that a service refused as wrong (4xx), 0 to 1."""
    return f"service:http_client_errors:ratio_rate{thresholds.window}"


def usual(thresholds: Thresholds) -> str:
    """Name of the recorded share of failed requests over the hour before, 0 to 1."""
    return f"service:http_request_errors_hour:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on errors that last, and on errors that multiply."""
    level, ratio, requests = http.LEVEL, http.error_ratio(thresholds), http.request_rate(thresholds)
    busy = f"and on ({level}) {requests} > {thresholds.minimum_request_rate}"
    refused = f'sum by ({level}) ({http.status_rate(thresholds)}{{status=~"4.."}})'
    return (
        RuleGroup(
            "errors",
            (
                RecordingRule(
                    client_error_ratio(thresholds), f"({refused} or {requests} * 0) / ({requests} > 0)"
                ),
                RecordingRule(usual(thresholds), f"avg_over_time({ratio}[1h] offset {thresholds.window})"),
                Alert(
                    "ApplicationErrors",
                    expr=f"{ratio} > {thresholds.warning_error_ratio} {busy}",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="A service keeps failing some of its requests.",
                    description=(
                        "{{ $labels.service }} has failed {{ $value | humanizePercentage }} of its requests "
                        f"for 15 minutes; {thresholds.warning_error_ratio:.2%} is tolerated."
                    ),
                    dashboard=ERRORS,
                ),
                Alert(
                    "ErrorRateChange",
                    expr=(
                        f"{ratio} > {thresholds.error_change_factor} * {usual(thresholds)} "
                        f"and {ratio} > {thresholds.warning_error_ratio} {busy}"
                    ),
                    for_=thresholds.error_ratio_for,
                    severity=Severity.WARNING,
                    summary="A service suddenly fails several times as many requests as in the hour before.",
                    description=(
                        "{{ $labels.service }} fails {{ $value | humanizePercentage }} of its requests, more "
                        f"than {thresholds.error_change_factor:g} times the share of the hour before."
                    ),
                    dashboard=ERRORS,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of failing requests."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import requests_dashboards  # noqa: PLC0415

    return (requests_dashboards.errors(thresholds),)


MIXIN = Mixin(name="errors", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
