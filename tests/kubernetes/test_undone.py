"""What was deployed can be taken away, and then nothing is left of it."""

from __future__ import annotations

import pytest

from runtimes.kubernetes.definitions import KINDS
from tests.kubernetes.stack import Stack
from tests.project import until

pytestmark = pytest.mark.kubernetes

_OF_THE_CLUSTER = {
    "v1": ("PersistentVolume",),
    "rbac.authorization.k8s.io/v1": ("ClusterRole", "ClusterRoleBinding"),
}
_OF_NAMESPACES = {
    "v1": ("Pod", "Service", "ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount"),
    "apps/v1": ("StatefulSet", "Deployment", "DaemonSet"),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "rbac.authorization.k8s.io/v1": ("Role", "RoleBinding"),
}


def test_destroy_leaves_nothing(stack: Stack) -> None:
    api = stack.cluster.api
    kinds = [(version, kind) for version, kinds in _OF_NAMESPACES.items() for kind in kinds]
    assert any("observability" in each["metadata"]["namespace"] for each in api.list("v1", "Pod"))
    stack.project.destroy()

    def left() -> list[str]:
        found = [
            f"{kind} {each['metadata']['namespace']}/{each['metadata']['name']}"
            for version, kind in kinds
            for each in api.list(version, kind)
            if each["metadata"]["namespace"].startswith("observability")
            or each["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "observability"
        ]
        found += [
            f"{kind} {each['metadata']['name']}"
            for version, kinds in _OF_THE_CLUSTER.items()
            for kind in kinds
            for each in api.list(version, kind)
            if kind == "PersistentVolume"
            or each["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "observability"
        ]
        found += [
            f"Namespace {each['metadata']['name']}"
            for each in api.list("v1", "Namespace")
            if each["metadata"]["name"].startswith("observability")
        ]
        return found

    def nothing() -> bool:
        if found := left():
            raise OSError(str(found))
        return True

    until(nothing, seconds=60, what="nothing is left of the stack")
    definitions = api.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert {each["spec"]["names"]["plural"] for each in definitions} >= set(KINDS), "with teams' objects"
