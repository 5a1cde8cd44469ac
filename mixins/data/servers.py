"""What database, cache and broker servers have in common, and the alerts that several of them raise.

An alert that means the same for a person has one name and one runbook, whichever technology raises it.
"""

from __future__ import annotations

from mixins.model import Alert, Severity
from mixins.thresholds import Thresholds

SERVER = "environment, team, service, job, instance"
"""Labels that identify a server behind an exporter; an absent one does no harm."""


def database_down(up: str, dashboard: str, thresholds: Thresholds) -> Alert:
    """Return DatabaseDown for an exporter whose metric ``up`` is 0 when it cannot reach its server."""
    return Alert(
        "DatabaseDown",
        expr=f"{up} == 0",
        for_=thresholds.database_down_for,
        severity=Severity.CRITICAL,
        summary="A database cannot be reached.",
        description="The exporter {{ $labels.instance }} ({{ $labels.job }}) cannot connect to its database.",
        dashboard=dashboard,
    )


def slow_queries(rate: str, where: str, dashboard: str, thresholds: Thresholds) -> Alert:
    """Return SlowQueries for ``rate``, slow queries per second; ``where`` names the culprit by its labels."""
    return Alert(
        "SlowQueries",
        expr=f"{rate} > {thresholds.slow_query_rate}",
        for_="5m",
        severity=Severity.WARNING,
        summary="Many database queries are slow.",
        description=(
            f"{where} has {{{{ $value | humanize }}}} slow queries per second; "
            f"{thresholds.slow_query_rate:g} is tolerated."
        ),
        dashboard=dashboard,
    )


def consumer_lag(lag: str, group: str, dashboard: str, thresholds: Thresholds) -> Alert:
    """Return KafkaConsumerLag for ``lag``, by topic and by the label ``group``, the consumer group."""
    return Alert(
        "KafkaConsumerLag",
        expr=f"{lag} > {thresholds.consumer_lag}",
        for_=thresholds.consumer_lag_for,
        keep_firing_for="5m",
        severity=Severity.WARNING,
        summary="A Kafka consumer group falls behind.",
        description=(
            f"{{{{ $value | humanize }}}} messages of {{{{ $labels.topic }}}} wait for the consumer group "
            f"{{{{ $labels.{group} }}}}; {thresholds.consumer_lag:g} are tolerated."
        ),
        dashboard=dashboard,
    )
