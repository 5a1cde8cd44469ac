"""What a stack file may say about the cluster it goes to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from settings.section import Section
from units import DnsName, LabelValue, matching

_BESIDE = "-gateway"
"""Longest of what the names of the namespaces beside the stack's own end with."""
_LONGEST = 63


def _own(namespace: str) -> str:
    if namespace.startswith("kube-"):
        raise ValueError("is managed by the provider; use a namespace of your own")
    if namespace == "default":
        raise ValueError("would go with the stack, and everything else in it; use a namespace of your own")
    if len(namespace + _BESIDE) > _LONGEST:
        raise ValueError(
            f"is too long: {_BESIDE} is added to it; use at most {_LONGEST - len(_BESIDE)} characters"
        )
    return namespace


def _optional_name(name: str) -> str:
    if len(name) > _LONGEST or not re.fullmatch(r"([a-z0-9]([-a-z0-9]*[a-z0-9])?)?", name):
        raise ValueError("use the name of a namespace: lower-case letters, digits and hyphens, at most 63")
    return name


ClusterId = Annotated[
    str,
    matching(
        r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?",
        "use what `kubectl get namespace kube-system --output jsonpath={.metadata.uid}` prints",
    ),
]
"""UID of the namespace ``kube-system``, which no two clusters share; it may be empty."""
LabelKey = Annotated[
    str,
    matching(
        r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?",
        "use the name of a label of Kubernetes, such as release or example.org/team",
    ),
]
"""Name of a label of an object of Kubernetes."""


WithoutLogin = Literal["prometheus", "alertmanager", "loki", "jaeger", "collector"]
"""Products that ask nobody who they are."""
_HOST_NAME = (
    r"(?=.{1,253}$)(?!.*\.\d+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+"
)
_ADVICE = "use a DNS name such as prometheus.example.org: lower-case, no https://, no port, no address"
HostName = Annotated[str, matching(_HOST_NAME, _ADVICE)]
"""A DNS name of several labels."""
ClassName = Annotated[
    str,
    matching(
        r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?",
        "use the name of a class of the cluster: lower-case letters, digits, hyphens and dots",
    ),
]
"""Name of a storage, gateway, ingress or priority class; it may be empty."""

OUTSIDE_INGRESS, OUTSIDE_GATEWAY = "gce", "gke-l7-global-external-managed"
"""Classes of entrances whose proxies are no pods of the cluster, but known addresses of its provider."""
_GOOGLES = ("gke-", "gce-")
_LONGEST_HOST = 253


class Autoscaling(Section):
    """How far the replicas of what keeps no data follow its work; for profiles with several of them."""

    max_replicas: Annotated[int, Field(ge=1, le=100)] = 6
    """Most replicas of one product; 1 leaves all numbers as the profile has them."""
    cpu_percent: Annotated[int, Field(ge=20, le=95)] = 70
    """Use of the reserved processor time, percent, that the number of replicas is to keep."""


