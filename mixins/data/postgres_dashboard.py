"""The dashboard of the PostgreSQL servers."""

from __future__ import annotations

from mixins import panels
from mixins.data import postgres
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", instance=~"$instance"'


def overview(thresholds: Thresholds) -> Dashboard:
    """Return connections, transactions, storage and replication of the chosen servers."""
    window = thresholds.window

    def by_database(metric: str) -> str:
        return f"sum by (instance, datname) (rate(pg_stat_database_{metric}{{{CHOSEN}}}[{window}]))"

    each = "{{instance}} {{datname}}"
    return panels.dashboard(
        postgres.OVERVIEW,
        "PostgreSQL",
        "Connections, transactions, locks, storage and replication of the PostgreSQL servers.",
        variables=(panels.environment(), panels.instance("postgres")),
        rows={
            "Now": (
                panels.stat("Servers down", f"count(pg_up{{{CHOSEN}}} == 0) or vector(0)", limit=1),
                panels.stat(
                    "Transactions",
                    f"sum({postgres.transactions(thresholds)}{{{CHOSEN}}})",
                    panels.Unit.PER_SECOND,
                ),
                panels.stat(
                    "Fullest connections",
                    f"max({postgres.CONNECTIONS}{{{CHOSEN}}})",
                    panels.Unit.RATIO,
                    limit=thresholds.connection_ratio,
                ),
                panels.stat(
                    "Largest replication lag",
                    f"max(pg_replication_lag_seconds{{{CHOSEN}}})",
                    panels.Unit.SECONDS,
                    limit=thresholds.replication_lag,
                ),
            ),
            "Connections and transactions": (
                panels.timeseries(
                    "Connections by state",
                    [
                        (
                            f"sum by (instance, state) (pg_stat_activity_count{{{CHOSEN}}}) > 0",
                            "{{instance}} {{state}}",
                        )
                    ],
                ),
                panels.timeseries(
                    "Connections in use",
                    [(f"{postgres.CONNECTIONS}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.connection_ratio,
                ),
                panels.timeseries(
                    "Commits and rollbacks",
                    [
                        (by_database("xact_commit"), f"{each} commit"),
                        (by_database("xact_rollback"), f"{each} rollback"),
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Longest transaction",
                    [(f"max by (instance, datname) (pg_stat_activity_max_tx_duration{{{CHOSEN}}})", each)],
                    panels.Unit.SECONDS,
                    limit=thresholds.transaction_duration,
                ),
            ),
            "Locks and storage": (
                panels.timeseries(
                    "Locks by mode",
                    [(f"sum by (mode) (pg_locks_count{{{CHOSEN}}}) > 0", "{{mode}}")],
                ),
                panels.timeseries("Deadlocks", [(by_database("deadlocks"), each)], panels.Unit.PER_SECOND),
                panels.timeseries(
                    "Blocks found in the buffers",
                    [(f"{postgres.hit_ratio(thresholds)}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                ),
                panels.timeseries(
                    "Size by database",
                    [(f"max by (instance, datname) (pg_database_size_bytes{{{CHOSEN}}})", each)],
                    panels.Unit.BYTES,
                ),
            ),
            "Replication": (
                panels.timeseries(
                    "Replication lag",
                    [(f"pg_replication_lag_seconds{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.replication_lag,
                ),
                panels.timeseries(
                    "Log held back by slots",
                    [(f"pg_replication_slots_pg_wal_lsn_diff{{{CHOSEN}}}", "{{instance}} {{slot_name}}")],
                    panels.Unit.BYTES,
                    limit=thresholds.replication_slot_bytes,
                ),
                panels.timeseries(
                    "Slots with a reader, 1 has one",
                    [(f"pg_replication_slots_active{{{CHOSEN}}}", "{{instance}} {{slot_name}}")],
                ),
                panels.counts(
                    "Failed attempts to archive",
                    {"": f"pg_stat_archiver_failed_count{{{CHOSEN}}}"},
                    "instance",
                ),
            ),
        },
    )
