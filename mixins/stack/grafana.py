"""Grafana: whether it answers and how fast, and whether its data sources answer it."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

BOARD = "grafana"
"""UID of the dashboard."""
SELF = 'job="grafana"'
INSTANCE = "environment, job, instance"
SOURCE = f"{INSTANCE}, datasource"


def requests(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second."""
    return f"instance:grafana_requests:rate{thresholds.window}"


def error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of requests that Grafana failed, 0 to 1."""
    return f"instance:grafana_request_errors:ratio_rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 95th percentile of the response time, seconds."""
    return f"instance:grafana_request_duration_seconds:p95_rate{thresholds.window}"


def source_error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of requests that a data source failed, 0 to 1."""
    return f"datasource:grafana_request_errors:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on Grafana's own requests and on those to its data sources."""
    return (RuleGroup("grafana", (*_recordings(thresholds), *_alerts(thresholds))),)


def _rate(by: str, metric: str, thresholds: Thresholds, where: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{SELF}{where}}}[{thresholds.window}]))"


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    served, asked = "grafana_http_request_duration_seconds", "grafana_datasource_request_total"
    made = requests(thresholds)
    errors = _rate(INSTANCE, f"{served}_count", thresholds, ', status_code=~"5.."')
    buckets = _rate(f"{INSTANCE}, le", f"{served}_bucket", thresholds)
    sources = _rate(SOURCE, asked, thresholds)
    failed = _rate(SOURCE, asked, thresholds, ', code=~"5.."')
    return (
        RecordingRule(made, _rate(INSTANCE, f"{served}_count", thresholds)),
        RecordingRule(error_ratio(thresholds), f"({errors} or {made} * 0) / ({made} > 0)"),
        RecordingRule(latency(thresholds), f"histogram_quantile(0.95, {buckets})"),
        RecordingRule(
            source_error_ratio(thresholds),
            f"({failed} or {sources} * 0) / ({sources} > {thresholds.minimum_request_rate})",
        ),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    busy = f"and on ({INSTANCE}) {requests(thresholds)} > {thresholds.minimum_request_rate}"
    return (
        Alert(
            "GrafanaRequestErrors",
            expr=f"{error_ratio(thresholds)} > {thresholds.error_ratio} {busy}",
            for_="10m",
            severity=Severity.WARNING,
            summary="Grafana fails requests.",
            description="{{ $labels.instance }} fails {{ $value | humanizePercentage }} of its requests.",
            dashboard=BOARD,
        ),
        Alert(
            "GrafanaSlow",
            expr=f"{latency(thresholds)} > {thresholds.grafana_latency} {busy}",
            for_="15m",
            severity=Severity.WARNING,
            summary="Dashboards load slowly.",
            description=(
                "One in twenty requests to {{ $labels.instance }} takes {{ $value | humanizeDuration }} or "
                "longer."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "GrafanaDatasourceErrors",
            expr=f"{source_error_ratio(thresholds)} > {thresholds.error_ratio}",
            for_="10m",
            severity=Severity.WARNING,
            summary="A data source fails Grafana's queries, so dashboards stay empty.",
            description=(
                "Data source {{ $labels.datasource }} fails {{ $value | humanizePercentage }} of the "
                "queries of {{ $labels.instance }}."
            ),
            dashboard=BOARD,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of Grafana."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import metrics_dashboards  # noqa: PLC0415

    return (metrics_dashboards.grafana(thresholds),)


MIXIN = Mixin(name="grafana", requires=frozenset({"grafana"}), rules=rules, dashboards=dashboards)
