"""What keeps the pods of a workload running: StatefulSet, Deployment or DaemonSet."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apps.v1 import DaemonSet, Deployment, DeploymentSpecArgsDict, StatefulSet
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from runtimes.kubernetes import operated, pods
from runtimes.kubernetes.autoscaling import scaled
from runtimes.kubernetes.configuration import Mounted
from runtimes.kubernetes.site import Children, Site, replicas_service
from runtimes.kubernetes.storage import claim
from workload import Workload


def controller(
    workload: Workload, site: Site, files: Mounted, beside: Sequence[Mounted], children: Children
) -> pulumi.Resource:
    """Register what runs a workload: a pod on every machine, pods with a volume each, or pods without.

    The pods of one are an operator's.
    """
    if workload.name == operated.AGENT:
        return operated.agent(workload, site, children)
    metadata, selector = site.named(workload.name), site.selector(workload.name)
    template = pods.template(workload, site, files, beside)
    if workload.per_node:
        return DaemonSet(
            f"{children.prefix}-daemon-set",
            metadata=metadata,
            spec={
                "selector": {"match_labels": selector},
                "template": template,
                # One machine after the other would take hours where there are hundreds.
                "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": "10%"}},
            },
            opts=children.options,
        )
    if workload.volume:
        return StatefulSet(
            f"{children.prefix}-stateful-set",
            metadata=metadata,
            spec={
                "selector": {"match_labels": selector},
                "service_name": replicas_service(workload.name) if workload.replicas > 1 else workload.name,
                "replicas": workload.replicas,
                "template": template,
                "volume_claim_templates": [claim(workload.volume, workload.name, site)],
                "persistent_volume_claim_retention_policy": {
                    "when_deleted": "Delete" if site.settings.delete_data else "Retain",
                    "when_scaled": "Retain",
                },
            },
            opts=children.options,
        )
    spec: DeploymentSpecArgsDict = {"selector": {"match_labels": selector}, "template": template}
    if not scaled(workload, site):
        # Else the autoscaler's alone, whose work an update would undo.
        spec["replicas"] = workload.replicas
    return Deployment(f"{children.prefix}-deployment", metadata=metadata, spec=spec, opts=children.options)


def disruption_budget(workload: Workload, site: Site, children: Children) -> None:
    """Register that a drained machine takes one replica at a time; of one alone nothing is promised."""
    if workload.replicas > 1:
        PodDisruptionBudget(
            f"{children.prefix}-budget",
            metadata=site.autonamed(workload.name),
            spec={
                "max_unavailable": 1,
                # What does not work anyway must not keep a machine from being drained.
                "unhealthy_pod_eviction_policy": "AlwaysAllow",
                "selector": {"match_labels": site.selector(workload.name)},
            },
            opts=children.options,
        )
