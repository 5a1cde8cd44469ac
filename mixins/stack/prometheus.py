"""Prometheus watching itself."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW, BOARD = "stack-health", "prometheus"
"""UIDs of the dashboard that shows all parts of the stack, and of Prometheus' own."""
SELF = 'job="prometheus"'


def samples(thresholds: Thresholds) -> str:
    """Name of the recorded samples per second that a Prometheus stores."""
    return f"instance:prometheus_tsdb_head_samples_appended:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Watch configuration, scraping, rules, storage, notifications and remote write."""
    appended = f"rate(prometheus_tsdb_head_samples_appended_total{{{SELF}}}[{thresholds.window}])"
    return (
        RuleGroup(
            "prometheus",
            (
                RecordingRule(samples(thresholds), f"sum without (type) ({appended})"),
                *_scraping(thresholds),
                *_evaluation(thresholds),
                *_storage(thresholds),
                *_delivery(thresholds),
            ),
        ),
    )


def _scraping(thresholds: Thresholds) -> tuple[Alert, ...]:
    window = thresholds.window
    return (
        Alert(
            "PrometheusConfigReloadFailed",
            expr=f"prometheus_config_last_reload_successful{{{SELF}}} == 0",
            for_="5m",
            severity=Severity.WARNING,
            summary="Prometheus refused its new configuration and runs on the old one.",
            description=(
                "The last reload of {{ $labels.instance }} failed; what changed since is not in effect."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusTargetSyncFailing",
            expr=f"increase(prometheus_target_sync_failed_total{{{SELF}}}[{window}]) > 0",
            for_="10m",
            severity=Severity.WARNING,
            summary="Prometheus cannot use some of the targets it discovered.",
            description=(
                "{{ $labels.instance }} fails to set up targets of scrape job {{ $labels.scrape_job }}."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusScrapeLimitExceeded",
            expr=(
                f"increase(prometheus_target_scrapes_exceeded_sample_limit_total{{{SELF}}}[{window}]) "
                f"+ increase(prometheus_target_scrapes_exceeded_body_size_limit_total{{{SELF}}}[{window}]) "
                f"+ "
                f"increase(prometheus_target_scrape_pool_exceeded_label_limits_total{{{SELF}}}[{window}]) > 0"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="Prometheus drops whole scrapes because a target exposes too much.",
            description=(
                "{{ $labels.instance }} dropped {{ $value | humanize }} scrapes over a configured limit."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusSamplesRejected",
            expr=(
                f"increase(prometheus_target_scrapes_sample_duplicate_timestamp_total{{{SELF}}}[{window}]) "
                f"+ increase(prometheus_target_scrapes_sample_out_of_order_total{{{SELF}}}[{window}]) "
                f"+ increase(prometheus_target_scrapes_sample_out_of_bounds_total{{{SELF}}}[{window}]) > 0"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="Prometheus rejects samples whose timestamps collide or are out of range.",
            description="{{ $labels.instance }} rejected {{ $value | humanize }} samples in its scrapes.",
            dashboard=BOARD,
        ),
    )


def _evaluation(thresholds: Thresholds) -> tuple[Alert, ...]:
    window = thresholds.window
    return (
        Alert(
            "PrometheusRuleEvaluationFailing",
            expr=f"increase(prometheus_rule_evaluation_failures_total{{{SELF}}}[{window}]) > 0",
            for_="10m",
            severity=Severity.CRITICAL,
            summary="Prometheus cannot evaluate some of its rules, so alerts may be missing.",
            description="{{ $labels.instance }} fails to evaluate rules of {{ $labels.rule_group }}.",
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusRuleEvaluationSlow",
            expr=f"increase(prometheus_rule_group_iterations_missed_total{{{SELF}}}[{window}]) > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="Rules take longer than their interval, so alerts come late.",
            description="{{ $labels.instance }} skips evaluations of {{ $labels.rule_group }}.",
            dashboard=BOARD,
        ),
    )


def _storage(thresholds: Thresholds) -> tuple[Alert, ...]:
    on_disk = (
        f"(prometheus_tsdb_storage_blocks_bytes{{{SELF}}} + prometheus_tsdb_wal_storage_size_bytes{{{SELF}}} "
        f"+ prometheus_tsdb_head_chunks_storage_size_bytes{{{SELF}}})"
    )
    return (
        Alert(
            "PrometheusCompactionFailing",
            expr=f"increase(prometheus_tsdb_compactions_failed_total{{{SELF}}}[3h]) > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="Prometheus cannot compact its data.",
            description="{{ $labels.instance }} failed {{ $value | humanize }} compactions in three hours.",
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusBlockReloadFailing",
            expr=f"increase(prometheus_tsdb_reloads_failures_total{{{SELF}}}[3h]) > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="Prometheus cannot read blocks of its own data.",
            description=(
                "{{ $labels.instance }} failed {{ $value | humanize }} times in three hours to load blocks."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusWriteAheadLogFailing",
            expr=" + ".join(
                f"increase(prometheus_tsdb_{failure}_failed_total{{{SELF}}}[{thresholds.window}])"
                for failure in ("wal_writes", "wal_truncations", "checkpoint_creations")
            )
            + " > 0",
            severity=Severity.CRITICAL,
            summary="Prometheus cannot write its log of new samples; a crash now loses data.",
            description="{{ $labels.instance }} fails to write or truncate its write-ahead log.",
            keep_firing_for="15m",
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusStorageNearLimit",
            # Full by design once the history is as long as promised: alert only while it is shorter.
            expr=(
                f"{on_disk} / (prometheus_tsdb_retention_limit_bytes{{{SELF}}} > 0) > "
                f"{thresholds.storage_ratio} "
                f"and time() - prometheus_tsdb_lowest_timestamp_seconds{{{SELF}}} "
                f"< prometheus_tsdb_retention_limit_seconds{{{SELF}}}"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="The size limit will delete metrics before their retention time is over.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its size limit.",
            dashboard=BOARD,
        ),
    )


def _delivery(thresholds: Thresholds) -> tuple[Alert, ...]:
    window = thresholds.window
    failed = f"rate(prometheus_remote_storage_samples_failed_total{{{SELF}}}[{window}])"
    sent = f"rate(prometheus_remote_storage_samples_total{{{SELF}}}[{window}])"
    return (
        Alert(
            "PrometheusNotConnectedToAlertmanager",
            expr=f"max_over_time(prometheus_notifications_alertmanagers_discovered{{{SELF}}}[{window}]) < 1",
            for_="5m",
            severity=Severity.CRITICAL,
            summary="Prometheus knows no Alertmanager, so nobody is notified of anything.",
            description="{{ $labels.instance }} has no Alertmanager to send alerts to.",
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusNotificationsFailing",
            expr=(
                f"rate(prometheus_notifications_errors_total{{{SELF}}}[{window}]) "
                f"/ (rate(prometheus_notifications_errors_total{{{SELF}}}[{window}]) "
                f"+ rate(prometheus_notifications_sent_total{{{SELF}}}[{window}])) > "
                f"{thresholds.failure_ratio}"
            ),
            for_="10m",
            severity=Severity.CRITICAL,
            summary="Prometheus cannot deliver alerts to an Alertmanager.",
            description=(
                "{{ $labels.instance }} fails to deliver {{ $value | humanizePercentage }} of its alerts "
                "to {{ $labels.alertmanager }}."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusNotificationQueueFilling",
            expr=(
                f"prometheus_notifications_queue_length{{{SELF}}} / ignoring (alertmanager) group_left () "
                f"prometheus_notifications_queue_capacity{{{SELF}}} > {thresholds.queue_ratio}"
            ),
            for_="5m",
            severity=Severity.WARNING,
            summary="Alerts wait in Prometheus and will soon be dropped.",
            description="The queue of {{ $labels.instance }} is {{ $value | humanizePercentage }} full.",
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusRemoteWriteFailing",
            expr=f"{failed} / ({failed} + {sent}) > {thresholds.failure_ratio}",
            for_="10m",
            severity=Severity.WARNING,
            summary="Prometheus loses samples on their way to a remote store.",
            description=(
                "{{ $labels.instance }} loses {{ $value | humanizePercentage }} of the samples it sends to "
                "{{ $labels.remote_name }}."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "PrometheusRemoteWriteBehind",
            expr=(
                f"prometheus_remote_storage_queue_highest_timestamp_seconds{{{SELF}}} "
                f"- prometheus_remote_storage_queue_highest_sent_timestamp_seconds{{{SELF}}} "
                f"> {thresholds.remote_write_lag}"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="A remote store gets samples late.",
            description=(
                "{{ $labels.instance }} is {{ $value | humanizeDuration }} behind in sending samples to "
                "{{ $labels.remote_name }}."
            ),
            dashboard=BOARD,
        ),
    )


MIXIN = Mixin(name="prometheus", requires=frozenset({"prometheus"}), rules=rules)
