"""Redis, seen by redis_exporter."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "redis"
"""UID of the dashboard."""
MEMORY = "instance:redis_memory_usage:ratio"
"""Name of the recorded share of its memory limit that a server uses, 0 to 1; absent without a limit."""


def commands(thresholds: Thresholds) -> str:
    """Name of the recorded commands per second of a server."""
    return f"instance:redis_commands:rate{thresholds.window}"


def hit_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of lookups that found their key, 0 to 1."""
    return f"instance:redis_keyspace_hits:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Availability, memory, connections, replication and persistence of every server."""
    return (
        RuleGroup(
            "redis",
            (
                *_recordings(thresholds),
                *_availability(thresholds),
                *_memory(thresholds),
                *_replication(thresholds),
                *_persistence(),
            ),
        ),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window = thresholds.window
    hits = f"rate(redis_keyspace_hits_total[{window}])"
    misses = f"rate(redis_keyspace_misses_total[{window}])"
    return (
        RecordingRule(MEMORY, "redis_memory_used_bytes / (redis_memory_max_bytes > 0)"),
        RecordingRule(commands(thresholds), f"rate(redis_commands_processed_total[{window}])"),
        RecordingRule(hit_ratio(thresholds), f"{hits} / ({hits} + {misses} > 0)"),
    )


def _availability(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "CacheDown",
            expr="redis_up == 0",
            for_=thresholds.database_down_for,
            severity=Severity.CRITICAL,
            summary="A Redis server cannot be reached.",
            description="The exporter {{ $labels.instance }} ({{ $labels.job }}) cannot reach its Redis.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RedisConnectionsNearLimit",
            expr=f"redis_connected_clients / (redis_config_maxclients > 0) > {thresholds.connection_ratio}",
            for_="5m",
            keep_firing_for="5m",
            severity=Severity.WARNING,
            summary="A Redis server will soon refuse connections.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connections.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RedisConnectionsRefused",
            expr="increase(redis_rejected_connections_total[10m]) > 0",
            severity=Severity.CRITICAL,
            summary="A Redis server refuses connections because it has too many.",
            description=(
                "{{ $labels.instance }} refused {{ $value | humanize }} connections within ten minutes."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _memory(thresholds: Thresholds) -> tuple[Alert, ...]:
    evicted = f"rate(redis_evicted_keys_total[{thresholds.window}])"
    return (
        Alert(
            "RedisMemoryNearLimit",
            # A cache that evicts is full all the time, by design: RedisCacheTooSmall judges that one.
            expr=f"{MEMORY} > {thresholds.server_memory_ratio} unless {evicted} > 0",
            for_="10m",
            severity=Severity.WARNING,
            summary="A Redis server will soon refuse to store anything.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RedisCacheTooSmall",
            expr=f"{hit_ratio(thresholds)} < {thresholds.cache_hit_ratio} and {evicted} > 1",
            for_="15m",
            severity=Severity.WARNING,
            summary="A Redis server evicts keys that are still asked for.",
            description=(
                "{{ $labels.instance }} evicts keys and finds {{ $value | humanizePercentage }} of those "
                "it is asked for."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _replication(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "RedisReplicationBroken",
            expr="redis_master_link_up == 0",
            for_="2m",
            severity=Severity.WARNING,
            summary="A Redis replica lost its primary; its data grow old.",
            description="{{ $labels.instance }} has no connection to {{ $labels.master_host }}.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RedisReplicationLag",
            expr=f"redis_connected_slave_lag_seconds > {thresholds.replication_lag}",
            for_="5m",
            severity=Severity.WARNING,
            summary="A Redis replica lags behind.",
            description=(
                "The replica {{ $labels.slave_ip }} is {{ $value | humanizeDuration }} behind "
                "{{ $labels.instance }}."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "RedisReplicaLost",
            # Within the hour only: afterwards it is the new number.
            expr="redis_connected_slaves < max_over_time(redis_connected_slaves[1h])",
            for_="5m",
            severity=Severity.WARNING,
            summary="A Redis primary has fewer replicas than before.",
            description="{{ $labels.instance }} has {{ $value }} replicas; within the last hour it had more.",
            dashboard=OVERVIEW,
        ),
    )


def _persistence() -> tuple[Alert, ...]:
    return (
        Alert(
            "RedisSnapshotFailing",
            expr="redis_rdb_last_bgsave_status == 0",
            for_="5m",
            severity=Severity.WARNING,
            summary="A Redis server cannot save its data.",
            description="The last snapshot of {{ $labels.instance }} failed; a restart loses all since.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RedisAppendFailing",
            expr="redis_aof_last_write_status == 0 and redis_aof_enabled == 1",
            for_="2m",
            severity=Severity.CRITICAL,
            summary="A Redis server cannot write its append-only file and refuses to store anything.",
            description="{{ $labels.instance }} failed to append to its file.",
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the servers' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.data import redis_dashboard  # noqa: PLC0415

    return (redis_dashboard.overview(thresholds),)


MIXIN = Mixin(name="redis", requires=frozenset({"redis"}), rules=rules, dashboards=dashboards)
