"""Events between the services, as the consuming services see them."""

from __future__ import annotations

from mixins.data import servers
from mixins.model import Dashboard, Mixin, RecordingRule, RuleGroup
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds

PROCESSING = "event-processing"
"""UID of the dashboard."""
LAG = "service_group_topic:kafka_consumer_lag:sum"
"""Name of the recorded messages that wait for a service's consumer group, by topic."""


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Messages that wait; each instance of a service reports those of the partitions it reads."""
    return (
        RuleGroup(
            "events",
            (
                RecordingRule(LAG, f"sum by ({LEVEL}, group, topic) (kafka_consumer_lag)"),
                servers.consumer_lag(LAG, "group", PROCESSING, thresholds),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of Kafka and Dapr's publish and subscribe."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import events_dashboard  # noqa: PLC0415

    return (events_dashboard.processing(thresholds),)


MIXIN = Mixin(name="events", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
