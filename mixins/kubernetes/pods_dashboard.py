"""The dashboard of the pods."""

from __future__ import annotations

from mixins import panels
from mixins.kubernetes import pods as mixin
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", namespace=~"$namespace"'
STATE = f"{mixin.SELF}, {CHOSEN}"


def pods(thresholds: Thresholds) -> Dashboard:
    """Return phases, restarts and reservations of the pods of the chosen namespaces."""
    restarts, waiting = f"{mixin.RESTARTS}{{{CHOSEN}}}", f"{mixin.WAITING}{{{CHOSEN}}}"
    running = f'{mixin.PHASES}{{{CHOSEN}, phase="Running"}}'
    pod = "{{namespace}} {{pod}}"
    return panels.dashboard(
        mixin.OVERVIEW,
        "Kubernetes pods",
        "Pods: whether they start, stay up and are ready, and what they reserve.",
        variables=(panels.environment(), panels.namespace("kube_pod_info")),
        rows={
            "Now": (
                panels.stat("Pods that run", f"sum({running})"),
                panels.stat(
                    "Pods that are not ready", f"sum({mixin.NOT_READY}{{{CHOSEN}}}) or vector(0)", limit=1
                ),
                panels.stat("Containers that wait", f"sum({waiting}) or vector(0)", limit=1),
                panels.stat("Restarts, 15 minutes", f"sum({restarts}) or vector(0)"),
            ),
            "Lives": (
                panels.timeseries(
                    "Pods by phase",
                    [(f"sum by (phase) ({mixin.PHASES}{{{CHOSEN}}})", "{{phase}}")],
                    stacked=True,
                ),
                panels.timeseries(
                    "Containers that wait, by reason", [(f"sum by (reason) ({waiting}) > 0", "{{reason}}")]
                ),
                panels.timeseries(
                    "Restarts within 15 minutes",
                    [(f"sum by (namespace, pod) ({restarts}) > 0", pod)],
                    limit=thresholds.pod_restarts,
                ),
                panels.timeseries(
                    "Pods not ready, by namespace", [(f"{mixin.NOT_READY}{{{CHOSEN}}}", "{{namespace}}")]
                ),
                panels.timeseries(
                    "Annotated pods that answer, by namespace",
                    [(f'avg by (namespace) (up{{job="kubernetes-pods", {CHOSEN}}})', "{{namespace}}")],
                    panels.Unit.RATIO,
                ),
                panels.table(
                    "Why containers ended last",
                    "sum by (namespace, reason) "
                    f"(kube_pod_container_status_last_terminated_reason{{{STATE}}})",
                ),
                panels.table("Pods by node", f"count by (node) (kube_pod_info{{{STATE}}})"),
                panels.table(
                    "Pods that should have ended, for how long",
                    f"time() - kube_pod_deletion_timestamp{{{STATE}}} > 0",
                    panels.Unit.SECONDS,
                ),
            ),
            "Reserved and allowed": (
                *(
                    panels.timeseries(
                        f"{what} {word}",
                        [(f"topk(20, {name(resource)}{{{CHOSEN}}})", pod)],
                        unit,
                        stacked=True,
                    )
                    for resource, what, unit in (
                        ("cpu", "Processors", panels.Unit.NUMBER),
                        ("memory", "Memory", panels.Unit.BYTES),
                    )
                    for name, word in ((mixin.requested, "reserved"), (mixin.limit, "allowed"))
                ),
            ),
            "Logs": (panels.logs("Errors", '{namespace=~"$namespace", level=~"error|critical"}', span=24),),
        },
    )
