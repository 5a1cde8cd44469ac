"""A Kubernetes cluster: minikube, OKE, AKS or GKE. One module lowers one concern of a workload."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property

import pulumi

from runtimes import Deployed, UnsupportedError, looks_around
from runtimes.kubernetes import (
    autoscaling,
    configuration,
    definitions,
    exposure,
    identity,
    network,
    operated,
    permissions,
    preflight,
    workloads,
)
from runtimes.kubernetes.namespaces import Namespaces
from runtimes.kubernetes.site import AGENTS, Children, KubernetesPlacement, Site
from runtimes.order import Order
from settings import Settings
from targets import Target
from workload import Workload


class KubernetesRuntime:
    """Lowers each workload to objects of a cluster."""

    placement: KubernetesPlacement
    """Where ports, addresses and files are."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self._site = Site(target, settings)
        self._order = Order()
        self._remarks: list[str] = []
        self.placement = self._site.placement

    def unavailable(self, workloads: Collection[str]) -> Mapping[str, str]:
        """Return the products that the cluster admits no pods of."""
        target = self._site.target
        return {
            name: f"{name} is left out: {target.name} does not admit it, because {reason}"
            for name, reason in target.refused
            if name in workloads
        }

    def problems(self, workloads: Collection[str]) -> list[str]:
        """Return what is wrong with the settings for this target, and with the cluster itself."""
        found = preflight.problems(self._site)
        if looks_around():
            # Its client takes half a second to load, which no other preview should pay.
            from runtimes.kubernetes import cluster  # noqa: PLC0415

            found += cluster.problems(self._site, workloads, self._remarks)
        return found

    def notices(self) -> tuple[str, ...]:
        """Return what is limited or different at this target, a line each."""
        return preflight.notices(self._site)

    def announcements(self, workloads: Collection[str]) -> tuple[str, ...]:
        """Return what the cluster has said that keeps nobody from deploying."""
        return tuple(self._remarks)

    def deploy(self, workload: Workload, parent: pulumi.Resource) -> Deployed:
        """Register the objects of a workload as children of ``parent``."""
        self._refuse_unsupported(workload)
        options = pulumi.ResourceOptions(
            parent=parent, provider=self._namespaces.provider, depends_on=[self._namespaces]
        )
        children = Children(parent.pulumi_resource_name, options)
        if workload.name == operated.OPERATOR:
            children = children.after(definitions.register(workload, self._site, children))
        identity.service_account(workload, self._site, children)
        permissions.roles(workload, self._site, children)
        network.service(workload, self._site, children)
        network.replicas(workload, self._site, children)
        network.policy(workload, self._site, children)
        files = configuration.mounted(workload, self._site, children)
        beside = [
            configuration.mounted(sidecar, self._site, children.of(sidecar.name)).named(sidecar.name)
            for sidecar in workload.sidecars
        ]
        files += operated.rule_files(workload, self._site)
        waiting = children.after(self._order.before(workload))
        self._order.runs(workload, workloads.controller(workload, self._site, files, beside, waiting))
        workloads.disruption_budget(workload, self._site, children)
        autoscaling.autoscaler(workload, self._site, children)
        return exposure.expose(workload, self._site, children)

    def _refuse_unsupported(self, workload: Workload) -> None:
        if workload.host_paths and workload.name not in AGENTS:
            reason = "only agents may read the machine, and it is not one"
            raise UnsupportedError(workload.name, "host_paths", self._site.target.name, reason)
        if workload.per_node and workload.volume:
            reason = "the pods of a DaemonSet have no volumes of their own"
            raise UnsupportedError(workload.name, "volume", self._site.target.name, reason)
        for sidecar in workload.sidecars:
            if sidecar.volume or sidecar.host_paths or sidecar.sidecars or sidecar.user != workload.user:
                reason = "a sidecar has the user and the volume of what it runs beside, and nothing else"
                raise UnsupportedError(workload.name, "sidecars", self._site.target.name, reason)

    @cached_property
    def _namespaces(self) -> Namespaces:
        """Registered with the first workload: making a runtime registers nothing."""
        return Namespaces("namespaces", self._site)
