"""Rows of the dashboards of Prometheus and Alertmanager: what they count only when something is wrong."""

from __future__ import annotations

from mixins import panels
from mixins.thresholds import Thresholds

EACH = "{{instance}}"
WELL = "Last reload, 1 is well"


def prometheus(where: str, thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    """Return what Prometheus fails at, of the servers that ``where`` selects."""

    def own(metric: str, kinds: str = "") -> str:
        return f"prometheus_{metric}{{{where}{kinds}}}"

    def lost(what: str) -> str:
        return f"target_scrapes_{what}_total"

    failed, sent = (
        f"rate({own(f'remote_storage_samples_{it}total')}[{thresholds.window}])" for it in ("failed_", "")
    )
    newest, taken = (own(f"remote_storage_queue_highest_{it}timestamp_seconds") for it in ("", "sent_"))
    queue = f"{EACH} {{{{remote_name}}}}"
    return (
        panels.timeseries(
            WELL,
            [(own("config_last_reload_successful"), EACH)],
        ),
        panels.timeseries(
            "Alertmanagers and failed discoveries",
            [
                (own("notifications_alertmanagers_discovered"), f"{EACH} Alertmanagers"),
                (f"sum by (instance) ({own('sd_failed_configs')})", f"{EACH} failed discoveries"),
            ],
        ),
        panels.counts(
            "Scrapes and samples refused",
            {
                "over a limit": own(lost("exceeded_sample_limit")),
                "too large": own(lost("exceeded_body_size_limit")),
                "over a limit of labels": own("target_scrape_pool_exceeded_label_limits_total"),
                "the same time twice": own(lost("sample_duplicate_timestamp")),
                "out of order": own(lost("sample_out_of_order")),
                "out of bounds": own(lost("sample_out_of_bounds")),
                "targets not set up": own("target_sync_failed_total"),
            },
            "instance",
        ),
        panels.counts(
            "Rules not evaluated",
            {
                "failed": own("rule_evaluation_failures_total"),
                "skipped": own("rule_group_iterations_missed_total"),
            },
            "instance",
        ),
        panels.counts(
            "Storage failures",
            {
                "compactions": own("tsdb_compactions_failed_total"),
                "loads of blocks": own("tsdb_reloads_failures_total"),
                "writes of the log": own("tsdb_wal_writes_failed_total"),
                "truncations of the log": own("tsdb_wal_truncations_failed_total"),
                "checkpoints": own("tsdb_checkpoint_creations_failed_total"),
            },
            "instance",
        ),
        panels.counts("Notifications that failed", {"": own("notifications_errors_total")}, "instance"),
        panels.timeseries(
            "Remote write, behind",
            [(f"{newest} - {taken}", queue)],
            panels.Unit.SECONDS,
            limit=thresholds.remote_write_lag,
        ),
        panels.timeseries(
            "Remote write, lost",
            [(f"{failed} / ({failed} + {sent})", queue)],
            panels.Unit.RATIO,
            limit=thresholds.failure_ratio,
        ),
    )


def alertmanager(where: str) -> tuple[panels.Panel, ...]:
    """Return what Alertmanager fails at, of the members that ``where`` selects."""

    def own(metric: str) -> str:
        return f"alertmanager_{metric}{{{where}}}"

    return (
        panels.timeseries(WELL, [(own("config_last_reload_successful"), EACH)]),
        panels.timeseries("Peers out of reach", [(own("cluster_failed_peers"), EACH)]),
        panels.counts(
            "Alerts refused, and states not saved",
            {
                "alerts refused": own("alerts_invalid_total"),
                "silences not saved": own("silences_maintenance_errors_total"),
                "notifications not saved": own("nflog_maintenance_errors_total"),
            },
            "instance",
        ),
    )
