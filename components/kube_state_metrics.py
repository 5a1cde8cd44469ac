"""kube-state-metrics: what the API server says of its objects, as metrics."""

from __future__ import annotations

import pulumi

import versions
from placement import PORTS, Placement
from runtimes import Runtime
from scraping.kubernetes_cluster import SERVICE_LABELS
from workload import Probe, Resources, Workload

NAME = "kube-state-metrics"
OBJECTS = {
    "": (
        "limitranges",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "resourcequotas",
        "services",
    ),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
    "storage.k8s.io": ("storageclasses", "volumeattachments"),
}
"""Group of the API → kinds of objects it reads: no Secrets and no ConfigMaps, whose content it would hold."""


class KubeStateMetrics(pulumi.ComponentResource):
    """Exposes the wanted and the actual state of pods, workloads, nodes, volumes and autoscalers."""

    def __init__(self, name: str, runtime: Runtime, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:KubeStateMetrics", name, None, opts)
        runtime.deploy(workload(runtime.placement), parent=self)
        self.register_outputs({})


def workload(placement: Placement) -> Workload:
    """Return kube-state-metrics as a workload that reads the cluster's objects and keeps nothing."""
    kinds = sorted(kind for listed in OBJECTS.values() for kind in listed)
    labels = ",".join((*SERVICE_LABELS, "team"))
    port, telemetry = (placement.listen(NAME, name).rpartition(":")[2] for name in ("http", "telemetry"))
    return Workload(
        name=NAME,
        image=versions.KUBE_STATE_METRICS,
        arguments=(
            f"--port={port}",
            f"--telemetry-port={telemetry}",
            f"--resources={','.join(kinds)}",
            # Other labels of pods would be series that no rule and no panel reads.
            f"--metric-labels-allowlist=pods=[{labels}],nodes=[topology.kubernetes.io/zone]",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/healthz"),
        resources=Resources("50m", "200m", "128Mi", "256Mi"),
    )
