"""The dashboard of the Kafka clusters."""

from __future__ import annotations

from mixins import panels
from mixins.data import kafka
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, topic=~"$topic"'


def overview(thresholds: Thresholds) -> Dashboard:
    """Return brokers, partitions and consumer groups of the chosen topics."""
    topics = panels.variable("topic", f"label_values(kafka_topic_partitions{{{HERE}}}, topic)", ".+")

    def partition(what: str) -> str:
        return f"max by (topic, partition) (kafka_topic_partition_{what}{{{CHOSEN}}})"

    under_replicated = partition("under_replicated_partition")
    last_copy = f"{partition('in_sync_replica')} == 1 and {partition('replicas')} > 1"
    partitions = f"max by (topic) (kafka_topic_partitions{{{CHOSEN}}})"
    lag = f"sum by (consumergroup, topic) ({kafka.LAG}{{{CHOSEN}}})"
    return panels.dashboard(
        kafka.OVERVIEW,
        "Kafka",
        "Brokers, partitions and consumer groups of the Kafka clusters.",
        variables=(panels.environment(), topics),
        rows={
            "Now": (
                panels.stat("Brokers", f"max(kafka_brokers{{{HERE}}})"),
                panels.stat("Partitions lacking copies", f"sum({under_replicated})", limit=1),
                panels.stat(
                    "Messages in",
                    f"sum({kafka.produced(thresholds)}{{{CHOSEN}}})",
                    panels.Unit.PER_SECOND,
                ),
                panels.stat("Largest lag", f"max({lag})", limit=thresholds.consumer_lag),
            ),
            "Topics": (
                panels.timeseries(
                    "Messages in by topic",
                    [(f"sum by (topic) ({kafka.produced(thresholds)}{{{CHOSEN}}})", "{{topic}}")],
                    panels.Unit.PER_SECOND,
                    stacked=True,
                ),
                panels.timeseries(
                    "Partitions lacking copies by topic",
                    [(f"sum by (topic) ({under_replicated})", "{{topic}}")],
                ),
                panels.timeseries(
                    "Partitions without a leader by topic",
                    [
                        (
                            f"{partitions} - (count by (topic) ({partition('leader')}) or {partitions} * 0)",
                            "{{topic}}",
                        )
                    ],
                ),
                panels.timeseries(
                    "Partitions with one copy in step by topic",
                    [(f"count by (topic) ({last_copy})", "{{topic}}")],
                ),
            ),
            "Consumer groups": (
                panels.timeseries(
                    "Lag by group and topic",
                    [(lag, "{{consumergroup}} {{topic}}")],
                    limit=thresholds.consumer_lag,
                ),
                panels.timeseries(
                    "Messages consumed",
                    [
                        (
                            f"sum by (consumergroup, topic) ({kafka.consumed(thresholds)}{{{CHOSEN}}})",
                            "{{consumergroup}} {{topic}}",
                        )
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.table(
                    "Members of the groups", f"max by (consumergroup) (kafka_consumergroup_members{{{HERE}}})"
                ),
            ),
        },
    )
