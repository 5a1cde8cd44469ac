"""How many replicas of what keeps no data: as many as its work takes, between bounds."""

from __future__ import annotations

from pulumi_kubernetes.autoscaling.v2 import (
    CrossVersionObjectReferenceArgsDict,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehaviorArgsDict,
    HorizontalPodAutoscalerSpecArgsDict,
    HPAScalingRulesArgsDict,
    MetricSpecArgsDict,
    MetricTargetArgsDict,
    ResourceMetricSourceArgsDict,
)

from runtimes.kubernetes.site import Children, Site
from workload import Workload

SCALED = frozenset({"thanos-query", "loki", "loki-querier", "jaeger", "jaeger-collector", "jaeger-ingester"})
"""Workloads whose work is spread by whoever asks them, and that lose nothing when one of them ends."""
_CALM_SECONDS = 300
"""How long there must be less work before one is taken away."""


def scaled(workload: Workload, site: Site) -> bool:
    """Whether an autoscaler decides how many there are: of one alone, or with data, it does not."""
    most = site.settings.kubernetes.autoscaling.max_replicas
    return workload.name in SCALED and not workload.volume and 1 < workload.replicas < most


def autoscaler(workload: Workload, site: Site, children: Children) -> None:
    """Register what keeps the use of the reserved processor time at what the settings say."""
    if not scaled(workload, site):
        return
    bounds = site.settings.kubernetes.autoscaling
    # One at a time: as one literal the types of these cost the checker gigabytes.
    target: MetricTargetArgsDict = {"type": "Utilization", "average_utilization": bounds.cpu_percent}
    resource: ResourceMetricSourceArgsDict = {"name": "cpu", "target": target}
    metric: MetricSpecArgsDict = {"type": "Resource", "resource": resource}
    down: HPAScalingRulesArgsDict = {"stabilization_window_seconds": _CALM_SECONDS}
    behavior: HorizontalPodAutoscalerBehaviorArgsDict = {"scale_down": down}
    scaled_object: CrossVersionObjectReferenceArgsDict = {
        "api_version": "apps/v1",
        "kind": "Deployment",
        "name": workload.name,
    }
    spec: HorizontalPodAutoscalerSpecArgsDict = {
        "scale_target_ref": scaled_object,
        "min_replicas": workload.replicas,
        "max_replicas": bounds.max_replicas,
        "metrics": [metric],
        "behavior": behavior,
    }
    HorizontalPodAutoscaler(
        f"{children.prefix}-autoscaler",
        metadata=site.named(workload.name),
        spec=spec,
        opts=children.options,
    )
