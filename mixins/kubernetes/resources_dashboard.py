"""The dashboards of what pods and namespaces use."""

from __future__ import annotations

from mixins import panels
from mixins.kubernetes import pods
from mixins.kubernetes import resources as mixin
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", namespace=~"$namespace"'
"""UID of the dashboard of the namespaces."""
POD = "{{namespace}} {{pod}}"


def by_pod(thresholds: Thresholds) -> Dashboard:
    """Return processor, memory and network of the pods of the chosen namespaces, the largest twenty."""

    def largest(record: str) -> list[panels.Query]:
        return [(f"topk(20, {record}{{{CHOSEN}}})", POD)]

    cpu_limit, memory_limit = mixin.cpu_limit(thresholds), mixin.MEMORY_LIMIT
    throttled = f"topk(20, {mixin.throttled(thresholds)}{{{CHOSEN}}})"
    return panels.dashboard(
        mixin.OVERVIEW,
        "Kubernetes pod resources",
        "Processor, memory and network of the pods, against what they may use.",
        variables=(panels.environment(), panels.namespace("kube_pod_info")),
        rows={
            "Now": (
                panels.stat("Processors in use", f"sum({mixin.cpu(thresholds)}{{{CHOSEN}}})"),
                panels.stat("Memory in use", f"sum({mixin.MEMORY}{{{CHOSEN}}})", panels.Unit.BYTES),
                panels.gauge(
                    "Fullest processor limit",
                    [(f"max({cpu_limit}{{{CHOSEN}}})", "used")],
                    limit=thresholds.container_cpu_ratio,
                ),
                panels.gauge(
                    "Fullest memory limit",
                    [(f"max({memory_limit}{{{CHOSEN}}})", "used")],
                    limit=thresholds.container_memory_ratio,
                ),
            ),
            "Processor": (
                panels.timeseries("CPU by pod", largest(mixin.cpu(thresholds)), stacked=True),
                panels.timeseries(
                    "Processor limit in use",
                    largest(cpu_limit),
                    panels.Unit.RATIO,
                    limit=thresholds.container_cpu_ratio,
                ),
                panels.timeseries(
                    "Held back by the processor limit, share of time",
                    [(throttled, f"{POD} {{{{container}}}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.throttled_ratio,
                ),
            ),
            "Memory": (
                panels.timeseries("Memory by pod", largest(mixin.MEMORY), panels.Unit.BYTES, stacked=True),
                panels.timeseries(
                    "Memory limit in use",
                    largest(memory_limit),
                    panels.Unit.RATIO,
                    limit=thresholds.container_memory_ratio,
                ),
            ),
            "Network": tuple(
                panels.timeseries(
                    f"Bytes {word} per second",
                    largest(mixin.traffic(direction, thresholds)),
                    panels.Unit.BYTES_PER_SECOND,
                )
                for direction, word in (("receive", "received"), ("transmit", "sent"))
            ),
        },
    )


def by_namespace(thresholds: Thresholds) -> Dashboard:
    """Return what each namespace uses, reserves and may use."""
    each = "{{namespace}}"
    quota = f"{mixin.QUOTA}{{{CHOSEN}}}"

    def reserved(resource: str) -> str:
        return f"sum by (namespace) ({pods.requested(resource)}{{{CHOSEN}}})"

    cpu, memory = f"{mixin.namespace_cpu(thresholds)}{{{CHOSEN}}}", f"{mixin.NAMESPACE_MEMORY}{{{CHOSEN}}}"
    return panels.dashboard(
        mixin.NAMESPACES,
        "Kubernetes namespaces",
        "What each namespace uses, reserves and may use.",
        variables=(panels.environment(), panels.namespace("kube_pod_info")),
        rows={
            "Processor": (
                panels.timeseries("Processors in use", [(cpu, each)], stacked=True),
                panels.timeseries(
                    "Processors in use, share of those reserved",
                    [(f"sum by (namespace) ({cpu}) / {reserved('cpu')}", each)],
                    panels.Unit.RATIO,
                ),
            ),
            "Memory": (
                panels.timeseries("Memory in use", [(memory, each)], panels.Unit.BYTES, stacked=True),
                panels.timeseries(
                    "Memory in use, share of that reserved",
                    [(f"sum by (namespace) ({memory}) / {reserved('memory')}", each)],
                    panels.Unit.RATIO,
                ),
            ),
            "Quotas": (
                panels.timeseries(
                    "Quotas in use",
                    [(quota, "{{namespace}} {{resource}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.requests_ratio,
                ),
                panels.table("Fullest quotas", f"topk(20, {quota})", panels.Unit.RATIO),
            ),
        },
    )
