"""ServiceMonitor, PodMonitor, Probe and PrometheusRule objects: which are honoured, and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scraping import OWN_JOBS, Relabel
from scraping.kubernetes import NODE, OWNER, STATE
from settings.kubernetes import Kubernetes

GROUP = "monitoring.coreos.com"
"""Group of the API that the Prometheus Operator's objects belong to."""
TEAMS = ("servicemonitors", "podmonitors", "probes", "prometheusrules")
"""Kinds of objects that application teams write."""
OPERATED = {"prometheuses": "v1", "prometheusagents": "v1alpha1"}
"""Kinds of objects by which the operator is asked for a Prometheus, and their version."""
RULES = "objects"
"""Folder of Prometheus' configuration with the rules that the operator makes of PrometheusRule objects."""

_RESERVED = "|".join(sorted({*OWN_JOBS, STATE, "dapr", "probe", "kubernetes-[a-z]+"}))


def monitors(chosen: Kubernetes) -> Mapping[str, Any]:
    """Return the part of a PrometheusAgent's specification that says what it scrapes and whose that is."""
    selectors: dict[str, Any] = {}
    for kind in ("serviceMonitor", "podMonitor", "probe"):
        selectors |= _selected(kind, chosen)
    steps = [_step(relabel) for relabel in (*OWNER, NODE, _NOT_OURS)]
    return {
        **selectors,
        "scrapeClasses": [{"name": "owner", "default": True, "relabelings": steps}],
        # A monitor could have it read the token of its own account and send that to whom it scrapes.
        "arbitraryFSAccessThroughSMs": {"deny": True},
    }


def rules(chosen: Kubernetes) -> Mapping[str, Any]:
    """Return the part of a Prometheus' specification that says which rules are its own."""
    return _selected("rule", chosen)


def rule_config_maps(name: str) -> Sequence[str]:
    """Return the ConfigMaps that the operator writes the rules of a Prometheus into, about 0.5 MB each."""
    return [f"prometheus-{name}-rulefiles-{number}" for number in range(_MAPS)]


def _selected(kind: str, chosen: Kubernetes) -> dict[str, Any]:
    """Return the selectors of a kind; the empty one selects everything, a missing one nothing."""
    within = {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": list(chosen.monitored_namespaces),
    }
    return {
        f"{kind}Selector": {"matchLabels": dict(chosen.monitor_labels)} if chosen.monitor_labels else {},
        f"{kind}NamespaceSelector": {"matchExpressions": [within]} if chosen.monitored_namespaces else {},
    }


def _step(relabel: Relabel) -> dict[str, Any]:
    """Return a step as the operator's objects have it."""
    return {
        "sourceLabels": list(relabel.source),
        "targetLabel": relabel.target,
        "regex": relabel.regex,
        "replacement": relabel.replacement,
    }


_MAPS = 3
_NOT_OURS = Relabel(("namespace", "job"), "job", f"(.+);({_RESERVED})", "$1/$2")
"""A Service that is called like a job of the stack's would be counted, and alerted on, as the stack's own."""
