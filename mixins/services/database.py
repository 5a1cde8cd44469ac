"""Databases as the services see them: connection pools and queries."""

from __future__ import annotations

from mixins.data import servers
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds

INFRASTRUCTURE = "database-and-infrastructure"
"""UID of the dashboard."""
POOL = "instance:database_pool_usage:ratio"
"""Name of the recorded share of an instance's connection pool that is in use, 0 to 1."""


def queries(thresholds: Thresholds) -> str:
    """Name of the recorded queries per second of a service."""
    return f"service:database_queries:rate{thresholds.window}"


def error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of a service's queries that failed, 0 to 1."""
    return f"service:database_query_errors:ratio_rate{thresholds.window}"


def slow_rate(thresholds: Thresholds) -> str:
    """Name of the recorded slow queries per second of a service."""
    return f"service:database_slow_queries:rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 95th percentile of a service's query durations, seconds."""
    return f"service:database_query_duration_seconds:p95_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Pools, failed and slow queries of every service that has a database."""
    return (RuleGroup("database", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window, made, slow = thresholds.window, queries(thresholds), thresholds.slow_query_seconds
    failed = f'sum by ({LEVEL}) (rate(database_queries_total{{status="error"}}[{window}]))'
    duration = "database_query_duration_seconds"
    # A bound is written 1 or 1.0, as the client library likes.
    quick = f'sum by ({LEVEL}) (rate({duration}_bucket{{le=~"{slow:g}|{slow:.1f}"}}[{window}]))'
    buckets = f"sum by ({LEVEL}, le) (rate({duration}_bucket[{window}]))"
    return (
        RecordingRule(POOL, "database_connections_active / (database_connections_max > 0)"),
        RecordingRule(made, f"sum by ({LEVEL}) (rate(database_queries_total[{window}]))"),
        # A service whose queries never failed has no series of errors: its ratio is 0, not absent.
        RecordingRule(error_ratio(thresholds), f"({failed} or {made} * 0) / ({made} > 0)"),
        RecordingRule(
            slow_rate(thresholds), f"sum by ({LEVEL}) (rate({duration}_count[{window}])) - {quick}"
        ),
        RecordingRule(latency(thresholds), f"histogram_quantile(0.95, {buckets})"),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    in_use = "{{ $labels.instance }} of {{ $labels.service }} uses {{ $value | humanizePercentage }} "
    return (
        Alert(
            "DatabaseConnectionPoolExhausted",
            expr=f"{POOL} > {thresholds.pool_critical_ratio}",
            for_=thresholds.pool_for,
            keep_firing_for="5m",
            severity=Severity.CRITICAL,
            summary="A connection pool is exhausted: requests wait for a connection or fail.",
            description=f"{in_use}of its database connections.",
            dashboard=INFRASTRUCTURE,
        ),
        Alert(
            "PoolExhausted",
            expr=f"{POOL} > {thresholds.pool_ratio}",
            for_=thresholds.pool_for,
            keep_firing_for="5m",
            severity=Severity.WARNING,
            summary="A connection pool is nearly exhausted.",
            description=f"{in_use}of its database connections; {thresholds.pool_ratio:.0%} is tolerated.",
            dashboard=INFRASTRUCTURE,
        ),
        Alert(
            "DatabaseQueryErrors",
            expr=(
                f"{error_ratio(thresholds)} > {thresholds.error_ratio} "
                f"and on ({LEVEL}) {queries(thresholds)} > {thresholds.minimum_request_rate}"
            ),
            for_=thresholds.error_ratio_for,
            severity=Severity.WARNING,
            summary="Many of a service's database queries fail.",
            description=(
                "{{ $value | humanizePercentage }} of the queries of {{ $labels.service }} fail; "
                f"{thresholds.error_ratio:.2%} is tolerated."
            ),
            dashboard=INFRASTRUCTURE,
        ),
        servers.slow_queries(slow_rate(thresholds), "{{ $labels.service }}", INFRASTRUCTURE, thresholds),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of databases, caches, brokers, disks and networks."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import database_dashboard  # noqa: PLC0415

    return (database_dashboard.infrastructure(thresholds),)


MIXIN = Mixin(name="database", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
