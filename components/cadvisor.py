"""cAdvisor: metrics of every container."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TypedDict

import pulumi

import versions
from placement import PORTS, Placement
from runtimes import Runtime
from scraping.container_engine import SERVICE_LABELS, ContainerEngine
from workload import HostPath, Probe, Resources, Workload

NAME = "cadvisor"
_MACHINE = PurePosixPath("/rootfs")
"""Where cAdvisor looks for the machine's own folders when it runs in a container."""
_CONTAINERD = "/run/containerd/containerd.sock"


class CadvisorArgs(TypedDict):
    """What a cAdvisor needs to know."""

    engine: ContainerEngine


class Cadvisor(pulumi.ComponentResource):
    """Exposes processor, memory, disk and network of every container of the engine."""

    def __init__(
        self, name: str, args: CadvisorArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Cadvisor", name, None, opts)
        runtime.deploy(workload(args, runtime.placement), parent=self)
        self.register_outputs({})


def workload(args: CadvisorArgs, placement: Placement) -> Workload:
    """Return cAdvisor as an agent that sees control groups, processes and the engine's list of layers."""
    engine = args["engine"]
    port = placement.listen(NAME, "http").rpartition(":")[2]
    return Workload(
        name=NAME,
        image=versions.CADVISOR,
        arguments=(
            f"--port={port}",
            f"--{engine.name}=tcp://{placement.address('engine-proxy', 'http')}",
            "--docker_only=true",
            "--store_container_labels=false",
            f"--whitelisted_container_labels={','.join((*SERVICE_LABELS, 'team'))}",
            # The other kinds multiply the series of a container without an alert or a panel for them.
            "--enable_metrics=cpu,memory,network,diskIO",
            "--housekeeping_interval=10s",
            "--allow_dynamic_housekeeping=false",
            "--logtostderr=true",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/healthz"),
        resources=Resources("100m", "200m", "100Mi", "200Mi"),
        host_paths=(
            HostPath("/sys", "/sys"),
            HostPath("/proc", str(_MACHINE / "proc")),
            *_names(engine),
        ),
        needs=("engine-proxy",),
        per_node=True,
        user=0,
    )


def _names(engine: ContainerEngine) -> tuple[HostPath, ...]:
    """Return what tells which container a control group is: it must be known to the engine's storage."""
    if engine.containerd_socket:
        return (HostPath(engine.containerd_socket, _CONTAINERD),)
    if engine.name != "docker":
        return ()
    folder = f"{engine.data_root}/image"
    return (HostPath(folder, f"{_MACHINE}{folder}"),)
