"""The nodes of a cluster as Kubernetes sees them: ready, under pressure, full."""

from __future__ import annotations

from mixins.kubernetes import pods
from mixins.kubernetes.jobs import CLUSTER, NODE, STATE
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "kubernetes-nodes"
"""UID of the dashboard."""
CAPACITY = "kubernetes-cluster"
"""UID of the dashboard of the cluster as a whole."""
SELF = f'job="{STATE}"'
PODS = "node:kube_pods:ratio"
"""Name of the recorded share of the pods a node may run that it runs."""
READY = "cluster:kube_nodes_ready:ratio"
"""Name of the recorded share of a cluster's nodes that are ready."""


def reserved(level: str, resource: str) -> str:
    """Name of the recorded share of cpu or memory that pods reserve; ``level`` is node or cluster."""
    return f"{level}:kube_{resource}_requested:ratio"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Conditions of the nodes, and how much of them is spoken for."""
    return (RuleGroup("kubernetes-nodes", (*_recordings(), *_conditions(), *_capacity(thresholds))),)


def _recordings() -> tuple[RecordingRule, ...]:
    def allocatable(by: str, resource: str) -> str:
        return f'sum by ({by}) (kube_node_status_allocatable{{{SELF}, resource="{resource}"}})'

    running = f'kube_pod_status_phase{{{SELF}, phase="Running"}} == 1'
    where = f'kube_pod_info{{{SELF}, node!=""}}'
    on_node = f"count by ({NODE}) ({where} * on (namespace, pod, uid) group_left () ({running}))"
    ready = f'kube_node_status_condition{{{SELF}, condition="Ready", status="true"}}'
    return (
        *(
            RecordingRule(
                reserved(level, resource),
                f"sum by ({by}) ({pods.requested(resource)}) / {allocatable(by, resource)}",
                {"resource": resource},
            )
            for level, by in (("node", NODE), ("cluster", CLUSTER))
            for resource in ("cpu", "memory")
        ),
        RecordingRule(PODS, f"{on_node} / {allocatable(NODE, 'pods')}"),
        RecordingRule(READY, f"avg by ({CLUSTER}) ({ready})"),
    )


def _conditions() -> tuple[Alert, ...]:
    ready = f'kube_node_status_condition{{{SELF}, condition="Ready", status="true"}}'
    pressure = "MemoryPressure|DiskPressure|PIDPressure|NetworkUnavailable"
    return (
        Alert(
            "KubernetesNodeNotReady",
            expr=f"{ready} == 0",
            for_="5m",
            severity=Severity.CRITICAL,
            summary="A node is not ready; its pods are moved away or lost.",
            description="{{ $labels.node }} has not been ready for five minutes.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "KubernetesNodeFlapping",
            expr=f"changes({ready}[15m]) > 3",
            for_="5m",
            severity=Severity.WARNING,
            summary="A node is ready and not ready by turns.",
            description="{{ $labels.node }} changed its state {{ $value }} times in 15 minutes.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "KubernetesNodePressure",
            expr=f'kube_node_status_condition{{{SELF}, condition=~"{pressure}", status="true"}} == 1',
            for_="5m",
            severity=Severity.WARNING,
            summary="A node runs short of memory, disk, processes or network and evicts pods.",
            description="{{ $labels.node }} reports {{ $labels.condition }}.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "KubernetesNodeCordoned",
            expr=f"kube_node_spec_unschedulable{{{SELF}}} == 1",
            for_="24h",
            severity=Severity.INFO,
            summary="A node has taken no new pods for a day.",
            description="{{ $labels.node }} was cordoned and not released.",
            dashboard=OVERVIEW,
        ),
    )


def _capacity(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "KubernetesNodePodsNearLimit",
            expr=f"{PODS} > {thresholds.requests_ratio}",
            for_="15m",
            severity=Severity.WARNING,
            summary="A node can run few further pods.",
            description=(
                "{{ $labels.node }} runs {{ $value | humanizePercentage }} of the pods it is able to run."
            ),
            dashboard=OVERVIEW,
        ),
        *(
            Alert(
                name,
                expr=f"{reserved('cluster', resource)} > {thresholds.requests_ratio}",
                for_="15m",
                severity=Severity.WARNING,
                summary=f"Nearly all {what} of the cluster is reserved; new pods will have to wait.",
                description=(
                    "Pods reserve {{ $value | humanizePercentage }} of the {{ $labels.resource }} of all "
                    "nodes together."
                ),
                dashboard=CAPACITY,
            )
            for name, resource, what in (
                ("ClusterCPUOvercommitted", "cpu", "processor time"),
                ("ClusterMemoryOvercommitted", "memory", "memory"),
            )
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboards of the cluster and of its nodes."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import nodes_dashboard  # noqa: PLC0415

    return (nodes_dashboard.cluster(thresholds), nodes_dashboard.nodes(thresholds))


MIXIN = Mixin(name="kubernetes-nodes", requires=frozenset({STATE}), rules=rules, dashboards=dashboards)
