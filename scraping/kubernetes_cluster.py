"""The cluster of a Kubernetes target as what finds pods by itself needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from settings import Settings
from targets import RuntimeKind, Target

SERVICE_LABELS = ("app", "app.kubernetes.io/name", "service")
"""Labels of a pod that name its service, the decisive one last; without any its controller's name does."""
COMPONENT_LABELS = ("component", "app.kubernetes.io/component")
"""Labels of a pod that say which part of its application it is, the decisive one last."""
_OPERATED: Mapping[str, tuple[str, ...]] = {
    "ignored": (),
    "found": ("prometheus-agent",),
    "installed": ("prometheus-operator", "prometheus-agent"),
}


@dataclass(frozen=True)
class KubernetesCluster:
    """A cluster, and where in it the stack is."""

    stack: str
    """Name of the stack, by which its own pods are told from another's."""
    namespace: str
    """Namespace of the stack."""
    agents: str
    """Namespace of what reads the machines."""
    monitored: tuple[str, ...]
    """Namespaces whose pods are watched; empty for all."""
    jobs: tuple[str, ...]
    """Scrape jobs of the cluster's own parts that are not hidden."""
    log_folders: tuple[str, ...]
    """Folders of the machines with log lines."""
    operated: tuple[str, ...] = ()
    """Workloads that honour the Prometheus Operator's objects; nothing where they are ignored."""


def agents_namespace(namespace: str) -> str:
    """Return the namespace of the agents of a stack in ``namespace``."""
    return f"{namespace}-agents"


def kubernetes_cluster(target: Target, settings: Settings) -> KubernetesCluster | None:
    """Return the target's cluster; None where it is none."""
    if target.runtime is not RuntimeKind.KUBERNETES:
        return None
    kubernetes = settings.kubernetes
    return KubernetesCluster(
        stack=settings.stack,
        namespace=kubernetes.namespace,
        agents=agents_namespace(kubernetes.namespace),
        monitored=kubernetes.monitored_namespaces,
        jobs=target.cluster_jobs,
        log_folders=target.node_log_folders,
        operated=_OPERATED[kubernetes.monitors],
    )
