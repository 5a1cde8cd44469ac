"""What each workload may ask the API server, by name; whoever is not named here has no token either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRuleArgsDict,
    Role,
    RoleBinding,
    SubjectArgsDict,
)

from components.kube_state_metrics import OBJECTS
from runtimes.kubernetes.site import Children, Site
from scraping.kubernetes_monitors import GROUP, OPERATED, TEAMS
from workload import Workload

_WATCH, _READ = ("list", "watch"), ("get", "list", "watch")
_WRITE = (*_READ, "create", "update", "delete")
OWN = "."
"""Stands for the namespace of the stack, whatever its name."""


@dataclass(frozen=True)
class Permission:
    """Something that a workload may ask."""

    verbs: tuple[str, ...]
    resources: tuple[str, ...] = ()
    """Kinds of objects, ``pods``; with their part where it is only that, ``nodes/metrics``."""
    group: str = ""
    """Group of the API that the kinds belong to; empty for the core."""
    paths: tuple[str, ...] = ()
    """Paths that are no objects, instead of kinds."""
    namespace: str = ""
    """Namespace that it is limited to, `OWN` for the stack's; empty for the whole cluster."""

    def rule(self) -> PolicyRuleArgsDict:
        """Return the permission as a rule of a role."""
        if self.paths:
            return {"non_resource_urls": list(self.paths), "verbs": list(self.verbs)}
        return {
            "api_groups": [self.group],
            "resources": list(self.resources),
            "verbs": list(self.verbs),
        }


PERMISSIONS: Mapping[str, tuple[Permission, ...]] = {
    "prometheus": (
        Permission(_WATCH, ("nodes", "pods")),
        # The kubelet's metrics and no other page of it: `nodes/proxy` would be a shell in every pod.
        Permission(("get",), ("nodes/metrics",)),
        Permission(("get",), paths=("/metrics",)),
        # Where the API servers are.
        Permission(_WATCH, ("pods", "services"), namespace="default"),
        Permission(_WATCH, ("endpointslices",), "discovery.k8s.io", namespace="default"),
    ),
    "kube-state-metrics": tuple(Permission(_WATCH, kinds, group) for group, kinds in OBJECTS.items()),
    "log-collector": (Permission(_READ, ("pods",)),),
    "prometheus-agent": (
        Permission(_WATCH, ("nodes", "pods", "services")),
        Permission(_WATCH, ("endpointslices",), "discovery.k8s.io"),
    ),
    "prometheus-operator": (
        Permission(_READ, TEAMS, GROUP),
        Permission(_READ, ("namespaces",)),
        # What it says of an object that it refuses.
        Permission(("create", "patch"), ("events",), "events.k8s.io"),
        Permission(_READ, tuple(OPERATED), GROUP, namespace=OWN),
        Permission(("update", "patch"), tuple(f"{kind}/status" for kind in OPERATED), GROUP, namespace=OWN),
        # It owns what it makes, which some clusters let only those say who may do this.
        Permission(("update",), tuple(f"{kind}/finalizers" for kind in OPERATED), GROUP, namespace=OWN),
        Permission((*_WRITE, "patch"), ("statefulsets",), "apps", namespace=OWN),
        Permission(_WRITE, ("configmaps", "secrets"), namespace=OWN),
        Permission(("get",), ("services",), namespace=OWN),
        Permission(("list",), ("pods",), namespace=OWN),
    ),
}
"""Workload → what it may ask; only the operator reads Secrets, and writes, in the stack's namespace alone."""
_REFERRED_TO = Permission(("get",), ("configmaps", "secrets"))
"""What monitors refer to for passwords and certificates, wherever they are."""


def roles(workload: Workload, site: Site, children: Children) -> None:
    """Register the roles of a workload and give them to its service account; none where it needs none."""
    permissions = PERMISSIONS.get(workload.name, ())
    if workload.name == "prometheus-operator" and site.settings.kubernetes.monitor_secrets:
        permissions += (_REFERRED_TO,)
    namespaces = sorted({permission.namespace for permission in permissions})
    for namespace in namespaces:
        rules = [permission.rule() for permission in permissions if permission.namespace == namespace]
        if namespace:
            _in_namespace(workload, namespace, rules, site, children)
        else:
            _in_cluster(workload, rules, site, children)


def _in_cluster(workload: Workload, rules: list[PolicyRuleArgsDict], site: Site, children: Children) -> None:
    metadata: ObjectMetaArgsDict = {"labels": site.labels(workload.name)}
    role = ClusterRole(
        f"{children.prefix}-cluster-role", metadata=metadata, rules=rules, opts=children.options
    )
    ClusterRoleBinding(
        f"{children.prefix}-cluster-binding",
        metadata=metadata,
        role_ref={"api_group": _RBAC, "kind": "ClusterRole", "name": role.metadata.name},
        subjects=[_account(workload, site)],
        opts=children.options,
    )


def _in_namespace(
    workload: Workload, namespace: str, rules: list[PolicyRuleArgsDict], site: Site, children: Children
) -> None:
    where, namespace = ("own", site.namespace) if namespace == OWN else (namespace, namespace)
    metadata: ObjectMetaArgsDict = {"namespace": namespace, "labels": site.labels(workload.name)}
    role = Role(f"{children.prefix}-{where}-role", metadata=metadata, rules=rules, opts=children.options)
    RoleBinding(
        f"{children.prefix}-{where}-binding",
        metadata=metadata,
        role_ref={"api_group": _RBAC, "kind": "Role", "name": role.metadata.name},
        subjects=[_account(workload, site)],
        opts=children.options,
    )


_RBAC = "rbac.authorization.k8s.io"


def _account(workload: Workload, site: Site) -> SubjectArgsDict:
    return {
        "kind": "ServiceAccount",
        "name": workload.name,
        "namespace": site.namespace_of(workload.name),
    }
