"""Which of the cluster's machines take the stack's pods: those with the labels and taints that settings name.

Agents are on every machine, whatever its labels and taints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api, V1Node, V1Taint
from pulumi_kubernetes.core.v1 import TolerationArgsDict

from runtimes.kubernetes.site import Site
from settings.kubernetes import Toleration
from workload import Workload

EVERY_TAINT: TolerationArgsDict = {"operator": "Exists"}


def selector(workload: Workload, site: Site) -> dict[str, str] | None:
    """Return the labels of the machines that a workload's pods go to; None for any machine."""
    chosen = site.settings.kubernetes.node_selector
    return dict(chosen) if chosen and not workload.per_node else None


def tolerations(workload: Workload, site: Site) -> list[TolerationArgsDict] | None:
    """Return the taints that do not keep a workload's pods away; None where every taint does."""
    if workload.per_node:
        return [EVERY_TAINT]
    return [_toleration(each) for each in site.settings.kubernetes.tolerations] or None


def remarks(connection: ApiClient, ask: Callable[..., Any], site: Site) -> Iterator[str]:
    """Yield why the pods would wait: no machine that is there now takes them.

    It is no problem by itself, for an autoscaler may bring one.
    """
    labels, tolerated = site.settings.kubernetes.node_selector, site.settings.kubernetes.tolerations
    found = ask(CoreV1Api(connection).list_node) if labels or tolerated else None
    if not found or not found.items:
        return
    named = [node for node in found.items if labels.items() <= (node.metadata.labels or {}).items()]
    away = [_keeps_away(node, tolerated) for node in named]
    if not named:
        wanted = ", ".join(f"{key}={value}" for key, value in labels.items())
        yield f"kubernetes.nodeSelector: no machine of the cluster has {wanted}; pods wait until one does"
    elif all(away):
        yield (
            "kubernetes.tolerations: each machine that the stack may go to has a taint that is not tolerated "
            f"({', '.join(dict.fromkeys(away))}); pods wait until one has none"
        )


def _keeps_away(node: V1Node, tolerated: tuple[Toleration, ...]) -> str:
    """Return the first taint of a machine that keeps pods away; nothing where there is none."""
    for taint in node.spec.taints or ():
        if taint.effect != "PreferNoSchedule" and not any(_covers(each, taint) for each in tolerated):
            return f"{taint.key}={taint.value or ''}:{taint.effect}"
    return ""


def _covers(tolerated: Toleration, taint: V1Taint) -> bool:
    return (
        tolerated.key == taint.key
        and tolerated.value in ("", taint.value)
        and tolerated.effect in (None, taint.effect)
    )


def _toleration(tolerated: Toleration) -> TolerationArgsDict:
    toleration: TolerationArgsDict = {
        "key": tolerated.key,
        "operator": "Equal" if tolerated.value else "Exists",
    }
    if tolerated.value:
        toleration["value"] = tolerated.value
    if tolerated.effect:
        toleration["effect"] = tolerated.effect
    return toleration
