"""The dashboards of all machines together, of their disks and of their networks."""

from __future__ import annotations

from mixins import panels
from mixins.infrastructure import node
from mixins.infrastructure import node_pressure as mixin
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, instance=~"$instance"'
EACH = "{{instance}}"
DEVICE = "{{instance}} {{device}}"


def _rate(metric: str, thresholds: Thresholds) -> str:
    return f"rate({metric}{{{node.NODE}, {CHOSEN}}}[{thresholds.window}])"


def fleet(thresholds: Thresholds) -> Dashboard:
    """Return all machines beside each other; every panel reads recorded series."""
    records = (
        ("Processor in use", node.cpu(thresholds), thresholds.cpu_ratio),
        ("Memory in use", node.MEMORY, thresholds.memory_ratio),
        ("Load for each processor", mixin.LOAD, 1.0),
        ("Swap in use", mixin.SWAP, thresholds.memory_ratio),
    )
    return panels.dashboard(
        mixin.FLEET,
        "Node fleet",
        "All machines beside each other, from recorded series.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                panels.stat("Machines", f'count(up{{job="node", {HERE}}})'),
                panels.stat("Not reached", f'count(up{{job="node", {HERE}}} == 0) or vector(0)', limit=1),
                panels.stat(
                    "Busy processors",
                    f"count({node.cpu(thresholds)}{{{HERE}}} > {thresholds.cpu_ratio}) or vector(0)",
                ),
                panels.stat(
                    "Full memory", f"count({node.MEMORY}{{{HERE}}} > {thresholds.memory_ratio}) or vector(0)"
                ),
            ),
            "Beside each other": tuple(
                panels.timeseries(title, [(f"{record}{{{HERE}}}", EACH)], panels.Unit.RATIO, limit=limit)
                for title, record, limit in records
            ),
            "Since when": (
                panels.table(
                    "Uptime",
                    f"time() - node_boot_time_seconds{{{node.NODE}, {HERE}}}",
                    panels.Unit.SECONDS,
                ),
                panels.table(
                    "Collectors without data",
                    f"node_scrape_collector_success{{{node.NODE}, {HERE}}} == 0",
                ),
            ),
        },
    )


def disks(thresholds: Thresholds) -> Dashboard:
    """Return space, work and waiting of the disks of the chosen machines."""
    used, full = f"1 - {node.DISK_FREE}{{{CHOSEN}}}", 1 - thresholds.disk_free_ratio
    read, written = (f"{mixin.disk_bytes(way, thresholds)}{{{CHOSEN}}}" for way in ("read", "written"))

    def delay(kind: str, done: str) -> str:
        time, count = (
            _rate(f"node_disk_{kind}_time_seconds_total", thresholds),
            _rate(f"node_disk_{done}_completed_total", thresholds),
        )
        return f"{time} / ({count} > 0)"

    return panels.dashboard(
        mixin.DISKS,
        "Node disks",
        "Disks and file systems of the machines: space, work and waiting.",
        variables=(panels.environment(), panels.instance("node")),
        rows={
            "Space": (
                panels.timeseries(
                    "File systems, used",
                    [(used, "{{instance}} {{mountpoint}}")],
                    panels.Unit.RATIO,
                    limit=full,
                ),
                panels.table("Fullest file systems", f"topk(20, {used})", panels.Unit.RATIO),
            ),
            "Work": (
                panels.timeseries(
                    "Share of time in which a disk works",
                    [(f"{mixin.disk_busy(thresholds)}{{{CHOSEN}}}", DEVICE)],
                    panels.Unit.RATIO,
                    limit=thresholds.disk_busy_ratio,
                ),
                panels.timeseries(
                    "Bytes per second",
                    [(read, f"{DEVICE} read"), (written, f"{DEVICE} written")],
                    panels.Unit.BYTES_PER_SECOND,
                ),
                panels.timeseries(
                    "Duration of a read", [(delay("read", "reads"), DEVICE)], panels.Unit.SECONDS
                ),
                panels.timeseries(
                    "Duration of a write", [(delay("write", "writes"), DEVICE)], panels.Unit.SECONDS
                ),
            ),
            "Waiting": (
                panels.timeseries(
                    "Processes wait for a disk, share of time",
                    [(_rate("node_pressure_io_waiting_seconds_total", thresholds), EACH)],
                    panels.Unit.RATIO,
                ),
                panels.timeseries(
                    "Requests in flight", [(f"node_disk_io_now{{{node.NODE}, {CHOSEN}}}", DEVICE)]
                ),
            ),
        },
    )


def network(thresholds: Thresholds) -> Dashboard:
    """Return traffic, losses and connections of the chosen machines."""

    def both(what: str) -> list[panels.Query]:
        return [
            (_rate(f"node_network_{way}_{what}_total", thresholds), f"{DEVICE} {word}")
            for way, word in (("receive", "received"), ("transmit", "sent"))
        ]

    traffic = [
        (f"{node.traffic(way, thresholds)}{{{CHOSEN}}}", f"{EACH} {word}")
        for way, word in (("receive", "received"), ("transmit", "sent"))
    ]
    used = (
        f"node_nf_conntrack_entries{{{node.NODE}, {CHOSEN}}} "
        f"/ node_nf_conntrack_entries_limit{{{node.NODE}, {CHOSEN}}}"
    )
    return panels.dashboard(
        node.NETWORK,
        "Node network",
        "Networks of the machines: traffic, losses and connections.",
        variables=(panels.environment(), panels.instance("node")),
        rows={
            "Traffic": (
                panels.timeseries("Bytes per second", traffic, panels.Unit.BYTES_PER_SECOND),
                panels.timeseries("Packets per second", both("packets"), panels.Unit.PER_SECOND),
            ),
            "Losses": (
                panels.timeseries(
                    "Segments sent again",
                    [(f"{mixin.retransmitted(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.RATIO,
                    limit=thresholds.retransmission_ratio,
                ),
                panels.timeseries("Errors per second", both("errs"), panels.Unit.PER_SECOND),
                panels.timeseries("Dropped per second", both("drop"), panels.Unit.PER_SECOND),
                panels.timeseries(
                    "Connections refused per second",
                    [(_rate("node_netstat_TcpExt_ListenDrops", thresholds), EACH)],
                    panels.Unit.PER_SECOND,
                ),
            ),
            "Connections": (
                panels.timeseries(
                    "TCP connections", [(f"node_netstat_Tcp_CurrEstab{{{node.NODE}, {CHOSEN}}}", EACH)]
                ),
                panels.timeseries(
                    "Connection tracking in use",
                    [(used, EACH)],
                    panels.Unit.RATIO,
                    limit=thresholds.descriptor_ratio,
                ),
            ),
        },
    )
