"""What a stack file may say about the cluster it goes to."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from settings.section import Section
from units import DnsName, matching


def _not_the_providers(namespace: str) -> str:
    if namespace.startswith("kube-"):
        raise ValueError("is managed by the provider; use a namespace of your own")
    return namespace


ClusterId = Annotated[
    str,
    matching(
        r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?",
        "use what `kubectl get namespace kube-system --output jsonpath={.metadata.uid}` prints",
    ),
]
"""UID of the namespace ``kube-system``, which no two clusters share; it may be empty."""


class Kubernetes(Section):
    """Where in a cluster the stack goes, and what of the cluster it watches."""

    context: str = ""
    """Context of the kubeconfig; empty for the current one."""
    cluster_id: ClusterId = ""
    """UID of the cluster's namespace ``kube-system``; a context that leads elsewhere is then refused."""
    namespace: Annotated[DnsName, AfterValidator(_not_the_providers)] = "observability"
    """Namespace of the stack; its agents and its gateway get ``-agents`` and ``-gateway`` beside it."""
    monitored_namespaces: tuple[DnsName, ...] = ()
    """Namespaces whose pods' log lines are collected and whose annotated pods are scraped; empty for all."""
    host: str = ""
    """DNS name under which people open the stack; required where the target has a gateway."""
    storage_class: str = ""
    """Storage class of the volumes; empty for the target's usual one."""
    gateway_class: str = ""
    """Class of the Gateway that leads to Grafana; empty for the target's usual one."""
    ingress_class: str = ""
    """Class of an Ingress, which then takes the Gateway's place; for clusters without the Gateway API."""
