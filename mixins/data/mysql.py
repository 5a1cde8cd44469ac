"""MySQL and MariaDB, seen by mysqld_exporter."""

from __future__ import annotations

from mixins.data import servers
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "mysql"
"""UID of the dashboard."""
CONNECTIONS = "instance:mysql_connections:ratio"
"""Name of the recorded share of a server's connections in use, 0 to 1."""
STATUS = "mysql_global_status"


def queries(thresholds: Thresholds) -> str:
    """Name of the recorded statements per second of a server."""
    return f"instance:mysql_queries:rate{thresholds.window}"


def slow_rate(thresholds: Thresholds) -> str:
    """Name of the recorded slow queries per second of a server, by its own ``long_query_time``."""
    return f"instance:mysql_slow_queries:rate{thresholds.window}"


def hit_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of reads that a server's buffer pool answered, 0 to 1."""
    return f"instance:mysql_buffer_pool_hits:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Availability, connections, queries and replication of every server."""
    return (
        RuleGroup(
            "mysql",
            (
                *_recordings(thresholds),
                *_availability(thresholds),
                *_queries(thresholds),
                *_replication(thresholds),
            ),
        ),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window, pool = thresholds.window, f"{STATUS}_innodb_buffer_pool"
    return (
        RecordingRule(CONNECTIONS, f"{STATUS}_threads_connected / mysql_global_variables_max_connections"),
        RecordingRule(queries(thresholds), f"rate({STATUS}_queries[{window}])"),
        RecordingRule(slow_rate(thresholds), f"rate({STATUS}_slow_queries[{window}])"),
        RecordingRule(
            hit_ratio(thresholds),
            f"1 - rate({pool}_reads[{window}]) / (rate({pool}_read_requests[{window}]) > 0)",
        ),
    )


def _availability(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        servers.database_down("mysql_up", OVERVIEW, thresholds),
        Alert(
            "MysqlMetricsIncomplete",
            expr="mysql_exporter_last_scrape_error == 1 unless mysql_up == 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="The exporter of a MySQL server fails some of its queries.",
            description="{{ $labels.instance }} lacks metrics; other alerts on it may stay silent.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "MysqlConnectionsNearLimit",
            expr=f"{CONNECTIONS} > {thresholds.connection_ratio}",
            for_="5m",
            keep_firing_for="5m",
            severity=Severity.WARNING,
            summary="A MySQL server will soon refuse connections.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connections.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "MysqlConnectionsRefused",
            expr=f'increase({STATUS}_connection_errors_total{{error="max_connections"}}[10m]) > 0',
            severity=Severity.CRITICAL,
            summary="A MySQL server refuses connections because it has too many.",
            description=(
                "{{ $labels.instance }} refused {{ $value | humanize }} connections within ten minutes."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "MysqlOpenFilesNearLimit",
            expr=(
                f"{STATUS}_open_files / (mysql_global_variables_open_files_limit > 0) "
                f"> {thresholds.descriptor_ratio}"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="A MySQL server will soon be unable to open tables.",
            description="{{ $labels.instance }} has {{ $value | humanizePercentage }} of its files open.",
            dashboard=OVERVIEW,
        ),
    )


def _queries(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        servers.slow_queries(slow_rate(thresholds), "{{ $labels.instance }}", OVERVIEW, thresholds),
        Alert(
            "MysqlDeadlocks",
            expr=f"increase({STATUS}_innodb_deadlocks[15m]) > {thresholds.deadlocks}",
            severity=Severity.WARNING,
            summary="Transactions of a MySQL server block each other.",
            description=("{{ $labels.instance }} had {{ $value | humanize }} deadlocks within 15 minutes."),
            dashboard=OVERVIEW,
        ),
        Alert(
            "MysqlBufferPoolTooSmall",
            # A server that reads little says nothing about its buffers.
            expr=(
                f"{hit_ratio(thresholds)} < {thresholds.cache_hit_ratio} "
                f"and rate({STATUS}_innodb_buffer_pool_reads[{thresholds.window}]) > 100"
            ),
            for_="30m",
            severity=Severity.INFO,
            summary="A MySQL server reads much from disk.",
            description=(
                "The buffer pool of {{ $labels.instance }} answers {{ $value | humanizePercentage }} of its "
                "reads."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _replication(thresholds: Thresholds) -> tuple[Alert, ...]:
    # MySQL 8.4 says replica and source; MariaDB and older versions slave and master.
    def either(old: str, new: str) -> str:
        return f"(mysql_slave_status_{old} or mysql_slave_status_{new})"

    return (
        Alert(
            "MysqlReplicationStopped",
            expr=(
                f"{either('slave_io_running', 'replica_io_running')} "
                f"* {either('slave_sql_running', 'replica_sql_running')} == 0"
            ),
            for_="2m",
            severity=Severity.CRITICAL,
            summary="A MySQL replica has stopped replicating; its data grow old.",
            description="{{ $labels.instance }} no longer follows its source.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "MysqlReplicationLag",
            expr=(
                f"{either('seconds_behind_master', 'seconds_behind_source')} > {thresholds.replication_lag}"
            ),
            for_="5m",
            severity=Severity.WARNING,
            summary="A MySQL replica lags behind.",
            description="{{ $labels.instance }} is {{ $value | humanizeDuration }} behind its source.",
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the servers' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.data import mysql_dashboard  # noqa: PLC0415

    return (mysql_dashboard.overview(thresholds),)


MIXIN = Mixin(name="mysql", requires=frozenset({"mysql"}), rules=rules, dashboards=dashboards)
