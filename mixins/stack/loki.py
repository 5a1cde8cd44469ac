"""Loki: what it refuses, what it loses, what it fails to store; and the dashboard of the logs."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds

LOGS, BOARD = "application-logs", "loki"
"""UIDs of the dashboard of the logs, which the panels of others link to, and of Loki itself."""
SELF = 'job="loki"'
LIMITED = "rate_limited|per_stream_rate_limit|stream_limit"
"""Reasons for discarding that a limit gave, not the line itself."""
# The readiness probe answers 503 while Loki starts, by design.
REQUESTS = f'{SELF}, route!="ready"'
_REPLICA = "instance, pod, node"
"""Labels that tell several Loki apart; the last two are there in a cluster only."""


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alerts on requests, ingestion and storage."""
    return (RuleGroup("loki", (*_requests(thresholds), *_ingestion(thresholds), *_storage(thresholds))),)


def _requests(thresholds: Thresholds) -> tuple[Alert, ...]:
    by = "sum without (method, status_code, ws)"
    requests = f"rate(loki_request_duration_seconds_count{{{REQUESTS}}}[{thresholds.window}])"
    errors = (
        f'rate(loki_request_duration_seconds_count{{{REQUESTS}, status_code=~"5.."}}[{thresholds.window}])'
    )
    return (
        Alert(
            "LokiRequestErrors",
            expr=(
                f"{by} ({errors}) / ({by} ({requests}) > {thresholds.minimum_request_rate}) "
                f"> {thresholds.error_ratio}"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="Loki fails requests.",
            description=(
                "{{ $labels.instance }} fails {{ $value | humanizePercentage }} of the requests to "
                "{{ $labels.route }}."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "LokiRequestPanics",
            expr=f"increase(loki_panic_total{{{SELF}}}[10m]) > 0",
            severity=Severity.WARNING,
            summary="Loki met a defect of its own while it answered.",
            description="{{ $labels.instance }} panicked {{ $value | humanize }} times in ten minutes.",
            dashboard=BOARD,
        ),
    )


def _ingestion(thresholds: Thresholds) -> tuple[Alert, ...]:
    discarded = "sum without (format, policy, retention_hours) (rate(loki_discarded_samples_total"
    return (
        Alert(
            "LokiIngestionLimited",
            expr=f'{discarded}{{{SELF}, reason=~"{LIMITED}"}}[{thresholds.window}])) > 0',
            for_="10m",
            severity=Severity.WARNING,
            summary="Logs arrive faster than Loki's limits allow.",
            description=(
                "{{ $labels.instance }} turns away {{ $value | humanize }} lines per second: "
                "{{ $labels.reason }}."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "LokiLinesDiscarded",
            expr=f'{discarded}{{{SELF}, reason!~"{LIMITED}"}}[{thresholds.window}])) > 0',
            for_="10m",
            severity=Severity.WARNING,
            summary="Loki discards log lines that it cannot accept.",
            description=(
                "{{ $labels.instance }} discards {{ $value | humanize }} lines per second: {{ "
                "$labels.reason }}."
            ),
            dashboard=BOARD,
        ),
    )


def _storage(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "LokiChunkFlushFailing",
            expr=f"increase(loki_ingester_chunks_flush_failures_total{{{SELF}}}[{thresholds.window}]) > 0",
            for_="5m",
            severity=Severity.CRITICAL,
            summary="Loki cannot write chunks to its store and will drop logs it has accepted.",
            description="{{ $labels.instance }} failed to store {{ $value | humanize }} chunks.",
            dashboard=BOARD,
        ),
        Alert(
            "LokiWriteAheadLogDiskFull",
            expr=f"increase(loki_ingester_wal_disk_full_failures_total{{{SELF}}}[{thresholds.window}]) > 0",
            severity=Severity.CRITICAL,
            summary="Loki's disk is full: new log lines would not survive a crash.",
            description="{{ $labels.instance }} cannot write its write-ahead log because the disk is full.",
            keep_firing_for="5m",
            dashboard=BOARD,
        ),
        Alert(
            "LokiCompactorNotRunning",
            # One of several instances compacts for all.
            expr=f"max without ({_REPLICA}) (loki_boltdb_shipper_compactor_running{{{SELF}}}) == 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="No Loki compacts the index, so retention deletes nothing and queries slow down.",
            description="None of the instances of {{ $labels.job }} runs the compactor.",
            dashboard=BOARD,
        ),
        Alert(
            "LokiRetentionStalled",
            # 0 until retention ran for the first time, for ever where it is switched off.
            expr=(
                f"time() - max without ({_REPLICA}) "
                f"(loki_compactor_apply_retention_last_successful_run_timestamp_seconds{{{SELF}}} "
                f"> 0) > 10800"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="Loki has stopped deleting old logs; the store grows.",
            description="Retention of {{ $labels.job }} last succeeded {{ $value | humanizeDuration }} ago.",
            dashboard=BOARD,
        ),
    )


def dashboards(_thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the applications' logs."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins import panels  # noqa: PLC0415

    chosen = 'service=~"$service"'
    return (
        panels.dashboard(
            LOGS,
            "Application logs",
            "How much the services log, how much of it is trouble, and the lines themselves.",
            variables=(panels.environment(), panels.service("up")),
            rows={
                "Volume": (
                    panels.log_rates(
                        "Lines by service",
                        f"sum by (service) (rate({{{chosen}}}[$__auto]))",
                        "{{service}}",
                        span=12,
                    ),
                    panels.log_rates(
                        "Lines by level",
                        f"sum by (level) (rate({{{chosen}}}[$__auto]))",
                        "{{level}}",
                        span=12,
                    ),
                ),
                "Lines": (
                    panels.logs("Errors", f'{{{chosen}, level=~"error|critical"}}', span=panels.WIDTH),
                    panels.logs("Everything", f"{{{chosen}}}", span=panels.WIDTH),
                ),
            },
        ),
    )


MIXIN = Mixin(name="loki", requires=frozenset({"loki"}), rules=rules, dashboards=dashboards)
