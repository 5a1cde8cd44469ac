"""What wears a machine down: load, disks, swap and retransmissions, and the limits that page."""

from __future__ import annotations

from mixins.infrastructure import node
from mixins.infrastructure.node import CARD, DISK, NETWORK, NODE
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

DISKS, FLEET = "node-disks", "node-fleet"
"""UIDs of the dashboards."""
LOAD = "instance:node_load:ratio"
"""Name of the recorded load of a machine for each of its processors."""
SWAP = "instance:node_swap_utilisation:ratio"
"""Name of the recorded share of swap space in use on a machine; absent without any."""


def disk_busy(thresholds: Thresholds) -> str:
    """Name of the recorded share of time in which a disk worked, 0 to 1."""
    return f"instance_device:node_disk_busy:ratio_rate{thresholds.window}"


def disk_bytes(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded bytes per second of a disk; ``direction`` is read or written."""
    return f"instance_device:node_disk_{direction}_bytes:rate{thresholds.window}"


def retransmitted(thresholds: Thresholds) -> str:
    """Name of the recorded share of TCP segments that a machine had to send again, 0 to 1."""
    return f"instance:node_tcp_retransmitted:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on what pages, and on what is about to become slow."""
    return (
        RuleGroup(
            "node-pressure",
            (
                *_recordings(thresholds),
                *_exhausted(thresholds),
                *_disks(thresholds),
                *_kernel(thresholds),
            ),
        ),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    def rate(metric: str) -> str:
        return f"rate({metric}{{{NODE}}}[{thresholds.window}])"

    processors = f'count without (cpu, mode) (node_cpu_seconds_total{{{NODE}, mode="idle"}})'
    swap = f"node_memory_SwapTotal_bytes{{{NODE}}}"
    return (
        RecordingRule(LOAD, f"node_load5{{{NODE}}} / {processors}"),
        RecordingRule(SWAP, f"1 - node_memory_SwapFree_bytes{{{NODE}}} / ({swap} > 0)"),
        RecordingRule(disk_busy(thresholds), rate("node_disk_io_time_seconds_total")),
        *(
            RecordingRule(disk_bytes(direction, thresholds), rate(f"node_disk_{direction}_bytes_total"))
            for direction in ("read", "written")
        ),
        RecordingRule(
            retransmitted(thresholds),
            f"{rate('node_netstat_Tcp_RetransSegs')} / ({rate('node_netstat_Tcp_OutSegs')} > 10)",
        ),
    )


def _exhausted(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "NodeCPUExhausted",
            expr=f"{node.cpu(thresholds)} > {thresholds.cpu_exhausted_ratio}",
            for_=thresholds.saturation_for,
            severity=Severity.CRITICAL,
            summary="A machine has no processor time left.",
            description=(
                "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its processor time."
            ),
            dashboard=node.OVERVIEW,
        ),
        Alert(
            "NodeMemoryExhausted",
            expr=f"{node.MEMORY} > {thresholds.memory_exhausted_ratio}",
            for_="5m",
            severity=Severity.CRITICAL,
            summary="A machine has no memory left; the kernel is about to kill processes.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory.",
            dashboard=node.OVERVIEW,
        ),
        Alert(
            "DiskSpaceExhausted",
            expr=f"{node.DISK_FREE} < {thresholds.disk_exhausted_free_ratio}",
            for_=thresholds.disk_for,
            severity=Severity.CRITICAL,
            summary="A file system is full: what writes to it fails now or within moments.",
            description=(
                "{{ $labels.mountpoint }} of {{ $labels.instance }} has "
                "{{ $value | humanizePercentage }} left."
            ),
            dashboard=DISKS,
        ),
        Alert(
            "NodeSwapping",
            # Full swap is harmless while nobody needs what is in it.
            expr=(
                f"{SWAP} > {thresholds.memory_ratio} and on (environment, job, instance) "
                f"rate(node_vmstat_pswpin{{{NODE}}}[{thresholds.window}]) > 100"
            ),
            for_=thresholds.saturation_for,
            severity=Severity.WARNING,
            summary="A machine reads memory back from disk all the time.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its swap space.",
            dashboard=FLEET,
        ),
    )


def _disks(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "NodeDiskSaturated",
            expr=f"{disk_busy(thresholds)} > {thresholds.disk_busy_ratio}",
            for_="15m",
            severity=Severity.WARNING,
            summary="A disk works without a pause; whatever uses it waits.",
            description=(
                "{{ $labels.device }} of {{ $labels.instance }} works "
                "{{ $value | humanizePercentage }} of the "
                "time."
            ),
            dashboard=DISKS,
        ),
        Alert(
            "NodeFilesystemBroken",
            # It was well within the last day: read-only is the kernel's answer to errors of the disk.
            # Others are read-only on purpose, or never shown to node_exporter.
            expr=" or ".join(
                f"({metric}{{{DISK}}} == 1 and min_over_time({metric}{{{DISK}}}[1d]) == 0)"
                for metric in ("node_filesystem_device_error", "node_filesystem_readonly")
            ),
            for_="5m",
            severity=Severity.CRITICAL,
            summary="A file system cannot be read any more, or has become read-only.",
            description=(
                "{{ $labels.mountpoint }} of {{ $labels.instance }} ({{ $labels.device }}) is broken."
            ),
            dashboard=DISKS,
        ),
    )


