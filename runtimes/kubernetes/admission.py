"""Whether the rules of the cluster's owners admit the stack: tried at the API server, making nothing.

Gatekeeper (of which Azure Policy and AKS' deployment safeguards are made), Kyverno, Autopilot's webhooks and
the API server's own policies refuse pods; what makes pods is accepted, and then waits for ever.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubernetes.client import AdmissionregistrationV1Api, ApiClient, ApiException, CoreV1Api
from urllib3.exceptions import HTTPError

import versions
from components import log_collector, node_exporter
from placement import PORTS
from runtimes.kubernetes import pods
from runtimes.kubernetes.configuration import Mounted
from runtimes.kubernetes.namespaces import labels
from runtimes.kubernetes.objects import as_object
from runtimes.kubernetes.site import Site
from scraping.kubernetes_cluster import kubernetes_cluster
from workload import Probe, Resources, Workload

Ask = Callable[..., Any]
"""Calls a function of the client; returns None where the answer is not ours to know."""
_SUBSTITUTE = "default"
"""Namespace that pods are tried in while the stack's own is not there."""
_AT_ONCE = 16
"""Trials that are made at the same time, so that slow webhooks do not add up."""
_TIMEOUT = (3.0, 3.0)
"""Seconds to connect and to answer."""
_OWN_LEVEL = "violates PodSecurity"
_BY_A_RULE = re.compile(rf"denied (the )?request|{_OWN_LEVEL}")
"""What the API server says where a webhook, a policy or Pod Security refuses.

A lack of rights, a quota that running pods fill and a webhook without dry runs are told in other words.
"""


def engines(connection: ApiClient, ask: Ask) -> list[str]:
    """Return the names of what may refuse pods in this cluster."""
    api = AdmissionregistrationV1Api(connection)
    bindings = ask(api.list_validating_admission_policy_binding)
    webhooks = ask(api.list_validating_webhook_configuration)
    return [
        *(b.metadata.name for b in _items(bindings) if "Deny" in (b.spec.validation_actions or ())),
        *(w.metadata.name for w in _items(webhooks) if any(map(_about_pods, w.webhooks or ()))),
    ]


def refusals(
    connection: ApiClient, ask: Ask, workloads: Collection[str], site: Site
) -> Iterator[tuple[str, bool]]:
    """Yield each reason why pods of the stack are refused, and whether it is certain.

    It is not while the stack's namespace is missing: pods are then tried in another, whose rules may differ.
    """
    there = {
        name for name in (site.namespace, site.agents) if ask(CoreV1Api(connection).read_namespace, name)
    }
    tried = [_pod(workload, site, there) for workload in sketches(workloads, site)]
    trials = [
        (CoreV1Api(connection).create_namespaced_pod, pod["metadata"]["namespace"], pod) for pod in tried
    ]
    missing = sorted({site.namespace, site.agents} - there)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        refused = list(pool.map(lambda trial: _refusal(*trial), trials))
        spaces = list(
            pool.map(
                lambda name: _refusal(CoreV1Api(connection).create_namespace, _space(name, site)), missing
            )
        )
    reasons: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for pod, reason in zip(tried, refused, strict=True):
        certain = pod["metadata"]["namespace"] in there
        if reason and (certain or _OWN_LEVEL not in reason):
            name = pod["metadata"]["name"]
            reasons[reason.replace(f'pods "{name}" is forbidden: ', "").replace(name, "…"), certain].append(
                name
            )
    for name, reason in zip(missing, spaces, strict=True):
        if reason:
            yield f"the cluster refuses the namespace {name}: {reason}", True
    for (reason, certain), names in reasons.items():
        where = "" if certain else f", tried in the namespace {_SUBSTITUTE!r} as long as the stack has none"
        yield f"the cluster refuses pods of {', '.join(names)}{where}: {reason}", certain


def sketches(workloads: Collection[str], site: Site) -> Iterator[Workload]:
    """Yield the workloads as far as rules are about them: image, ports, probes, limits, folders, user."""
    placement, cluster = site.placement, kubernetes_cluster(site.target, site.settings)
    for name in workloads:
        if name == log_collector.NAME and cluster:
            yield log_collector.workload({"cluster": cluster, "services": ()}, placement)
        elif name == node_exporter.NAME:
            yield node_exporter.workload(placement)
        elif name in versions.PRODUCTS:
            probe, resources = Probe(PORTS[name][0].name, "/"), Resources("100m", "200m", "128Mi", "256Mi")
            image, ports = versions.PRODUCTS[name], PORTS[name]
            yield Workload(name, image, (), ports, probe, resources)


def _pod(workload: Workload, site: Site, there: Collection[str]) -> dict[str, Any]:
    home = site.namespace_of(workload.name)
    template: dict[str, Any] = as_object(pods.template(workload, site, Mounted()))
    # Its own account may not be there yet, and the lack of it would be the only answer.
    template["spec"] |= {"serviceAccountName": "default"}
    metadata = {**template["metadata"], "name": workload.name}
    metadata["namespace"] = home if home in there else _SUBSTITUTE
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _space(name: str, site: Site) -> dict[str, Any]:
    level = "privileged" if name == site.agents else "restricted"
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels(level)}}


def _refusal(create: Callable[..., Any], *arguments: object) -> str:
    """Return what the API server says against an object; nothing where it would be made, or nobody knows."""
    try:
        create(*arguments, dry_run="All", _request_timeout=_TIMEOUT)
    except ApiException as error:
        return refusal(_message(error))
    except HTTPError:
        return ""
    return ""


def refusal(message: str) -> str:
    """Return a message of the API server on one line if it says that a rule refuses; nothing otherwise."""
    return " ".join(message.split()) if _BY_A_RULE.search(message) else ""


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)


def _items(listed: Any) -> list[Any]:
    return list(listed.items) if listed else []


def _about_pods(webhook: Any) -> bool:
    return any(
        {"*", "pods", "*/*", "pods/*"} & set(rule.resources or ()) and {"*", ""} & set(rule.api_groups or ())
        for rule in webhook.rules or ()
    )
