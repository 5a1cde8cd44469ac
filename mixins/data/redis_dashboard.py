"""The dashboard of the Redis servers."""

from __future__ import annotations

from mixins import panels
from mixins.data import redis
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", instance=~"$instance"'


def overview(thresholds: Thresholds) -> Dashboard:
    """Return memory, commands, clients and replication of the chosen servers."""
    window = thresholds.window

    def rate(metric: str) -> str:
        return f"rate(redis_{metric}{{{CHOSEN}}}[{window}])"

    return panels.dashboard(
        redis.OVERVIEW,
        "Redis",
        "Memory, commands, clients and replication of the Redis servers.",
        variables=(panels.environment(), panels.instance("redis")),
        rows={
            "Now": (
                panels.stat("Servers down", f"count(redis_up{{{CHOSEN}}} == 0) or vector(0)", limit=1),
                panels.stat(
                    "Commands", f"sum({redis.commands(thresholds)}{{{CHOSEN}}})", panels.Unit.PER_SECOND
                ),
                panels.stat(
                    "Fullest memory",
                    f"max({redis.MEMORY}{{{CHOSEN}}})",
                    panels.Unit.RATIO,
                    limit=thresholds.server_memory_ratio,
                ),
                panels.stat("Keys", f"sum(redis_db_keys{{{CHOSEN}}})"),
            ),
            "Memory and keys": (
                panels.timeseries(
                    "Memory",
                    [
                        (f"redis_memory_used_bytes{{{CHOSEN}}}", "{{instance}}"),
                        (f"redis_memory_max_bytes{{{CHOSEN}}} > 0", "{{instance}} limit"),
                    ],
                    panels.Unit.BYTES,
                ),
                panels.timeseries(
                    "Memory limit in use",
                    [(f"{redis.MEMORY}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.server_memory_ratio,
                ),
                panels.timeseries(
                    "Lookups that found their key",
                    [(f"{redis.hit_ratio(thresholds)}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                ),
                panels.timeseries(
                    "Keys evicted and expired",
                    [
                        (rate("evicted_keys_total"), "{{instance}} evicted"),
                        (rate("expired_keys_total"), "{{instance}} expired"),
                    ],
                    panels.Unit.PER_SECOND,
                ),
            ),
            "Commands, clients and replication": (
                panels.timeseries(
                    "Commands by server",
                    [(f"{redis.commands(thresholds)}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries("Clients", [(f"redis_connected_clients{{{CHOSEN}}}", "{{instance}}")]),
                panels.timeseries(
                    "Replication lag",
                    [(f"redis_connected_slave_lag_seconds{{{CHOSEN}}}", "{{instance}} {{slave_ip}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.replication_lag,
                ),
                panels.timeseries(
                    "Network, bytes per second",
                    [
                        (rate("net_input_bytes_total"), "{{instance}} in"),
                        (rate("net_output_bytes_total"), "{{instance}} out"),
                    ],
                    panels.Unit.BYTES_PER_SECOND,
                ),
            ),
            "Faults": (
                panels.counts(
                    "Connections refused",
                    {"": f"redis_rejected_connections_total{{{CHOSEN}}}"},
                    "instance",
                ),
                panels.timeseries(
                    "Replicas, and the link to a primary",
                    [
                        (f"redis_connected_slaves{{{CHOSEN}}}", "{{instance}} replicas"),
                        (f"redis_master_link_up{{{CHOSEN}}}", "{{instance}} link to {{master_host}}"),
                    ],
                ),
                panels.timeseries(
                    "Writing to disk, 1 is well",
                    [
                        (f"redis_rdb_last_bgsave_status{{{CHOSEN}}}", "{{instance}} snapshot"),
                        (f"redis_aof_last_write_status{{{CHOSEN}}}", "{{instance}} append"),
                    ],
                ),
            ),
        },
    )