def _kernel(thresholds: Thresholds) -> tuple[Alert, ...]:
    dropped = f"rate(node_network_receive_drop_total{{{CARD}}}[{thresholds.window}])"
    return (
        Alert(
            "NodeRetransmissionsHigh",
            expr=f"{retransmitted(thresholds)} > {thresholds.retransmission_ratio}",
            for_="15m",
            severity=Severity.WARNING,
            summary="A machine has to send much of what it sends twice: the network loses packets.",
            description="{{ $labels.instance }} repeats {{ $value | humanizePercentage }} of its segments.",
            dashboard=NETWORK,
        ),
        Alert(
            "NodePacketsDropped",
            expr=(
                f"{dropped} / (rate(node_network_receive_packets_total{{{CARD}}}[{thresholds.window}]) > 1) "
                f"> {thresholds.failure_ratio}"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="A machine is too busy to take in the packets that arrive.",
            description=(
                "{{ $labels.device }} of {{ $labels.instance }} drops {{ $value | humanizePercentage }} of "
                "what arrives."
            ),
            dashboard=NETWORK,
        ),
        Alert(
            "NodeConnectionsRefused",
            expr=f"rate(node_netstat_TcpExt_ListenDrops{{{NODE}}}[{thresholds.window}]) > 0.1",
            for_="10m",
            severity=Severity.WARNING,
            summary="A program accepts connections more slowly than they arrive; some are refused.",
            description="{{ $labels.instance }} refuses {{ $value | humanize }} connections per second.",
            dashboard=NETWORK,
        ),
        Alert(
            "NodeRebooted",
            # The boot time of a virtual machine jitters by a second, and is no counter that begins anew.
            expr=f"delta(node_boot_time_seconds{{{NODE}}}[15m]) > 60",
            keep_firing_for="15m",
            severity=Severity.INFO,
            summary="A machine was restarted.",
            description="{{ $labels.instance }} was restarted within the last 15 minutes.",
            dashboard=FLEET,
        ),
        Alert(
            "NodeMetricsIncomplete",
            # Many collectors look for hardware that a machine does not have, and never succeed.
            expr=(
                f"node_scrape_collector_success{{{NODE}}} == 0 "
                f"and max_over_time(node_scrape_collector_success{{{NODE}}}[1d]) == 1"
            ),
            for_="30m",
            severity=Severity.INFO,
            summary=(
                "node_exporter cannot read something that it could read before, so rules on it are silent."
            ),
            description="The collector {{ $labels.collector }} of {{ $labels.instance }} fails.",
            dashboard=FLEET,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboards of all machines, of their disks and of their networks."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.infrastructure import node_pressure_dashboards as boards  # noqa: PLC0415

    return (boards.fleet(thresholds), boards.disks(thresholds), boards.network(thresholds))


MIXIN = Mixin(name="node-pressure", requires=frozenset({"node"}), rules=rules, dashboards=dashboards)
