"""The dashboard of the RabbitMQ nodes."""

from __future__ import annotations

from mixins import panels
from mixins.data import rabbitmq
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", instance=~"$instance"'


def overview(thresholds: Thresholds) -> Dashboard:
    """Return messages, queues and resources of the chosen nodes."""
    alarms = " + ".join(
        f"sum(rabbitmq_alarms_{each}_watermark{{{CHOSEN}}})" for each in ("memory_used", "free_disk_space")
    )
    received = rabbitmq.messages("received", thresholds)
    return panels.dashboard(
        rabbitmq.OVERVIEW,
        "RabbitMQ",
        "Messages, queues, connections and resources of the RabbitMQ nodes.",
        variables=(panels.environment(), panels.instance("rabbitmq")),
        rows={
            "Now": (
                panels.stat("Resource alarms", alarms, limit=1),
                panels.stat("Messages in", f"sum({received}{{{CHOSEN}}})", panels.Unit.PER_SECOND),
                panels.stat(
                    "Messages waiting",
                    f"sum(rabbitmq_queue_messages_ready{{{CHOSEN}}})",
                    limit=thresholds.queue_backlog,
                ),
                panels.stat("Connections", f"sum(rabbitmq_connections{{{CHOSEN}}})"),
            ),
            "Messages": (
                panels.timeseries(
                    "Messages received and confirmed by consumers",
                    [
                        (f"{rabbitmq.messages(each, thresholds)}{{{CHOSEN}}}", f"{{{{instance}}}} {each}")
                        for each in rabbitmq.DIRECTIONS
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Messages waiting and unconfirmed",
                    [
                        (
                            f"sum by (instance) (rabbitmq_queue_messages_ready{{{CHOSEN}}})",
                            "{{instance}} waiting",
                        ),
                        (
                            f"sum by (instance) (rabbitmq_queue_messages_unacked{{{CHOSEN}}})",
                            "{{instance}} unconfirmed",
                        ),
                    ],
                    limit=thresholds.queue_backlog,
                ),
            ),
            "Resources": (
                panels.timeseries(
                    "Memory watermark in use",
                    [(f"{rabbitmq.MEMORY}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.server_memory_ratio,
                ),
                panels.timeseries(
                    "Free disk space",
                    [
                        (f"rabbitmq_disk_space_available_bytes{{{CHOSEN}}}", "{{instance}}"),
                        (f"rabbitmq_disk_space_available_limit_bytes{{{CHOSEN}}}", "{{instance}} watermark"),
                    ],
                    panels.Unit.BYTES,
                ),
                panels.timeseries(
                    "Open files, share of the limit",
                    [
                        (
                            f"rabbitmq_process_open_fds{{{CHOSEN}}} / rabbitmq_process_max_fds{{{CHOSEN}}}",
                            "{{instance}}",
                        )
                    ],
                    panels.Unit.RATIO,
                    limit=thresholds.descriptor_ratio,
                ),
            ),
            "Faults": (
                panels.counts(
                    "Messages dropped for want of a queue",
                    {"": f"rabbitmq_global_messages_unroutable_dropped_total{{{CHOSEN}}}"},
                    "instance",
                ),
                panels.timeseries(
                    "Peers out of reach",
                    [(f"rabbitmq_unreachable_cluster_peers_count{{{CHOSEN}}}", "{{instance}}")],
                ),
            ),
        },
    )
