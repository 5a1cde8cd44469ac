"""node_exporter: metrics of the machine."""

from __future__ import annotations

import pulumi

import versions
from placement import PORTS, Placement
from runtimes import Runtime
from workload import HostPath, Probe, Resources, Workload

NAME = "node-exporter"


class NodeExporter(pulumi.ComponentResource):
    """Exposes processor, memory, disk and network of every machine the stack runs on."""

    def __init__(self, name: str, runtime: Runtime, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:NodeExporter", name, None, opts)
        runtime.deploy(workload(runtime.placement), parent=self)
        self.register_outputs({})


def workload(placement: Placement) -> Workload:
    """Return node_exporter as an agent that reads the machine's own file systems."""
    return Workload(
        name=NAME,
        image=versions.NODE_EXPORTER,
        arguments=(
            f"--web.listen-address={placement.listen(NAME, 'http')}",
            f"--path.procfs={placement.host('/proc')}",
            f"--path.sysfs={placement.host('/sys')}",
            f"--path.rootfs={placement.host('/') or '/'}",
            "--log.level=warn",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/"),
        resources=Resources("100m", "200m", "50Mi", "100Mi"),
        host_paths=(HostPath("/", placement.host("/")),),
        per_node=True,
    )
