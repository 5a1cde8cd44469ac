"""One stack in one cluster: names, namespaces, labels, and how products find each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

import profiles
from placement import HOSTS, ContainerPlacement
from scraping.kubernetes_cluster import agents_namespace
from settings import Settings
from targets import Exposure, Target
from workload import Workload

AGENTS = frozenset({"node-exporter", "log-collector"})
"""Workloads that read the machine, which restricted Pod Security forbids; they have their own namespace."""
ON_THE_MACHINE = frozenset({"node-exporter"})
"""Agents that see the machine's processes and network instead of their own pod's."""
ASKS_WHO = "grafana"
"""The workload that asks people who they are: always led to from outside the cluster."""


@dataclass(frozen=True)
class Children:
    """Where the objects of a workload hang in the resource tree."""

    prefix: str
    """Name of the component; its children's names begin with it."""
    options: pulumi.ResourceOptions
    """Options of every child."""

    def of(self, sidecar: str) -> Children:
        """Return the same for what a sidecar has of its own."""
        return Children(f"{self.prefix}-{sidecar}", self.options)

    def after(self, running: list[pulumi.Resource]) -> Children:
        """Return the same for what waits until these are there."""
        waiting = pulumi.ResourceOptions(depends_on=running)
        return Children(self.prefix, pulumi.ResourceOptions.merge(self.options, waiting))


def replicas_service(workload: str) -> str:
    """Return the name of the Service by which each replica of a workload has an address of its own."""
    return f"{workload}-replicas"


@dataclass(frozen=True)
class KubernetesPlacement(ContainerPlacement):
    """Products are found by the names of their Services, agents in the agents' namespace."""

    agents: str
    """Namespace of the agents."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """Workload → how many replicas; of what is not named there is one."""

    def replicas(self, workload: str) -> tuple[str, ...]:
        """Return the name of each replica's pod; an address of its own if it keeps data."""
        workload = HOSTS.get(workload, workload)
        number = self.numbers.get(workload, 1)
        return (
            tuple(f"{workload}-{i}.{replicas_service(workload)}" for i in range(number)) if number > 1 else ()
        )

    def address(self, workload: str, port: str) -> str:
        """Return ``host:port`` under which pods of the stack reach that port."""
        host, number = super().address(workload, port).rsplit(":", 1)
        return f"{host}.{self.agents}:{number}" if workload in AGENTS else f"{host}:{number}"


@dataclass(frozen=True)
class Site:
    """One stack in one cluster."""

    target: Target
    settings: Settings

    @property
    def namespace(self) -> str:
        """Namespace of everything but the agents and the entrance."""
        return self.settings.kubernetes.namespace

    @property
    def agents(self) -> str:
        """Namespace of the agents."""
        return agents_namespace(self.namespace)

    @property
    def gateway(self) -> str:
        """Namespace of the entrance, whose pods the cluster's gateway controller makes."""
        return f"{self.namespace}-gateway"

    @property
    def exposure(self) -> Exposure:
        """How people come in: as the settings say, else as is usual at the target."""
        if self.settings.kubernetes.ingress_class:
            return Exposure.INGRESS
        return Exposure.GATEWAY if self.settings.kubernetes.gateway_class else self.target.exposure

    @property
    def gateway_class(self) -> str:
        """Class of the Gateway."""
        return self.settings.kubernetes.gateway_class or self.target.gateway_class

    @property
    def hosts(self) -> Mapping[str, str]:
        """DNS name of everything that is led to from outside, by workload."""
        if self.exposure is Exposure.PORT_FORWARD:
            return {}
        return {ASKS_WHO: self.settings.kubernetes.host, **self.settings.kubernetes.published_hosts}

    @property
    def storage_class(self) -> str:
        """Class of the volumes."""
        return self.settings.kubernetes.storage_class or self.target.storage_class

    @property
    def placement(self) -> KubernetesPlacement:
        """Where things are in this cluster."""
        return KubernetesPlacement(
            homes={"grafana": "/usr/share/grafana"},
            public_urls={workload: f"https://{host}" for workload, host in self.hosts.items()},
            agents=self.agents,
            numbers=profiles.replicas(self.settings),
        )

    def runs(self, workload: str) -> bool:
        """Whether the profile runs that workload, where its cluster admits it."""
        return workload not in profiles.ADDED or workload in profiles.products(self.settings)

    def namespace_of(self, workload: str) -> str:
        """Return the namespace a workload lives in."""
        return self.agents if workload in AGENTS else self.namespace

    def selector(self, workload: str) -> dict[str, str]:
        """Return the labels that select the pods of a workload, or of its host; they never change."""
        name = HOSTS.get(workload, workload)
        return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": self.settings.stack}

    def labels(self, workload: str) -> dict[str, str]:
        """Return the labels of every object of a workload."""
        return {**self.selector(workload), "app.kubernetes.io/part-of": "observability"}

    def replica_labels(self, workload: Workload) -> dict[str, str]:
        """Return the label of pods with others beside them: on AKS no two Services may select alike."""
        return {"observability/replicated": "true"} if workload.replicas > 1 else {}

    def named(self, workload: str) -> ObjectMetaArgsDict:
        """Return the metadata of an object that is found by its name: the workload's."""
        return {
            "name": workload,
            "namespace": self.namespace_of(workload),
            "labels": self.labels(workload),
        }

    def autonamed(self, workload: str) -> ObjectMetaArgsDict:
        """Return the metadata of an object whose name the engine makes, so that it can be replaced."""
        return {"namespace": self.namespace_of(workload), "labels": self.labels(workload)}