class Toleration(Section):
    """A taint of machines that does not keep the stack's pods away."""

    key: LabelKey
    """The taint's key, such as ``dedicated``."""
    value: LabelValue = ""
    """The taint's value; empty for any."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """What the taint does to pods; empty for all of it."""


class Kubernetes(Section):
    """Where in a cluster the stack goes, and what of the cluster it watches."""

    context: str = ""
    """Context of the kubeconfig; empty for the current one."""
    cluster_id: ClusterId = ""
    """UID of the cluster's namespace ``kube-system``; a context that leads elsewhere is then refused."""
    namespace: Annotated[DnsName, AfterValidator(_own)] = "observability"
    """Namespace of the stack; its agents and its gateway get ``-agents`` and ``-gateway`` beside it."""
    monitored_namespaces: tuple[DnsName, ...] = ()
    """Namespaces whose pods' log lines are collected and whose annotated pods are scraped; empty for all."""
    teams: Mapping[DnsName, Annotated[LabelValue, Field(min_length=1)]] = {}
    """Teams by namespace: an alert on what is in one of these, such as a pod or a volume, gets the label
    ``team`` that it is routed by, where it has none of a pod or of the catalogue."""
    monitors: Literal["ignored", "found", "installed"] = "ignored"
    """What becomes of ServiceMonitor, PodMonitor, Probe and PrometheusRule objects: the Prometheus Operator
    of the cluster honours them (``found``), or one that comes with the stack (``installed``)."""
    monitor_labels: Mapping[LabelKey, LabelValue] = {}
    """Labels that such an object must have to be honoured; empty for all."""
    monitor_secrets: bool = False
    """Whether the operator that is installed may read the Secrets and ConfigMaps of every namespace, to which
    monitors with ``basicAuth``, ``authorization`` or ``tlsConfig`` refer."""
    host: Annotated[str, matching(f"({_HOST_NAME})?", _ADVICE)] = ""
    """DNS name under which people open the stack; required where the target has a gateway."""
    published: tuple[WithoutLogin, ...] = ()
    """Products that are led to from outside as well, behind a login and under a name of their own each:
    people read there, programs push metrics, log lines and traces."""
    hosts: Mapping[WithoutLogin, HostName] = Field(default_factory=dict)
    """DNS names of published products, ``prometheus: metrics.example.org``; ``prometheus.<host>`` and so on
    where none is given."""
    storage_class: ClassName = ""
    """Storage class of the volumes; empty for the target's usual one."""
    gateway_class: ClassName = ""
    """Class of the Gateway that leads to Grafana; empty for the target's usual one."""
    ingress_class: ClassName = ""
    """Class of an Ingress, which then takes the Gateway's place; for clusters without the Gateway API."""
    ingress_namespace: Annotated[str, AfterValidator(_optional_name)] = ""
    """Namespace of the Ingress controller's pods, which may reach Grafana; empty for the class ``gce``, whose
    proxies are outside the cluster."""

    priority_class: ClassName = ""
    """Priority class of every pod of the stack, agents included; empty for the cluster's default. With one
    above that of applications, a full machine still has room for its agents."""
    node_selector: Mapping[LabelKey, LabelValue] = {}
    """Labels of the machines that the stack's pods go to; empty for any. Agents are on every machine."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of machines that do not keep the stack's pods away, as for a node pool of its own."""
    image_pull_secrets: tuple[DnsName, ...] = ()
    """Secrets, in the stack's namespace and in that of its agents, by which images are pulled from a registry
    that asks for a password."""
    autoscaling: Autoscaling = Autoscaling()
    replace: tuple[DnsName, ...] = ()
    """StatefulSets that may be deleted to be made anew, by name (``prometheus``); their claims stay."""

    @property
    def published_hosts(self) -> Mapping[str, str]:
        """DNS name of each published product."""
        return {product: self.hosts.get(product, f"{product}.{self.host}") for product in self.published}

    @model_validator(mode="after")
    def _monitors_that_are_honoured(self) -> Self:
        if self.monitor_labels and self.monitors == "ignored":
            raise ValueError(
                "monitorLabels: choose among the objects that monitors are not to honour; set monitors"
            )
        if self.monitor_secrets and self.monitors != "installed":
            raise ValueError(
                "monitorSecrets: are about the operator that monitors: installed brings; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.ingress_class and self.gateway_class:
            raise ValueError("ingressClass: gatewayClass is another way in; keep one of them")
        if self.ingress_class in ("", OUTSIDE_INGRESS):
            if self.ingress_namespace:
                raise ValueError(
                    f"ingressNamespace: is of no use with ingressClass {self.ingress_class!r}; remove it, or "
                    "name the ingressClass whose controller has its pods there"
                )
        elif not self.ingress_namespace:
            raise ValueError(
                "ingressNamespace: is required with ingressClass: name the namespace of the controller's "
                "pods, which may then reach Grafana"
            )
        for key, given, usable in (
            ("gatewayClass", self.gateway_class, OUTSIDE_GATEWAY),
            ("ingressClass", self.ingress_class, OUTSIDE_INGRESS),
        ):
            if given.startswith(_GOOGLES) and given != usable:
                raise ValueError(
                    f"{key}: {given!r} is not supported: its proxies have addresses of a subnet of yours, "
                    f"which network policies would have to name; use {usable!r}"
                )
        return self

    @model_validator(mode="after")
    def _a_name_for_each(self) -> Self:
        if unpublished := sorted(set(self.hosts) - set(self.published)):
            raise ValueError(f"hosts.{unpublished[0]}: is not published; add it to kubernetes.published")
        taken = {self.host: "kubernetes.host"} if self.host else {}
        for product, host in self.published_hosts.items():
            if host in taken:
                raise ValueError(f"hosts.{product}: {host} is also {taken[host]}; give each its own name")
            if len(host) > _LONGEST_HOST:
                raise ValueError(f"hosts.{product}: {host} is too long for DNS; give it a shorter name")
            taken[host] = f"the name of {product}"
        return self
