"""Kafka, seen by kafka_exporter."""

from __future__ import annotations

from mixins.data import servers
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "kafka"
"""UID of the dashboard."""
CLUSTER = "environment, team, service, job"
"""Labels that identify a cluster: two exporters of one cluster say the same."""
TOPIC = f"{CLUSTER}, topic"
GROUP = f"{CLUSTER}, consumergroup, topic"
MEMBERS = f"{CLUSTER}, consumergroup"
LAG = "group_topic:kafka_consumergroup_lag:sum"
"""Name of the recorded messages that wait for a consumer group, by topic."""


def produced(thresholds: Thresholds) -> str:
    """Name of the recorded messages per second that arrive in a topic."""
    return f"topic:kafka_messages_in:rate{thresholds.window}"


def consumed(thresholds: Thresholds) -> str:
    """Name of the recorded messages per second that a consumer group confirms, by topic."""
    return f"group_topic:kafka_messages_consumed:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Brokers, partitions and consumer groups of every cluster."""
    return (
        RuleGroup("kafka", (*_recordings(thresholds), *_consumers(thresholds), *_partitions(), _brokers())),
    )


def _partition(level: str, metric: str) -> str:
    # Each exporter of a cluster reports every partition: once is enough.
    return f"max by ({level}, partition) ({metric})"


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window = thresholds.window

    def rate(level: str, offset: str) -> str:
        return f"sum by ({level}) ({_partition(level, f'rate({offset}[{window}])')})"

    return (
        # A partition from which the group has not read yet reports -1.
        RecordingRule(LAG, f"sum by ({GROUP}) ({_partition(GROUP, 'kafka_consumergroup_lag')} >= 0)"),
        RecordingRule(produced(thresholds), rate(TOPIC, "kafka_topic_partition_current_offset")),
        RecordingRule(consumed(thresholds), rate(GROUP, "kafka_consumergroup_current_offset")),
    )


def _consumers(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        servers.consumer_lag(LAG, "consumergroup", OVERVIEW, thresholds),
        Alert(
            "KafkaConsumerStuck",
            # Without members it is KafkaConsumerGroupEmpty.
            expr=(
                f"{LAG} > 0 and {consumed(thresholds)} == 0 and on ({MEMBERS}) "
                f"max by ({MEMBERS}) (kafka_consumergroup_members) > 0"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="A Kafka consumer group reads nothing although messages wait.",
            description=(
                "{{ $labels.consumergroup }} leaves {{ $value | humanize }} messages of {{ $labels.topic }} "
                "unread."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "KafkaConsumerGroupEmpty",
            expr=(
                f"sum by ({MEMBERS}) ({LAG}) > {thresholds.consumer_lag} "
                f"and max by ({MEMBERS}) (kafka_consumergroup_members) == 0"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="A Kafka consumer group has no members although many messages wait.",
            description=(
                "{{ $value | humanize }} messages wait for {{ $labels.consumergroup }}, which has no members."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _partitions() -> tuple[Alert, ...]:
    def partitions(metric: str, condition: str) -> str:
        return f"count by ({TOPIC}) ({_partition(TOPIC, metric)} {condition})"

    led = f"count by ({TOPIC}) ({_partition(TOPIC, 'kafka_topic_partition_leader')})"
    known = f"max by ({TOPIC}) (kafka_topic_partitions)"
    replicas = _partition(TOPIC, "kafka_topic_partition_replicas")
    return (
        Alert(
            "KafkaPartitionsOffline",
            # A partition without a leader has no such series; a topic without any must not drop out.
            expr=f"{known} - ({led} or {known} * 0) > 0",
            for_="2m",
            severity=Severity.CRITICAL,
            summary="Partitions of a Kafka topic have no leader: nobody can read or write them.",
            description="{{ $value }} partitions of {{ $labels.topic }} have no leader.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "KafkaPartitionsUnderReplicated",
            expr=partitions("kafka_topic_partition_under_replicated_partition", "== 1"),
            for_="10m",
            severity=Severity.WARNING,
            summary="Partitions of a Kafka topic have fewer copies than they should.",
            description="{{ $value }} partitions of {{ $labels.topic }} have copies that lag or lack.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "KafkaPartitionsOnLastReplica",
            expr=(
                f"count by ({TOPIC}) ({_partition(TOPIC, 'kafka_topic_partition_in_sync_replica')} == 1 "
                f"and {replicas} > 1)"
            ),
            for_="5m",
            severity=Severity.CRITICAL,
            summary="Partitions of a Kafka topic have one copy left: the next failure loses messages.",
            description="{{ $value }} partitions of {{ $labels.topic }} have one copy in step.",
            dashboard=OVERVIEW,
        ),
    )


def _brokers() -> Alert:
    brokers = f"max by ({CLUSTER}) (kafka_brokers)"
    return Alert(
        "KafkaBrokerLost",
        # Within the hour only: afterwards it is the new number.
        expr=f"{brokers} < max by ({CLUSTER}) (max_over_time(kafka_brokers[1h]))",
        for_="5m",
        severity=Severity.CRITICAL,
        summary="A Kafka cluster has fewer brokers than before.",
        description="{{ $labels.job }} has {{ $value }} brokers; within the last hour it had more.",
        dashboard=OVERVIEW,
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the clusters' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.data import kafka_dashboard  # noqa: PLC0415

    return (kafka_dashboard.overview(thresholds),)


MIXIN = Mixin(name="kafka", requires=frozenset({"kafka"}), rules=rules, dashboards=dashboards)
