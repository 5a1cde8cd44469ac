"""A workload's parts as the arguments of a container; pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch

import pulumi
import pulumi_docker as docker

from units import size_in_bytes
from workload import HostPath, Workload


def volume_mount(volume: docker.Volume, folder: str, *, read_only: bool = False) -> docker.ContainerMountArgs:
    """Return the mount of a volume at a folder of the container."""
    return docker.ContainerMountArgs(type="volume", source=volume.name, target=folder, read_only=read_only)


def host_mount(path: HostPath) -> docker.ContainerMountArgs:
    """Return the read-only mount of a folder of the machine.

    What is mounted below the root folder later is seen too; for other folders nothing is asked of the engine.
    """
    later = docker.ContainerMountBindOptionsArgs(propagation="rslave") if path.path == "/" else None
    return docker.ContainerMountArgs(
        type="bind",
        source=path.path,
        target=path.mount,
        read_only=True,
        bind_options=later,
    )


def labels(values: Mapping[str, pulumi.Input[str]]) -> list[docker.ContainerLabelArgs]:
    """Return labels in the form that containers want."""
    return [docker.ContainerLabelArgs(label=key, value=value) for key, value in sorted(values.items())]


def security(workload: Workload) -> list[str]:
    """Return the security options; engines add the last one to what sees the machine's processes."""
    return ["no-new-privileges:true", *(["label=disable"] if workload.per_node else [])]


def read_at_start(workload: Workload) -> Mapping[str, pulumi.Input[str]]:
    """Return the configuration files whose change takes a new container.

    The others are those that the product notices by itself; nobody in a container engine sends it a signal.
    """
    reload = workload.reload
    noticed = reload.files if reload and reload.watches else ()
    return {
        path: text
        for path, text in workload.files.items()
        if not any(fnmatch(path, pattern) for pattern in noticed)
    }


def health_check(workload: Workload) -> docker.ContainerHealthcheckArgs | None:
    """Return the health check by a program of the image itself; None where the image has none."""
    if not workload.image.health:
        return None
    address = f"127.0.0.1:{workload.port(workload.probe.port).number}"
    command = [
        part.format(address=address, url=f"http://{address}{workload.probe.path}")
        for part in workload.image.health
    ]
    # Durations below a minute: the plugin reads longer ones back in other units, and sees a change in that.
    return docker.ContainerHealthcheckArgs(
        tests=["CMD", *command], interval="5s", timeout="3s", retries=6, start_period="30s"
    )


def processors(cpu: str) -> str:
    """Return a Kubernetes quantity of processors, ``250m``, as the plugin reads it back: ``0.25``."""
    return str(float(cpu.removesuffix("m")) / 1000 if cpu.endswith("m") else float(cpu))


def mebibytes(memory: str) -> int:
    """Return a Kubernetes quantity of memory (``1Gi``) in MiB."""
    return size_in_bytes(memory) // 2**20
