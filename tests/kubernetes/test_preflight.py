"""What is said of a cluster before a deployment, asked of a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from runtimes.kubernetes.cluster import problems
from runtimes.kubernetes.definitions import KINDS, read
from runtimes.kubernetes.namespaces import labels
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import TARGETS
from tests.kubernetes.admission import install_custom
from tests.kubernetes.apiserver import ApiServer
from tests.kubernetes.monitors import monitor
from tests.project import until
from tests.standin.kubernetes_api import Kubernetes
from tests.unit.test_kubernetes_certificate import CERTIFICATE, HOST

pytestmark = pytest.mark.kubernetes


PODS = ("prometheus", "node-exporter", "log-collector")
"""Workloads whose pods are tried."""


def found(target: str, context: str, remarks: list[str] | None = None, **kubernetes: Any) -> list[str]:
    given = {"context": context, "host": "o.example.org", **kubernetes}
    settings = Settings.model_validate({"stack": "trial", "target": target, "kubernetes": given})
    return problems(Site(TARGETS[target], settings), PODS if remarks is not None else (), remarks)


def storage_class(name: str) -> dict[str, Any]:
    metadata = {"name": name}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata,
        "provisioner": "p",
    }


def test_a_cluster_is_judged_by_what_it_has(apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig()))
    api, context = apiserver.api, apiserver.context
    uid = api.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]

    missing = storage_class("standard")
    api.delete(missing)
    (problem,) = found("minikube", context)
    assert problem.startswith("kubernetes.storageClass: the cluster has no class 'standard'")
    api.apply(missing)
    assert found("minikube", context, clusterId=uid) == []

    (problem,) = found("minikube", context, clusterId="0a1b2c3d-0000-4000-8000-000000000002")
    assert uid in problem

    install_custom(api)
    api.apply(storage_class("managed-csi"))
    (problem,) = found("aks", context)
    assert "the cluster has no class 'approuting-istio'; it has none" in problem
    gateway_class = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "approuting-istio"},
        "spec": {"controllerName": "example.org/controller"},
    }
    api.apply(gateway_class)
    assert found("aks", context) == []


def test_the_certificate_of_the_entrance_is_judged(
    apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig()))
    api, namespace = apiserver.api, "certified-gateway"

    def said(host: str) -> str:
        remarks: list[str] = []
        found("aks", apiserver.context, remarks, namespace="certified", host=host)
        return "".join(remark for remark in remarks if "the certificate of the entrance" in remark)

    assert f"in the namespace {namespace}, is missing" in said(HOST)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "observability-tls", "namespace": namespace},
        "stringData": {"tls.crt": CERTIFICATE, "tls.key": "of no importance"},
    }
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    api.apply(secret)
    try:
        assert said(HOST) == ""
        assert said("x.example.org").endswith(f"is not for x.example.org; it is for {HOST}, *.{HOST}")
    finally:
        api.delete(secret)


def test_who_may_not_create_the_stack_is_told_what(
    apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig("system:kube-proxy")))
    found_as_proxy = found("minikube", apiserver.context)
    assert "you may not create namespaces, clusterroles, clusterrolebindings, configmaps" in found_as_proxy[0]


def refusing(resource: str, namespaces: list[str]) -> list[dict[str, Any]]:
    """Return a policy of a cluster's owners: that things of a kind say who pays for them."""
    group, name = "admissionregistration.k8s.io/v1", f"cost-center-of-{resource}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [resource]}
    within = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}
    labelled = "has(object.metadata.labels) && 'cost-center' in object.metadata.labels"
    return [
        {
            "apiVersion": group,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {
                    "resourceRules": [rule],
                    "namespaceSelector": {"matchExpressions": [within]},
                },
                "validations": [{"expression": labelled, "message": "the label cost-center is missing"}],
            },
        },
        {
            "apiVersion": group,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        },
    ]


def test_what_the_clusters_owners_refuse_is_said_before_pods_wait_for_ever(
    apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig()))
    api, context, home = apiserver.api, apiserver.context, "refused"
    api.apply(storage_class("standard"))
    spaces = {home: "restricted", f"{home}-agents": "privileged"}
    policies = refusing("pods", ["default", *spaces])

    def said() -> tuple[list[str], list[str]]:
        remarks: list[str] = []
        problems_found = found("minikube", context, remarks, namespace=home)
        return problems_found, [remark for remark in remarks if "refuses" in remark]

    account(api, "default")
    for manifest in policies:
        api.apply(manifest)
    try:
        # There is no namespace yet, so that what another one's rules say is no more than a hint.
        until(lambda: said()[1], seconds=20, what="the policy is in force")
        problems_found, (remark,) = said()
        assert problems_found == []
        assert remark.startswith("the cluster refuses pods of prometheus")
        assert "tried in the namespace 'default'" in remark
        assert "the label cost-center is missing" in remark

        for name, level in spaces.items():
            metadata = {"name": name, "labels": labels(level)}
            api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
            account(api, name)
        (problem,), remarks = said()
        assert problem.startswith(f"kubernetes.namespace: the cluster refuses pods of {', '.join(PODS)}: ")
        assert "ValidatingAdmissionPolicy 'cost-center-of-pods'" in problem
        assert remarks == []
    finally:
        for manifest in reversed(policies):
            api.delete(manifest)
    until(
        lambda: said() == ([], []), seconds=20, what="nothing is refused any more, not even by Pod Security"
    )


def test_a_namespace_that_is_refused_is_named(apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig()))
    apiserver.api.apply(storage_class("standard"))
    policies = refusing("namespaces", ["unpaid"])
    for manifest in policies:
        apiserver.api.apply(manifest)
    try:
        lines = until(
            lambda: found("minikube", apiserver.context, [], namespace="unpaid"), seconds=20, what="a refusal"
        )
    finally:
        for manifest in reversed(policies):
            apiserver.api.delete(manifest)
    assert lines[0].startswith("kubernetes.namespace: the cluster refuses the namespace unpaid: ")


def account(api: Kubernetes, namespace: str) -> None:
    """Make the account that controllers make in every namespace."""
    metadata = {"name": "default", "namespace": namespace}
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


def test_whether_objects_of_the_operator_would_be_honoured(
    apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig()))
    api, context = apiserver.api, apiserver.context
    api.apply(storage_class("standard"))
    for kind in KINDS:
        api.apply(read(kind))  # without the labels of a stack
    rule = monitor("PrometheusRule", "default", {"groups": []})
    try:
        until(lambda: not found("minikube", context, monitors="found"), seconds=20, what="an operator")
        (problem,) = found("minikube", context, monitors="installed")
        assert problem.startswith("kubernetes.monitors: the cluster has the definitions of another")
        api.apply(rule)
        remarks: list[str] = []
        assert found("minikube", context, remarks) == []
        assert "prometheusrules, which this stack does not read; set kubernetes.monitors" in "".join(remarks)
    finally:
        api.delete(rule)
