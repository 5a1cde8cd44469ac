"""The dashboard of event processing: Kafka, and publish and subscribe by Dapr."""

from __future__ import annotations

from mixins import panels
from mixins.data import kafka
from mixins.model import Dashboard
from mixins.services import events
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, service=~"$service"'


def processing(thresholds: Thresholds) -> Dashboard:
    """Return lag, throughput and failures of events; a row stays empty where nothing reports it."""
    window = thresholds.window
    lag = f"sum by (service, group, topic) ({events.LAG}{{{CHOSEN}}})"

    def dapr(direction: str, by: str, outcome: str = "") -> str:
        metric = f"dapr_component_pubsub_{direction}_count{{{HERE}{outcome}}}"
        return f"sum by ({by}) (rate({metric}[{window}]))"

    return panels.dashboard(
        events.PROCESSING,
        "Event processing",
        "Events between the services: what waits, what flows and what fails, in Kafka and through Dapr.",
        variables=(panels.environment(), panels.service("kafka_consumer_lag")),
        rows={
            "What waits": (
                panels.timeseries(
                    "Lag by service",
                    [(lag, "{{service}} {{group}} {{topic}}")],
                    limit=thresholds.consumer_lag,
                ),
                panels.timeseries(
                    "Lag by consumer group, as Kafka sees it",
                    [
                        (
                            f"sum by (consumergroup, topic) ({kafka.LAG}{{{HERE}}})",
                            "{{consumergroup}} {{topic}}",
                        )
                    ],
                    limit=thresholds.consumer_lag,
                ),
            ),
            "Kafka": (
                panels.timeseries(
                    "Messages produced",
                    [(f"sum by (topic) ({kafka.produced(thresholds)}{{{HERE}}})", "{{topic}}")],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Messages consumed",
                    [
                        (
                            f"sum by (consumergroup, topic) ({kafka.consumed(thresholds)}{{{HERE}}})",
                            "{{consumergroup}} {{topic}}",
                        )
                    ],
                    panels.Unit.PER_SECOND,
                ),
            ),
            "Dapr": (
                panels.timeseries(
                    "Published by topic",
                    [(dapr("egress", "topic"), "{{topic}}")],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Received by topic and outcome",
                    [(dapr("ingress", "topic, process_status"), "{{topic}} {{process_status}}")],
                    panels.Unit.PER_SECOND,
                    stacked=True,
                ),
                panels.timeseries(
                    "Publishing failed",
                    [(dapr("egress", "app_id, topic", ', success="false"'), "{{app_id}} {{topic}}")],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Processing not successful",
                    [
                        (
                            dapr("ingress", "app_id, topic", ', process_status!="success"'),
                            "{{app_id}} {{topic}}",
                        )
                    ],
                    panels.Unit.PER_SECOND,
                ),
            ),
        },
    )
