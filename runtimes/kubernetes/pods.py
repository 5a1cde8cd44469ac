"""The pod of a workload: its container and those of its sidecars, restricted, with probes and limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    ContainerPortArgsDict,
    EnvVarArgsDict,
    PodSecurityContextArgsDict,
    PodTemplateSpecArgsDict,
    ProbeArgsDict,
    ResourceRequirementsArgsDict,
    TopologySpreadConstraintArgsDict,
)

import versions
from runtimes.kubernetes import nodes
from runtimes.kubernetes.configuration import Mounted
from runtimes.kubernetes.identity import pod_labels
from runtimes.kubernetes.permissions import PERMISSIONS
from runtimes.kubernetes.site import ON_THE_MACHINE, Site
from runtimes.kubernetes.storage import CLAIM
from workload import HostPath, Probe, Resources, Workload

_STOP_SECONDS = 60
"""How long a product may take to write what it holds in memory, the time to be forgotten included."""
_DRAIN_SECONDS = 5
"""How long one of several goes on answering while Services and load balancers forget it."""
_SCRATCH = "/tmp"  # noqa: S108
_MACHINE: EnvVarArgsDict = {
    "name": "K8S_NODE_NAME",
    "value_from": {"field_ref": {"field_path": "spec.nodeName"}},
}
"""Tells an agent which machine it is on."""


def template(
    workload: Workload, site: Site, files: Mounted, beside: Sequence[Mounted] = ()
) -> PodTemplateSpecArgsDict:
    """Return the pod template of a workload; a StatefulSet adds the volume of its claim.

    ``beside`` are the files of its sidecars, in their order.
    """
    on_the_machine = workload.name in ON_THE_MACHINE or None
    scratch = Mounted(mounts=({"name": "tmp", "mount_path": _SCRATCH},))
    data = Mounted()
    if workload.volume:
        data = Mounted(mounts=({"name": CLAIM, "mount_path": site.placement.data(workload.name)},))
    files += Mounted(({"name": "tmp", "empty_dir": {"size_limit": "256Mi"}},)) + scratch
    for number, path in enumerate(workload.host_paths):
        files += _host(f"host-{number}", path)
    return {
        "metadata": {
            "labels": {
                **site.labels(workload.name),
                **site.replica_labels(workload),
                **pod_labels(workload, site),
            }
        },
        "spec": {
            "service_account_name": workload.name,
            "priority_class_name": site.settings.kubernetes.priority_class or None,
            "automount_service_account_token": workload.name in PERMISSIONS,
            # Variables such as JAEGER_PORT for every Service are taken for settings by some products.
            "enable_service_links": False,
            "termination_grace_period_seconds": _STOP_SECONDS,
            "security_context": pod_security(workload.user),
            "host_network": on_the_machine,
            "host_pid": on_the_machine,
            "topology_spread_constraints": _spread(workload, site) if workload.replicas > 1 else None,
            "node_selector": nodes.selector(workload, site),
            "tolerations": nodes.tolerations(workload, site),
            "containers": [
                _container(workload, site, files + data),
                *(
                    _container(sidecar, site, own + scratch + data)
                    for sidecar, own in zip(workload.sidecars, beside, strict=True)
                ),
            ],
            "volumes": [volume for mounted in (files, *beside) for volume in mounted.volumes],
        },
    }


def _container(workload: Workload, site: Site, files: Mounted) -> ContainerArgsDict:
    return {
        "name": workload.name,
        "image": versions.reference(workload.image, site.settings.images),
        "image_pull_policy": "IfNotPresent",
        "command": list(workload.image.entrypoint),
        "args": list(workload.arguments),
        "env": [_MACHINE] if workload.per_node else None,
        "ports": _ports(workload),
        "resources": resources(workload.resources),
        # A product may replay its log for a quarter of an hour, and an overloaded one must not be killed for
        # being slow, nor one that waits for what it depends on.
        "startup_probe": _probe(workload.probe, period=5, failures=180),
        "readiness_probe": _probe(workload.probe, period=10, failures=3),
        "liveness_probe": _probe(
            replace(workload.probe, path=workload.probe.alive or workload.probe.path), period=10, failures=12
        ),
        # Whoever has looked up its address may still ask it, and the next one is there already.
        "lifecycle": {"pre_stop": {"sleep": {"seconds": _DRAIN_SECONDS}}} if workload.replicas > 1 else None,
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volume_mounts": list(files.mounts),
    }


def _ports(workload: Workload) -> list[ContainerPortArgsDict]:
    own: list[ContainerPortArgsDict] = [
        {"name": port.name, "container_port": port.number} for port in workload.ports
    ]
    return own + [
        {"name": f"{peer.name}-{protocol.lower()}", "container_port": peer.number, "protocol": protocol}
        for peer in workload.peer_ports
        for protocol in peer.protocols
    ]


def _spread(workload: Workload, site: Site) -> list[TopologySpreadConstraintArgsDict]:
    """Keep replicas apart; where there is no room, together is better than not at all."""
    return [
        {
            "topology_key": key,
            "max_skew": 1,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": site.selector(workload.name)},
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]


def pod_security(user: int) -> PodSecurityContextArgsDict:
    """Return what a pod of the stack runs as."""
    return {
        "run_as_non_root": user != 0,
        "run_as_user": user,
        "run_as_group": user,
        "fs_group": user,
        "fs_group_change_policy": "OnRootMismatch",
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def resources(resources: Resources) -> ResourceRequirementsArgsDict:
    """Return what is reserved for a container, and what it may use at most."""
    return {
        "requests": {"cpu": resources.cpu_request, "memory": resources.memory_request},
        "limits": {"cpu": resources.cpu_limit, "memory": resources.memory_limit},
    }


def _probe(probe: Probe, *, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": probe.path, "port": probe.port},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }


def _host(name: str, path: HostPath) -> Mounted:
    return Mounted(
        ({"name": name, "host_path": {"path": path.path}},),
        (
            {
                "name": name,
                "mount_path": path.mount,
                "read_only": True,
                "mount_propagation": "HostToContainer",
            },
        ),
    )
