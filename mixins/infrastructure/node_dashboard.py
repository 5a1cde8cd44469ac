"""The dashboard of the machines."""

from __future__ import annotations

from mixins import panels
from mixins.infrastructure import node
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'job="node", environment=~"$environment", instance=~"$instance"'


def overview(thresholds: Thresholds) -> Dashboard:
    """Return processor, memory, disk and network of the chosen machines."""
    cpu, window = node.cpu(thresholds), thresholds.window
    free_limit = 1 - thresholds.disk_free_ratio
    used = f"1 - {node.DISK_FREE}{{{CHOSEN}}}"
    return panels.dashboard(
        node.OVERVIEW,
        "Node overview",
        "Processor, memory, disk and network of the machines.",
        variables=(panels.environment(), panels.instance("node")),
        rows={
            "Now": (
                panels.gauge(
                    "Processor", [(f"{cpu}{{{CHOSEN}}}", "{{instance}}")], limit=thresholds.cpu_ratio
                ),
                panels.gauge(
                    "Memory", [(f"{node.MEMORY}{{{CHOSEN}}}", "{{instance}}")], limit=thresholds.memory_ratio
                ),
                panels.gauge("Fullest file system", [(f"max({used})", "used")], limit=free_limit),
                panels.gauge(
                    "File descriptors",
                    [
                        (
                            f"node_filefd_allocated{{{CHOSEN}}} / node_filefd_maximum{{{CHOSEN}}}",
                            "{{instance}}",
                        )
                    ],
                    limit=thresholds.descriptor_ratio,
                ),
            ),
            "Processor and memory": (
                panels.timeseries(
                    "Processor in use",
                    [(f"{cpu}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.cpu_ratio,
                ),
                panels.timeseries(
                    "Memory in use",
                    [(f"{node.MEMORY}{{{CHOSEN}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.memory_ratio,
                ),
                panels.timeseries(
                    "Load, 5 minutes",
                    [(f"node_load5{{{CHOSEN}}}", "{{instance}}")],
                ),
                panels.timeseries(
                    "Waiting for disk, share of time",
                    [(f"rate(node_pressure_io_waiting_seconds_total{{{CHOSEN}}}[{window}])", "{{instance}}")],
                    panels.Unit.RATIO,
                ),
                panels.counts(
                    "Processes killed for want of memory",
                    {"": f"node_vmstat_oom_kill{{{CHOSEN}}}"},
                    "instance",
                ),
            ),
            "Disk and network": (
                panels.timeseries(
                    "File systems, used",
                    [(used, "{{instance}} {{mountpoint}}")],
                    panels.Unit.RATIO,
                    limit=free_limit,
                ),
                panels.timeseries(
                    "Disk, bytes per second",
                    [
                        (
                            f"rate(node_disk_read_bytes_total{{{CHOSEN}}}[{window}])",
                            "{{instance}} {{device}} read",
                        ),
                        (
                            f"rate(node_disk_written_bytes_total{{{CHOSEN}}}[{window}])",
                            "{{instance}} {{device}} write",
                        ),
                    ],
                    panels.Unit.BYTES_PER_SECOND,
                ),
                panels.timeseries(
                    "Network, bytes per second",
                    [
                        (
                            f"{node.traffic(direction, thresholds)}{{{CHOSEN}}}",
                            f"{{{{instance}}}} {direction}",
                        )
                        for direction in ("receive", "transmit")
                    ],
                    panels.Unit.BYTES_PER_SECOND,
                ),
                panels.timeseries(
                    "Clock, seconds away from Prometheus",
                    [
                        (
                            f"timestamp(node_time_seconds{{{CHOSEN}}}) - node_time_seconds{{{CHOSEN}}}",
                            "{{instance}}",
                        )
                    ],
                    panels.Unit.SECONDS,
                    limit=thresholds.clock_skew,
                ),
            ),
        },
    )
