"""The API server of the tests is a real one: it refuses what a cluster would refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubernetes.apiserver import ApiServer
from tests.project import until
from tests.standin.kubernetes_api import Kubernetes, KubernetesError

pytestmark = pytest.mark.kubernetes

NAMESPACE = "restricted"


@pytest.fixture(scope="module")
def api(apiserver: ApiServer) -> Kubernetes:
    """Asks an API server with a namespace under restricted Pod Security."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api = apiserver.api
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}})
    api.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tests", "namespace": NAMESPACE}}
    )
    return api


def pod(security: dict[str, Any]) -> dict[str, Any]:
    """Return a pod whose container has this security context."""
    container = {"name": "tests", "image": "tests", "securityContext": security}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tests", "namespace": NAMESPACE},
        "spec": {"serviceAccountName": "tests", "containers": [container]},
    }


def test_pod_security_is_enforced(api: Kubernetes) -> None:
    strict = {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    api.create(pod(strict), dry_run=True)
    with pytest.raises(KubernetesError, match='violates PodSecurity "restricted:latest": allowPrivilegeEsc'):
        api.create(pod({}), dry_run=True)
    assert api.read(pod(strict)) is None, "a dry run leaves nothing"


def test_policies_of_a_cluster_are_enforced(api: Kubernetes) -> None:
    group = "admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    policy = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "tests"},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": "has(object.data)", "message": "an empty map is of no use"}],
        },
    }
    binding = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "tests"},
        "spec": {"policyName": "tests", "validationActions": ["Deny"]},
    }
    api.apply(policy)
    api.apply(binding)
    try:
        until(lambda: _refusal(api), seconds=20, what="the policy is in force")
    finally:
        api.delete(binding)
        api.delete(policy)


def _refusal(api: Kubernetes) -> bool:
    empty = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "e", "namespace": NAMESPACE}}
    try:
        api.create(empty, dry_run=True)
    except KubernetesError as error:
        return "an empty map is of no use" in str(error)
    return False


def test_an_unknown_field_and_an_unknown_kind_are_refused(api: Kubernetes) -> None:
    metadata = {"name": "tests", "namespace": NAMESPACE}
    with pytest.raises(KubernetesError, match="field not declared in schema"):
        api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "datta": {}})
    with pytest.raises(KubernetesError, match="knows no Map"):
        api.apply({"apiVersion": "v1", "kind": "Map", "metadata": metadata})
