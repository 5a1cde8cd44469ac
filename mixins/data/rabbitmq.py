"""RabbitMQ, seen by its own plugin ``rabbitmq_prometheus``.

Queues are told apart where the server has ``prometheus.return_per_object_metrics = true``; elsewhere all of a
node are counted as one. Its other address ``/metrics/per-object`` will not do: it says nothing of the alarms.
"""

from __future__ import annotations

from mixins.data.servers import SERVER
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "rabbitmq"
"""UID of the dashboard."""
MEMORY = "instance:rabbitmq_memory_usage:ratio"
"""Name of the recorded share of a node's memory watermark in use; at 1 the node blocks publishers."""
DIRECTIONS = ("received", "acknowledged")

_MESSAGES = (
    "{{ $value | humanize }} messages{{ with $labels.queue }} of the queue {{ . }}{{ end }} "
    "at {{ $labels.instance }}"
)
"""Queues are told apart only where RabbitMQ returns metrics by object."""


def messages(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded messages per second of a node; ``direction`` is received or acknowledged."""
    return f"instance:rabbitmq_messages_{direction}:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Nodes and queues of every cluster."""
    return (RuleGroup("rabbitmq", (*_recordings(thresholds), *_nodes(thresholds), *_queues(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    return (
        RecordingRule(
            MEMORY, "rabbitmq_process_resident_memory_bytes / (rabbitmq_resident_memory_limit_bytes > 0)"
        ),
        *(
            RecordingRule(
                messages(direction, thresholds),
                f"sum by ({SERVER}) (rate(rabbitmq_global_messages_{direction}_total[{thresholds.window}]))",
            )
            for direction in DIRECTIONS
        ),
    )


def _nodes(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "RabbitmqMemoryAlarm",
            expr="rabbitmq_alarms_memory_used_watermark == 1",
            for_="1m",
            severity=Severity.CRITICAL,
            summary="A RabbitMQ node is out of memory: the whole cluster blocks publishers.",
            description="{{ $labels.instance }} uses more memory than its watermark.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RabbitmqDiskAlarm",
            expr="rabbitmq_alarms_free_disk_space_watermark == 1",
            for_="1m",
            severity=Severity.CRITICAL,
            summary="A RabbitMQ node is out of disk space: the whole cluster blocks publishers.",
            description="{{ $labels.instance }} has less free disk space than its watermark.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RabbitmqMemoryNearLimit",
            expr=(
                f"{MEMORY} > {thresholds.server_memory_ratio} and rabbitmq_alarms_memory_used_watermark == 0"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="A RabbitMQ node will soon block publishers.",
            description=(
                "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of the memory it may use."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "RabbitmqFileDescriptorsExhausted",
            expr=f"rabbitmq_process_open_fds / rabbitmq_process_max_fds > {thresholds.descriptor_ratio}",
            for_="10m",
            severity=Severity.WARNING,
            summary="A RabbitMQ node will soon refuse connections.",
            description="{{ $labels.instance }} has {{ $value | humanizePercentage }} of its files open.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RabbitmqPeerUnreachable",
            expr="rabbitmq_unreachable_cluster_peers_count > 0",
            for_="5m",
            severity=Severity.CRITICAL,
            summary="A RabbitMQ node cannot reach others of its cluster.",
            description="{{ $labels.instance }} cannot reach {{ $value }} of its peers.",
            dashboard=OVERVIEW,
        ),
    )


def _queues(thresholds: Thresholds) -> tuple[Alert, ...]:
    backlog, unacked = thresholds.queue_backlog, "rabbitmq_queue_messages_unacked"
    unroutable = "rabbitmq_global_messages_unroutable_dropped_total"
    return (
        Alert(
            "RabbitmqQueueWithoutConsumers",
            expr="rabbitmq_queue_messages_ready > 0 and rabbitmq_queue_consumers == 0",
            for_="10m",
            severity=Severity.WARNING,
            summary="Messages wait in RabbitMQ, and nobody consumes them.",
            description=f"{_MESSAGES} wait without a consumer.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RabbitmqQueueBacklog",
            expr=f"rabbitmq_queue_messages_ready > {backlog} and rabbitmq_queue_consumers > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="Consumers of RabbitMQ fall behind.",
            description=f"{_MESSAGES} wait, more than its consumers take.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RabbitmqUnackedGrowing",
            expr=f"{unacked} > {backlog} and deriv({unacked}[15m]) > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="Consumers of RabbitMQ take messages and do not confirm them.",
            description=f"{_MESSAGES} are unconfirmed, ever more.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "RabbitmqMessagesUnroutable",
            expr=f"sum by ({SERVER}) (increase({unroutable}[10m])) > 0",
            severity=Severity.WARNING,
            summary="RabbitMQ throws messages away because no queue is bound for them.",
            description=(
                "{{ $labels.instance }} dropped about {{ $value | humanize }} messages within ten minutes."
            ),
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the nodes' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.data import rabbitmq_dashboard  # noqa: PLC0415

    return (rabbitmq_dashboard.overview(thresholds),)


MIXIN = Mixin(name="rabbitmq", requires=frozenset({"rabbitmq"}), rules=rules, dashboards=dashboards)
