"""The dashboards of the cluster and of its nodes."""

from __future__ import annotations

from mixins import panels
from mixins.kubernetes import nodes as mixin
from mixins.kubernetes import pods, workloads
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
STATE = f"{mixin.SELF}, {HERE}"
RESOURCES = {"cpu": "Processor time", "memory": "Memory"}


def cluster(thresholds: Thresholds) -> Dashboard:
    """Return how much of the cluster is spoken for, and what is wrong in it."""

    def reserved(resource: str) -> str:
        return f"{mixin.reserved('cluster', resource)}{{{HERE}}}"

    def allocatable(resource: str) -> str:
        return f'sum(kube_node_status_allocatable{{{STATE}, resource="{resource}"}})'

    missing = f"sum({workloads.DESIRED}{{{HERE}}} - {workloads.AVAILABLE}{{{HERE}}} > 0) or vector(0)"
    return panels.dashboard(
        mixin.CAPACITY,
        "Kubernetes cluster",
        "The cluster as a whole: nodes, what is reserved on them, and what does not run.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                panels.gauge(
                    "Nodes that are ready", [(f"min({mixin.READY}{{{HERE}}})", "ready")], limit=1, floor=True
                ),
                *(
                    panels.gauge(
                        f"{what} reserved",
                        [(f"max({reserved(resource)})", "reserved")],
                        limit=thresholds.requests_ratio,
                    )
                    for resource, what in RESOURCES.items()
                ),
                panels.stat("Missing replicas", missing, limit=1),
            ),
            "Over time": (
                panels.timeseries(
                    "Reserved share",
                    [(reserved(resource), resource) for resource in RESOURCES],
                    panels.Unit.RATIO,
                    limit=thresholds.requests_ratio,
                ),
                panels.timeseries(
                    "Pods by phase",
                    [(f"sum by (phase) ({pods.PHASES}{{{HERE}}})", "{{phase}}")],
                    stacked=True,
                ),
                panels.timeseries(
                    "Pods not ready, by namespace", [(f"{pods.NOT_READY}{{{HERE}}}", "{{namespace}}")]
                ),
                panels.timeseries("Nodes", [(f"count(kube_node_info{{{STATE}}})", "nodes")]),
            ),
            "Size": (
                panels.stat("Processors", allocatable("cpu")),
                panels.stat("Memory", allocatable("memory"), panels.Unit.BYTES),
                panels.stat("Pods it can run", allocatable("pods")),
                panels.stat("Namespaces", f"count(count by (namespace) (kube_pod_info{{{STATE}}}))"),
            ),
        },
    )


def nodes(thresholds: Thresholds) -> Dashboard:
    """Return the conditions of the nodes, and what is reserved on each."""
    condition = f"kube_node_status_condition{{{STATE}, condition"
    return panels.dashboard(
        mixin.OVERVIEW,
        "Kubernetes nodes",
        "The nodes as Kubernetes sees them: ready, under pressure, full.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                panels.stat("Nodes", f"count(kube_node_info{{{STATE}}})"),
                panels.stat(
                    "Not ready", f'count({condition}="Ready", status="true"}} == 0) or vector(0)', limit=1
                ),
                panels.stat(
                    "Under pressure",
                    f'count({condition}=~".+Pressure", status="true"}} == 1) or vector(0)',
                    limit=1,
                ),
                panels.stat(
                    "Cordoned", f"count(kube_node_spec_unschedulable{{{STATE}}} == 1) or vector(0)", limit=1
                ),
            ),
            "Reserved": (
                *(
                    panels.timeseries(
                        f"{what} reserved",
                        [(f"{mixin.reserved('node', resource)}{{{HERE}}}", "{{node}}")],
                        panels.Unit.RATIO,
                        limit=1,
                    )
                    for resource, what in RESOURCES.items()
                ),
                panels.timeseries(
                    "Pods, share of those it may run",
                    [(f"{mixin.PODS}{{{HERE}}}", "{{node}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.requests_ratio,
                ),
                panels.table("Versions", f"kube_node_info{{{STATE}}}"),
            ),
        },
    )
