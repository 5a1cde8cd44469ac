"""PostgreSQL, seen by postgres_exporter."""

from __future__ import annotations

from mixins.data import servers
from mixins.data.servers import SERVER
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "postgresql"
"""UID of the dashboard."""
CONNECTIONS = "instance:pg_connections:ratio"
"""Name of the recorded share of a server's connections in use, 0 to 1."""
BY_DATABASE = f"{SERVER}, datname"


def transactions(thresholds: Thresholds) -> str:
    """Name of the recorded transactions per second of a server."""
    return f"instance:pg_transactions:rate{thresholds.window}"


def hit_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of blocks that a server found in its buffers, 0 to 1."""
    return f"instance:pg_cache_hits:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Availability, connections, transactions, locks and replication of every server."""
    return (
        RuleGroup(
            "postgres",
            (
                *_recordings(thresholds),
                *_availability(thresholds),
                *_transactions(thresholds),
                *_replication(thresholds),
            ),
        ),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    def rate(metric: str) -> str:
        return f"sum by ({SERVER}) (rate(pg_stat_database_{metric}[{thresholds.window}]))"

    return (
        RecordingRule(
            CONNECTIONS,
            f"sum by ({SERVER}) (pg_stat_activity_count) / max by ({SERVER}) (pg_settings_max_connections)",
        ),
        RecordingRule(transactions(thresholds), f"{rate('xact_commit')} + {rate('xact_rollback')}"),
        RecordingRule(
            hit_ratio(thresholds), f"{rate('blks_hit')} / ({rate('blks_hit')} + {rate('blks_read')} > 0)"
        ),
    )


def _availability(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        servers.database_down("pg_up", OVERVIEW, thresholds),
        Alert(
            "PostgresMetricsIncomplete",
            expr="pg_exporter_last_scrape_error == 1 unless pg_up == 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="The exporter of a PostgreSQL server fails some of its queries.",
            description="{{ $labels.instance }} lacks metrics; other alerts on it may stay silent.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresConnectionsNearLimit",
            expr=f"{CONNECTIONS} > {thresholds.connection_ratio}",
            for_="5m",
            keep_firing_for="5m",
            severity=Severity.WARNING,
            summary="A PostgreSQL server will soon refuse connections.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connections.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresCacheHitRatioLow",
            # A server that reads little says nothing about its buffers.
            expr=(
                f"{hit_ratio(thresholds)} < {thresholds.cache_hit_ratio} and on ({SERVER}) "
                f"sum by ({SERVER}) (rate(pg_stat_database_blks_read[{thresholds.window}])) > 100"
            ),
            for_="30m",
            severity=Severity.INFO,
            summary="A PostgreSQL server reads much from disk.",
            description=(
                "{{ $labels.instance }} finds {{ $value | humanizePercentage }} of its blocks in its buffers."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _transactions(thresholds: Thresholds) -> tuple[Alert, ...]:
    longest = f"max by ({BY_DATABASE}) (pg_stat_activity_max_tx_duration"
    return (
        Alert(
            "PostgresDeadlocks",
            expr=(
                f"sum by ({BY_DATABASE}) (increase(pg_stat_database_deadlocks[15m])) > {thresholds.deadlocks}"
            ),
            severity=Severity.WARNING,
            summary="Transactions of a PostgreSQL database block each other.",
            description=(
                "{{ $labels.datname }} at {{ $labels.instance }} had {{ $value | humanize }} deadlocks "
                "within 15 minutes."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresLongTransaction",
            expr=f'{longest}{{state="active"}}) > {thresholds.transaction_duration}',
            for_="5m",
            severity=Severity.WARNING,
            summary="A transaction of a PostgreSQL database takes very long.",
            description=(
                "A transaction in {{ $labels.datname }} at {{ $labels.instance }} has been running for "
                "{{ $value | humanizeDuration }}."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresIdleInTransaction",
            expr=f'{longest}{{state=~"idle in transaction.*"}}) > {thresholds.idle_transaction_duration}',
            for_="5m",
            severity=Severity.WARNING,
            summary="A client of a PostgreSQL database leaves its transaction open.",
            description=(
                "A transaction in {{ $labels.datname }} at {{ $labels.instance }} has been open, idle, for "
                "{{ $value | humanizeDuration }}."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresTableLocked",
            expr=f'sum by ({BY_DATABASE}) (pg_locks_count{{mode="accessexclusivelock"}}) > 0',
            for_="10m",
            severity=Severity.WARNING,
            summary="A table of a PostgreSQL database has been locked against reading for a long time.",
            description=(
                "{{ $labels.datname }} at {{ $labels.instance }} has {{ $value }} exclusive table locks, "
                "held or waited for."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _replication(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "PostgresReplicationLag",
            expr=(
                f"pg_replication_lag_seconds > {thresholds.replication_lag} "
                f"and on ({SERVER}) pg_replication_is_replica == 1"
            ),
            for_="5m",
            severity=Severity.WARNING,
            summary="A PostgreSQL replica lags behind.",
            description="{{ $labels.instance }} is {{ $value | humanizeDuration }} behind its primary.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresReplicationSlotInactive",
            expr="pg_replication_slots_active == 0",
            for_="30m",
            severity=Severity.WARNING,
            summary="Nobody reads from a PostgreSQL replication slot, so the write-ahead log piles up.",
            description="The slot {{ $labels.slot_name }} of {{ $labels.instance }} has no reader.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresReplicationSlotGrowing",
            expr=f"pg_replication_slots_pg_wal_lsn_diff > {thresholds.replication_slot_bytes:.0f}",
            for_="10m",
            severity=Severity.CRITICAL,
            summary="A PostgreSQL replication slot holds back so much log that the disk may fill.",
            description=(
                "The slot {{ $labels.slot_name }} of {{ $labels.instance }} holds back {{ $value | "
                "humanize1024 }}B."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "PostgresArchivingFailing",
            expr="increase(pg_stat_archiver_failed_count[15m]) > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="A PostgreSQL server cannot archive its write-ahead log; backups miss it.",
            description=(
                "{{ $labels.instance }} failed {{ $value | humanize }} times within 15 minutes to archive."
            ),
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the servers' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.data import postgres_dashboard  # noqa: PLC0415

    return (postgres_dashboard.overview(thresholds),)


MIXIN = Mixin(name="postgres", requires=frozenset({"postgres"}), rules=rules, dashboards=dashboards)
