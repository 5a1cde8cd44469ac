"""The dashboard of a fleet of containers; every panel reads recorded series."""

from __future__ import annotations

from mixins import panels
from mixins.infrastructure import containers, node
from mixins.infrastructure import fleet as mixin
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, service=~"$service"'
SERVICE, CONTAINER = "{{service}}", "{{container}}"


def fleet(thresholds: Thresholds) -> Dashboard:
    """Return all containers of the chosen services beside each other, and the host under them."""
    restarts = f"changes({containers.STARTED}{{{CHOSEN}}}[1h])"

    def largest(record: str) -> list[panels.Query]:
        return [(f"topk(30, {record}{{{CHOSEN}}})", CONTAINER)]

    return panels.dashboard(
        mixin.FLEET,
        "Fleet of containers",
        "All containers beside each other, and the host they share.",
        variables=(panels.environment(), panels.service("container_last_seen")),
        rows={
            "Now": (
                panels.stat("Containers", f"sum({mixin.COUNT}{{{CHOSEN}}})"),
                panels.stat("Restarts, 1 hour", f"sum({restarts})", limit=thresholds.container_restarts),
                panels.gauge(
                    "Host: processor",
                    [(f"max({node.cpu(thresholds)}{{{HERE}}})", "in use")],
                    limit=thresholds.cpu_ratio,
                ),
                panels.gauge(
                    "Host: memory",
                    [(f"max({node.MEMORY}{{{HERE}}})", "in use")],
                    limit=thresholds.memory_ratio,
                ),
            ),
            "By service": (
                panels.timeseries(
                    "Containers by service", [(f"{mixin.COUNT}{{{CHOSEN}}}", SERVICE)], stacked=True
                ),
                panels.timeseries(
                    "Processors by service",
                    [(f"{mixin.service_cpu(thresholds)}{{{CHOSEN}}}", SERVICE)],
                    stacked=True,
                ),
                panels.timeseries(
                    "Memory by service",
                    [(f"{mixin.SERVICE_MEMORY}{{{CHOSEN}}}", SERVICE)],
                    panels.Unit.BYTES,
                    stacked=True,
                ),
                panels.table("Containers that restarted, 1 hour", f"{restarts} > 0"),
            ),
            "By container, the largest thirty": (
                panels.timeseries("Processors in use", largest(containers.cpu(thresholds)), stacked=True),
                panels.timeseries(
                    "Memory in use", largest(containers.MEMORY), panels.Unit.BYTES, stacked=True
                ),
                panels.timeseries(
                    "Held back by the processor limit, share of time",
                    largest(mixin.throttled(thresholds)),
                    panels.Unit.RATIO,
                    limit=thresholds.throttled_ratio,
                ),
                panels.timeseries(
                    "Memory limit in use",
                    largest(containers.MEMORY_LIMIT),
                    panels.Unit.RATIO,
                    limit=thresholds.container_memory_ratio,
                ),
                *(
                    panels.timeseries(
                        f"Network, bytes {word} per second",
                        largest(mixin.traffic(way, thresholds)),
                        panels.Unit.BYTES_PER_SECOND,
                    )
                    for way, word in (("receive", "received"), ("transmit", "sent"))
                ),
            ),
            "Logs": (panels.logs("Errors", '{service=~"$service", level=~"error|critical"}', span=24),),
        },
    )
