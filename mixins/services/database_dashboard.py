"""The dashboard of databases, caches, brokers, disks and networks under the services."""

from __future__ import annotations

from mixins import panels
from mixins.data import kafka, mysql, postgres, redis
from mixins.infrastructure import node
from mixins.model import Dashboard
from mixins.services import cache, database
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, service=~"$service"'


def infrastructure(thresholds: Thresholds) -> Dashboard:
    """Show pools and queries of the chosen services, and every server that is monitored.

    A row stays empty where its exporter is not scraped.
    """
    return panels.dashboard(
        database.INFRASTRUCTURE,
        "Database and infrastructure",
        "Connection pools and queries of the services; databases, caches, brokers, disks and networks.",
        variables=(panels.environment(), panels.service("database_connections_max")),
        rows={
            "Connections": _connections(thresholds),
            "Queries": _queries(thresholds),
            "Database servers": _servers(thresholds),
            "Redis and Kafka": _redis_and_kafka(thresholds),
            "Disks and networks": _machines(thresholds),
        },
    )


def _connections(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    states = [
        (f"sum(database_connections_{state}{{{CHOSEN}}})", state) for state in ("active", "idle", "max")
    ]
    return (
        panels.timeseries("Connections: active, idle and limit", states),
        panels.gauge(
            "Fullest connection pool",
            [(f"max({database.POOL}{{{CHOSEN}}})", "in use")],
            limit=thresholds.pool_critical_ratio,
        ),
        panels.stat(
            "Failed queries",
            f"max({database.error_ratio(thresholds)}{{{CHOSEN}}})",
            panels.Unit.RATIO,
            limit=thresholds.error_ratio,
        ),
        panels.timeseries(
            "Connection pools in use",
            [(f"{database.POOL}{{{CHOSEN}}}", "{{service}} {{instance}}")],
            panels.Unit.RATIO,
            limit=thresholds.pool_ratio,
        ),
    )


def _queries(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    return (
        panels.timeseries(
            "Query duration, p95",
            [(f"{database.latency(thresholds)}{{{CHOSEN}}}", "{{service}}")],
            panels.Unit.SECONDS,
            limit=thresholds.slow_query_seconds,
        ),
        panels.timeseries(
            "Queries by service",
            [(f"{database.queries(thresholds)}{{{CHOSEN}}}", "{{service}}")],
            panels.Unit.PER_SECOND,
        ),
        panels.timeseries(
            "Slow queries",
            [(f"{database.slow_rate(thresholds)}{{{CHOSEN}}}", "{{service}}")],
            panels.Unit.PER_SECOND,
            limit=thresholds.slow_query_rate,
        ),
        panels.timeseries(
            "Lookups that a service's cache answered",
            [(f"{cache.hit_ratio(thresholds)}{{{CHOSEN}}}", "{{service}} {{cache}}")],
            panels.Unit.RATIO,
        ),
    )


def _servers(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    return (
        panels.timeseries(
            "Transactions per second",
            [
                (f"{postgres.transactions(thresholds)}{{{HERE}}}", "{{instance}}"),
                (f"{mysql.queries(thresholds)}{{{HERE}}}", "{{instance}} statements"),
            ],
            panels.Unit.PER_SECOND,
        ),
        panels.timeseries(
            "Database size",
            [(f"max by (instance, datname) (pg_database_size_bytes{{{HERE}}})", "{{instance}} {{datname}}")],
            panels.Unit.BYTES,
        ),
        panels.timeseries(
            "Server connections in use",
            [
                (f"{postgres.CONNECTIONS}{{{HERE}}}", "{{instance}}"),
                (f"{mysql.CONNECTIONS}{{{HERE}}}", "{{instance}}"),
            ],
            panels.Unit.RATIO,
            limit=thresholds.connection_ratio,
        ),
        panels.timeseries(
            "Slow queries of MySQL servers",
            [(f"{mysql.slow_rate(thresholds)}{{{HERE}}}", "{{instance}}")],
            panels.Unit.PER_SECOND,
            limit=thresholds.slow_query_rate,
        ),
    )


def _redis_and_kafka(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    return (
        panels.timeseries(
            "Redis: memory", [(f"redis_memory_used_bytes{{{HERE}}}", "{{instance}}")], panels.Unit.BYTES
        ),
        panels.timeseries(
            "Redis: operations per second",
            [(f"{redis.commands(thresholds)}{{{HERE}}}", "{{instance}}")],
            panels.Unit.PER_SECOND,
        ),
        panels.timeseries("Kafka: brokers", [(f"max by (job) (kafka_brokers{{{HERE}}})", "{{job}}")]),
        panels.timeseries(
            "Kafka: messages per second",
            [(f"sum by (topic) ({kafka.produced(thresholds)}{{{HERE}}})", "{{topic}}")],
            panels.Unit.PER_SECOND,
            stacked=True,
        ),
    )


def _machines(thresholds: Thresholds) -> tuple[panels.Panel, ...]:
    return (
        panels.timeseries(
            "Disks, used",
            [(f"1 - {node.DISK_FREE}{{{HERE}}}", "{{instance}} {{mountpoint}}")],
            panels.Unit.RATIO,
            limit=1 - thresholds.disk_free_ratio,
        ),
        panels.timeseries(
            "Network, bytes per second",
            [
                (f"{node.traffic(direction, thresholds)}{{{HERE}}}", f"{{{{instance}}}} {direction}")
                for direction in ("receive", "transmit")
            ],
            panels.Unit.BYTES_PER_SECOND,
        ),
    )
