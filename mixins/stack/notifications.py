"""Notifications: how many, how fast, and whether the Alertmanagers of a cluster agree."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.stack.alertmanager import BOARD, SELF
from mixins.thresholds import Thresholds

BY = "environment, job, instance, integration"


def sent(thresholds: Thresholds) -> str:
    """Name of the recorded notifications per second, by integration."""
    return f"integration:alertmanager_notifications:rate{thresholds.window}"


def failed(thresholds: Thresholds) -> str:
    """Name of the recorded share of notifications that failed, by integration, 0 to 1."""
    return f"integration:alertmanager_notifications_failed:ratio_rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 95th percentile of the time a notification takes, seconds."""
    return f"integration:alertmanager_notification_latency_seconds:p95_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on slow deliveries and on a cluster that fell apart."""

    def rate(metric: str, by: str = BY) -> str:
        return f"sum by ({by}) (rate(alertmanager_{metric}{{{SELF}}}[{thresholds.window}]))"

    made, lost = sent(thresholds), rate("notifications_failed_total")
    buckets = rate("notification_latency_seconds_bucket", f"{BY}, le")
    members = f"alertmanager_cluster_members{{{SELF}}}"
    return (
        RuleGroup(
            "notifications",
            (
                RecordingRule(made, rate("notifications_total")),
                RecordingRule(failed(thresholds), f"({lost} or {made} * 0) / ({made} > 0)"),
                RecordingRule(latency(thresholds), f"histogram_quantile(0.95, {buckets})"),
                Alert(
                    "AlertmanagerNotificationsSlow",
                    expr=f"{latency(thresholds)} > {thresholds.notification_duration}",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Notifications take long to be delivered.",
                    description=(
                        "One in twenty notifications of {{ $labels.instance }} by {{ $labels.integration }} "
                        "takes {{ $value | humanizeDuration }} or longer."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "AlertmanagerClusterSplit",
                    expr=f"max by (environment, job) ({members}) - min by (environment, job) ({members}) > 0",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="The Alertmanagers do not agree on who belongs to their cluster.",
                    description="Members of {{ $labels.job }} see clusters that differ by {{ $value }}.",
                    dashboard=BOARD,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of Alertmanager."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import metrics_dashboards  # noqa: PLC0415

    return (metrics_dashboards.alertmanager(thresholds),)


MIXIN = Mixin(name="notifications", requires=frozenset({"alertmanager"}), rules=rules, dashboards=dashboards)
