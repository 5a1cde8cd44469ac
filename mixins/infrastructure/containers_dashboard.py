"""The dashboard of the containers."""

from __future__ import annotations

from mixins import panels
from mixins.infrastructure import containers
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment", service=~"$service"'
CHOSEN = f"{containers.CONTAINER}, {HERE}"
NAME = "{{container}}"


def overview(thresholds: Thresholds) -> Dashboard:
    """Return processor, memory, disk, network and restarts of the containers of the chosen services."""

    def rate(metric: str) -> str:
        return f"sum by (container) (rate({metric}{{{CHOSEN}}}[{thresholds.window}]))"

    memory_limit = f"{containers.MEMORY_LIMIT}{{{HERE}}}"
    cpu_limit = f"{containers.cpu_limit(thresholds)}{{{HERE}}}"
    throttled, periods = (
        rate(f"container_cpu_cfs_{kind}_total") for kind in ("throttled_periods", "periods")
    )
    restarts = f"changes({containers.STARTED}{{{HERE}}}[1h])"
    return panels.dashboard(
        containers.OVERVIEW,
        "Containers",
        "Processor, memory, disk, network and restarts of every container.",
        variables=(panels.environment(), panels.service("container_last_seen")),
        rows={
            "Now": (
                panels.stat("Containers", f"count(container_last_seen{{{CHOSEN}}})"),
                panels.stat("Restarts, 1 hour", f"sum({restarts})", limit=thresholds.container_crash_loop),
                panels.gauge(
                    "Fullest memory limit",
                    [(f"max({memory_limit})", "used")],
                    limit=thresholds.container_memory_ratio,
                ),
                panels.gauge(
                    "Fullest processor limit",
                    [(f"max({cpu_limit})", "used")],
                    limit=thresholds.container_cpu_ratio,
                ),
            ),
            "Processor and memory": (
                panels.timeseries(
                    "Processors in use", [(f"{containers.cpu(thresholds)}{{{HERE}}}", NAME)], stacked=True
                ),
                panels.timeseries(
                    "Processor limit in use",
                    [(cpu_limit, NAME)],
                    panels.Unit.RATIO,
                    limit=thresholds.container_cpu_ratio,
                ),
                panels.timeseries(
                    "Working set",
                    [(f"{containers.MEMORY}{{{HERE}}}", NAME)],
                    panels.Unit.BYTES,
                    stacked=True,
                ),
                panels.timeseries(
                    "Memory limit in use",
                    [(memory_limit, NAME)],
                    panels.Unit.RATIO,
                    limit=thresholds.container_memory_ratio,
                ),
                panels.timeseries(
                    "Slowed down by the processor limit, share of time",
                    [(f"{throttled} / {periods}", NAME)],
                    panels.Unit.RATIO,
                ),
                panels.timeseries("Restarts, 1 hour, by container", [(restarts, NAME)]),
            ),
            "Disk and network": (
                panels.timeseries(
                    "Disk, bytes read and written per second",
                    [
                        (rate("container_fs_reads_bytes_total"), f"{NAME} read"),
                        (rate("container_fs_writes_bytes_total"), f"{NAME} written"),
                    ],
                    panels.Unit.BYTES_PER_SECOND,
                ),
                panels.timeseries(
                    "Network, bytes received and sent per second",
                    [
                        (rate("container_network_receive_bytes_total"), f"{NAME} received"),
                        (rate("container_network_transmit_bytes_total"), f"{NAME} sent"),
                    ],
                    panels.Unit.BYTES_PER_SECOND,
                ),
            ),
            "Faults": (
                panels.timeseries(
                    "Health checks, 1 is well",
                    [(f"max by (container) (container_health_state{{{CHOSEN}}})", NAME)],
                ),
                panels.counts(
                    "Network errors",
                    {
                        word: f"container_network_{way}_errors_total{{{CHOSEN}}}"
                        for way, word in (("receive", "received"), ("transmit", "sent"))
                    },
                    "container",
                ),
            ),
            "Logs": (panels.logs("Errors", '{service=~"$service", level=~"error|critical"}', span=24),),
        },
    )
