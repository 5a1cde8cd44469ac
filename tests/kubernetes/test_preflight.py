"""What is said of a cluster before a deployment, asked of a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from runtimes.kubernetes.cluster import problems
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import TARGETS
from tests.kubernetes.admission import install_custom
from tests.kubernetes.apiserver import ApiServer

pytestmark = [pytest.mark.kubernetes, pytest.mark.xdist_group("apiserver")]


def found(target: str, context: str, **kubernetes: Any) -> list[str]:
    given = {"context": context, "host": "o.example.org", **kubernetes}
    settings = Settings.model_validate({"stack": "trial", "target": target, "kubernetes": given})
    return problems(Site(TARGETS[target], settings))


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


def test_who_may_not_create_the_stack_is_told_what(
    apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig("system:kube-proxy")))
    found_as_proxy = found("minikube", apiserver.context)
    assert "you may not create namespaces, clusterroles, clusterrolebindings, configmaps" in found_as_proxy[0]
