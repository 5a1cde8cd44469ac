"""What all workloads share: the connection to the cluster, and namespaces that forbid by default."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.networking.v1 import NetworkPolicy, NetworkPolicyPeerArgsDict

from runtimes.kubernetes.site import Site
from targets import Exposure

_AGENTS_REASON = (
    "node-exporter reads the file systems, processes and network of the machine, log-collector its log "
    "files, which restricted Pod Security forbids; nothing else runs here"
)
_GATEWAY_REASON = "the cluster's controller makes the pods of a Gateway, and its template is not restricted"
_LABELS = {"app.kubernetes.io/part-of": "observability"}
_DNS: list[NetworkPolicyPeerArgsDict] = [
    {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}}},
    # Where nodes have a DNS cache of their own, it answers at the first of these; on AKS at the second.
    {"ip_block": {"cidr": "169.254.20.10/32"}},
    {"ip_block": {"cidr": "169.254.10.11/32"}},
]


def labels(level: str) -> dict[str, str]:
    """Return the labels of a namespace of the stack with this level of Pod Security."""
    return {
        **_LABELS,
        **{f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn", "audit")},
    }


class Namespaces(pulumi.ComponentResource):
    """The namespaces of a stack; pods in its own may ask DNS and nothing else until a policy allows more."""

    provider: Provider
    """Connection that every object of the stack is made with."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Namespaces", name, None, opts)
        self.provider = Provider(
            f"{name}-cluster",
            context=site.settings.kubernetes.context or None,
            # Left out, the variable KUBECONFIG would become part of the state: somebody's own path.
            kubeconfig="",
            # What must roll its pods is marked immutable, which replaces it; the rest changes in place.
            enable_config_map_mutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Deleting the namespace would delete the claims in it, although they are to be kept.
        keep = not site.settings.delete_data
        self._deny(self._namespace(site.namespace, "stack", "restricted", keep=keep), "stack")
        self._deny(self._namespace(site.agents, "agents", "privileged", _AGENTS_REASON), "agents")
        if site.exposure is Exposure.GATEWAY:
            self._namespace(site.gateway, "gateway", "baseline", _GATEWAY_REASON)
        self.register_outputs({})

    def _namespace(
        self, namespace: str, role: str, level: str, reason: str = "", *, keep: bool = False
    ) -> Namespace:
        return Namespace(
            f"{self.pulumi_resource_name}-{role}",
            metadata={
                "name": namespace,
                "labels": labels(level),
                "annotations": {"observability/pod-security-reason": reason} if reason else None,
            },
            opts=pulumi.ResourceOptions(parent=self, provider=self.provider, retain_on_delete=keep),
        )

    def _deny(self, namespace: Namespace, role: str) -> None:
        NetworkPolicy(
            f"{self.pulumi_resource_name}-{role}-deny",
            metadata={"namespace": namespace.metadata.name, "labels": _LABELS},
            spec={
                "pod_selector": {},
                "policy_types": ["Ingress", "Egress"],
                "egress": [
                    {"to": _DNS, "ports": [{"protocol": name, "port": 53} for name in ("UDP", "TCP")]},
                ],
            },
            opts=pulumi.ResourceOptions(parent=self, provider=self.provider),
        )
