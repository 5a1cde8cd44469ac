"""The dashboards of Prometheus, Alertmanager and Grafana."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from mixins.stack import alertmanager as members
from mixins.stack import faults, notifications, prometheus_load
from mixins.stack import grafana as views
from mixins.stack import prometheus as server
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", instance=~"$instance"'
EACH = "{{instance}}"


def prometheus(thresholds: Thresholds) -> Dashboard:
    """Return what the chosen Prometheus servers store, scrape, evaluate and answer."""

    def own(metric: str) -> str:
        return f"{metric}{{{server.SELF}, {CHOSEN}}}"

    window = thresholds.window
    running, most = "prometheus_engine_queries", "prometheus_engine_queries_concurrent_max"
    waiting, room = "prometheus_notifications_queue_length", "prometheus_notifications_queue_capacity"
    return panels.dashboard(
        server.BOARD,
        "Prometheus",
        "Prometheus: series, samples, rules, queries and storage.",
        variables=(panels.environment(), panels.instance("prometheus")),
        rows={
            "Now": (
                panels.stat("Series", f"sum({own('prometheus_tsdb_head_series')})"),
                panels.stat(
                    "Samples per second",
                    f"sum({server.samples(thresholds)}{{{CHOSEN}}})",
                    panels.Unit.PER_SECOND,
                ),
                panels.stat("Targets", f"sum({prometheus_load.TARGETS}{{{CHOSEN}}})"),
                panels.stat(
                    "Queries", f"sum({prometheus_load.queries(thresholds)}{{{CHOSEN}}})", panels.Unit.REQUESTS
                ),
            ),
            "Samples": (
                panels.timeseries("Series in memory", [(own("prometheus_tsdb_head_series"), EACH)]),
                panels.timeseries(
                    "Samples stored",
                    [(f"{server.samples(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Series created and removed",
                    [
                        (
                            f"rate({own(f'prometheus_tsdb_head_series_{fate}_total')}[{window}])",
                            f"{EACH} {fate}",
                        )
                        for fate in ("created", "removed")
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Bytes on disk",
                    [
                        (own("prometheus_tsdb_storage_blocks_bytes"), f"{EACH} blocks"),
                        (own("prometheus_tsdb_wal_storage_size_bytes"), f"{EACH} log"),
                    ],
                    panels.Unit.BYTES,
                    stacked=True,
                ),
            ),
            "Rules and queries": (
                panels.timeseries(
                    "Processors spent on rules",
                    [(f"{prometheus_load.rule_time(thresholds)}{{{CHOSEN}}}", EACH)],
                ),
                panels.table(
                    "Slowest groups of rules",
                    f"topk(10, {own('prometheus_rule_group_last_duration_seconds')})",
                    panels.Unit.SECONDS,
                ),
                panels.timeseries(
                    "Average duration of a query",
                    [(f"{prometheus_load.query_duration(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.SECONDS,
                ),
                panels.timeseries(
                    "Queries at once, share of the most",
                    [(f"{own(running)} / {own(most)}", EACH)],
                    panels.Unit.RATIO,
                    limit=thresholds.queue_ratio,
                ),
            ),
            "Notifications": (
                panels.timeseries(
                    "Sent to Alertmanager",
                    [(f"rate({own('prometheus_notifications_sent_total')}[{window}])", EACH)],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Queue of notifications",
                    [(f"{own(waiting)} / ignoring (alertmanager) group_left () {own(room)}", EACH)],
                    panels.Unit.RATIO,
                    limit=thresholds.queue_ratio,
                ),
            ),
            "Faults": faults.prometheus(f"{server.SELF}, {CHOSEN}", thresholds),
        },
    )


def alertmanager(thresholds: Thresholds) -> Dashboard:
    """Return alerts, notifications, silences and cluster of the chosen Alertmanagers."""

    def own(metric: str) -> str:
        return f'alertmanager_{metric}{{job="alertmanager", {CHOSEN}}}'

    integration = "{{integration}}"
    return panels.dashboard(
        members.BOARD,
        "Alertmanager",
        "Alerts that arrive, notifications that leave, silences and the cluster.",
        variables=(panels.environment(), panels.instance("alertmanager")),
        rows={
            "Now": (
                panels.stat("Alerts", f"sum({own('alerts')})"),
                panels.stat("Groups", f"sum({own('dispatcher_aggregation_groups')})"),
                panels.stat("Silences", f"sum({own('silences')})"),
                panels.stat("Members of the cluster", f"min({own('cluster_members')})"),
            ),
            "Notifications": (
                panels.timeseries(
                    "Notifications by integration",
                    [
                        (
                            f"sum by (integration) ({notifications.sent(thresholds)}{{{CHOSEN}}}) > 0",
                            integration,
                        )
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Notifications that failed",
                    [(f"{notifications.failed(thresholds)}{{{CHOSEN}}}", f"{EACH} {integration}")],
                    panels.Unit.RATIO,
                    limit=thresholds.failure_ratio,
                ),
                panels.timeseries(
                    "Duration of a notification, p95",
                    [(f"{notifications.latency(thresholds)}{{{CHOSEN}}}", f"{EACH} {integration}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.notification_duration,
                ),
                panels.timeseries("Alerts by state", [(f"sum by (state) ({own('alerts')})", "{{state}}")]),
            ),
            "Memory": (
                panels.timeseries(
                    "Silences by state", [(f"sum by (state) ({own('silences')})", "{{state}}")]
                ),
                panels.timeseries("Members as each sees them", [(own("cluster_members"), EACH)]),
            ),
            "Faults": faults.alertmanager(f'job="alertmanager", {CHOSEN}'),
        },
    )


def grafana(thresholds: Thresholds) -> Dashboard:
    """Return requests to the chosen Grafanas, and theirs to the data sources."""
    return panels.dashboard(
        views.BOARD,
        "Grafana",
        "Requests to Grafana, and its own to the data sources.",
        variables=(panels.environment(), panels.instance("grafana")),
        rows={
            "Requests": (
                panels.timeseries(
                    "Requests to Grafana",
                    [(f"{views.requests(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.REQUESTS,
                ),
                panels.timeseries(
                    "Error ratio",
                    [(f"{views.error_ratio(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.RATIO,
                    limit=thresholds.error_ratio,
                ),
                panels.timeseries(
                    "Duration, p95",
                    [(f"{views.latency(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.SECONDS,
                    limit=thresholds.grafana_latency,
                ),
                panels.timeseries(
                    "Error ratio of data sources",
                    [(f"{views.source_error_ratio(thresholds)}{{{CHOSEN}}}", "{{datasource}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.error_ratio,
                ),
            ),
        },
    )
