"""What a cluster is given before a stack is tried on it: a provider's rules, and its own kinds of objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.project import until
from tests.standin.kubernetes_api import Kubernetes, KubernetesError

GROUP = "admissionregistration.k8s.io/v1"
POLICIES = Path(__file__).parent / "policies"
CUSTOM = (
    ("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
    ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
    ("gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses"),
    ("networking.gke.io", "v1", "HealthCheckPolicy", "healthcheckpolicies"),
)
"""Group, version, kind and plural of what clouds bring; their fields are not checked."""
_LABEL = "tests/policy-"


def labels(*policies: str) -> dict[str, str]:
    """Return the labels of a namespace in which policies hold."""
    return {f"{_LABEL}{name}": "on" for name in policies}


def policy(name: str) -> dict[str, Any]:
    """Return what a policy says: the kinds it is about and its rules."""
    content: dict[str, Any] = yaml.safe_load((POLICIES / f"{name}.yaml").read_text())
    return content


def install_policy(api: Kubernetes, name: str) -> None:
    """Put a policy in force in the namespaces that have its label."""
    content = policy(name)
    rules = [
        {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": kinds}
        for group, kinds in content["resources"].items()
    ]
    validations = [{"expression": rule["holds"], "message": rule["what"]} for rule in content["rules"]]
    selector = {"matchLabels": labels(name)}
    api.apply(
        {
            "apiVersion": GROUP,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"namespaceSelector": selector, "resourceRules": rules},
                "validations": validations,
            },
        }
    )
    api.apply(
        {
            "apiVersion": GROUP,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        }
    )


def install_custom(api: Kubernetes) -> None:
    """Make the kinds of objects known that a cluster of a cloud has besides Kubernetes' own."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    for group, version, kind, plural in CUSTOM:
        names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
        api.apply(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {
                    "name": f"{plural}.{group}",
                    "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in for tests"},
                },
                "spec": {
                    "group": group,
                    "names": names,
                    "scope": "Cluster" if kind == "GatewayClass" else "Namespaced",
                    "versions": [
                        {
                            "name": version,
                            "served": True,
                            "storage": True,
                            "schema": {"openAPIV3Schema": anything},
                        }
                    ],
                },
            }
        )
    for group, version, kind, _ in CUSTOM:
        manifest = {"apiVersion": f"{group}/{version}", "kind": kind}
        until(lambda m=manifest: known(api, m), seconds=20, what=f"{kind} is known")  # type: ignore[misc]


def known(api: Kubernetes, manifest: dict[str, Any]) -> bool:
    """Whether the cluster knows the kind of an object, which it does a moment after its definition."""
    try:
        return any(api.list(manifest["apiVersion"], manifest["kind"])) or True
    except KubernetesError:
        return False


def refusal(api: Kubernetes, manifest: dict[str, Any]) -> str:
    """Return why an object would not be admitted; nothing where it would be. Nothing is left behind."""
    try:
        api.create(manifest, dry_run=True)
    except KubernetesError as error:
        return str(error)
    return ""
