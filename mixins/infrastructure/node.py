"""The machines under everything, seen by node_exporter."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW, NETWORK = "node-overview", "node-network"
"""UID of the dashboard."""
NODE = 'job="node"'
DISK = (
    f'{NODE}, fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|fuse.*|nsfs", mountpoint!~"/var/lib/kubelet/.+"'
)
"""File systems that hold data; the others are memory, images, views of another one, or volumes of pods."""
CARD = f'{NODE}, device!~"lo|veth.*|docker.*|br-.*|cni.*|flannel.*|cali.*"'
"""Network devices that lead out of the machine."""


def cpu(thresholds: Thresholds) -> str:
    """Name of the recorded share of processor time in use on a machine, 0 to 1."""
    return f"instance:node_cpu_utilisation:ratio_rate{thresholds.window}"


def traffic(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded bytes per second; ``direction`` is receive or transmit."""
    return f"instance:node_network_{direction}_bytes:rate{thresholds.window}"


MEMORY = "instance:node_memory_utilisation:ratio"
"""Name of the recorded share of memory in use on a machine, 0 to 1."""
DISK_FREE = "instance_mountpoint:node_filesystem_free:ratio"
"""Name of the recorded share of free space of a writable file system, 0 to 1."""


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Processor, memory, disk, network and clock of every machine."""
    return (
        RuleGroup("node", (*_recordings(thresholds), *_saturation(thresholds), *_exhaustion(thresholds))),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window = thresholds.window
    idle = f'sum without (mode) (rate(node_cpu_seconds_total{{{NODE}, mode=~"idle|iowait"}}[{window}]))'
    return (
        RecordingRule(cpu(thresholds), f"1 - avg without (cpu) ({idle})"),
        RecordingRule(
            MEMORY, f"1 - node_memory_MemAvailable_bytes{{{NODE}}} / node_memory_MemTotal_bytes{{{NODE}}}"
        ),
        # A file system that is mounted read-only, an image for example, is always full.
        RecordingRule(
            DISK_FREE,
            f"node_filesystem_avail_bytes{{{DISK}}} / node_filesystem_size_bytes{{{DISK}}} "
            f"unless node_filesystem_readonly{{{DISK}}} == 1",
        ),
        *(
            RecordingRule(
                traffic(direction, thresholds),
                f"sum without (device) (rate(node_network_{direction}_bytes_total{{{CARD}}}[{window}]))",
            )
            for direction in ("receive", "transmit")
        ),
    )


def _saturation(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "HighCPUUsage",
            expr=f"{cpu(thresholds)} > {thresholds.cpu_ratio}",
            for_=thresholds.saturation_for,
            severity=Severity.WARNING,
            summary="A machine's processors are busy for a long time.",
            description=(
                "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its processor time."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "HighMemoryUsage",
            expr=f"{MEMORY} > {thresholds.memory_ratio}",
            for_=thresholds.saturation_for,
            severity=Severity.WARNING,
            summary="A machine has little memory left.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "NodeMemoryKill",
            expr=f"increase(node_vmstat_oom_kill{{{NODE}}}[10m]) > 0",
            severity=Severity.WARNING,
            summary="The kernel killed a process because memory ran out.",
            description=(
                "{{ $labels.instance }} ran out of memory and killed a process within the last 10 minutes."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "NodeNetworkErrors",
            expr=(
                f"rate(node_network_receive_errs_total{{{CARD}}}[{thresholds.window}]) "
                f"/ (rate(node_network_receive_packets_total{{{CARD}}}[{thresholds.window}]) > 1) "
                f"> {thresholds.failure_ratio} "
                f"or rate(node_network_transmit_errs_total{{{CARD}}}[{thresholds.window}]) "
                f"/ (rate(node_network_transmit_packets_total{{{CARD}}}[{thresholds.window}]) > 1) "
                f"> {thresholds.failure_ratio}"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="A network device fails to receive or send packets.",
            description=(
                "{{ $labels.device }} of {{ $labels.instance }} loses {{ $value | humanizePercentage }} "
                "of its packets."
            ),
            dashboard=NETWORK,
        ),
        Alert(
            "NodeClockSkew",
            expr=(
                f"abs(timestamp(node_time_seconds{{{NODE}}}) - node_time_seconds{{{NODE}}}) "
                f"> {thresholds.clock_skew}"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="A machine's clock differs from Prometheus' clock.",
            description="The clock of {{ $labels.instance }} is off by {{ $value | humanizeDuration }}.",
            dashboard=OVERVIEW,
        ),
    )


def _exhaustion(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "DiskSpaceLow",
            expr=f"{DISK_FREE} < {thresholds.disk_free_ratio}",
            for_=thresholds.disk_for,
            severity=Severity.WARNING,
            summary="A file system is nearly full.",
            description=(
                "{{ $labels.mountpoint }} of {{ $labels.instance }} has {{ $value | "
                "humanizePercentage }} left."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "NodeFilesystemFilling",
            expr=(
                f"predict_linear(node_filesystem_avail_bytes{{{DISK}}}[6h], "
                f"{thresholds.disk_fills_in:.0f}) < 0 "
                f"and {DISK_FREE} < {thresholds.disk_filling_free_ratio}"
            ),
            for_="1h",
            severity=Severity.WARNING,
            summary="A file system will soon be full if it goes on like this.",
            description=(
                "{{ $labels.mountpoint }} of {{ $labels.instance }} fills up at a pace that leaves no space "
                f"in {thresholds.disk_fills_in / 3600:g} hours."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "NodeFilesystemInodesLow",
            # File systems without a fixed number of inodes report 0 of 0.
            expr=(
                f"node_filesystem_files_free{{{DISK}}} / (node_filesystem_files{{{DISK}}} > 0) "
                f"< {thresholds.disk_free_ratio} unless node_filesystem_readonly{{{DISK}}} == 1"
            ),
            for_=thresholds.disk_for,
            severity=Severity.WARNING,
            summary="A file system can hold few further files.",
            description=(
                "{{ $labels.mountpoint }} of {{ $labels.instance }} has {{ $value | humanizePercentage }} "
                "of its inodes left."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "NodeFileDescriptorsExhausted",
            expr=(
                f"node_filefd_allocated{{{NODE}}} / node_filefd_maximum{{{NODE}}} > "
                f"{thresholds.descriptor_ratio}"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="A machine is about to run out of file descriptors.",
            description=(
                "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its file descriptors."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "NodeConnectionTrackingFull",
            expr=(
                f"node_nf_conntrack_entries{{{NODE}}} / node_nf_conntrack_entries_limit{{{NODE}}} "
                f"> {thresholds.descriptor_ratio}"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="A machine's table of tracked connections is nearly full.",
            description=(
                "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connection "
                "tracking table."
            ),
            dashboard=NETWORK,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the machines' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.infrastructure import node_dashboard  # noqa: PLC0415

    return (node_dashboard.overview(thresholds),)


MIXIN = Mixin(name="node", requires=frozenset({"node"}), rules=rules, dashboards=dashboards)
