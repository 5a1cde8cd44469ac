"""Volumes of a deployed stack: what a preview refuses, and how they grow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.grow import grow
from operations.stack import StackUnavailableError
from runtimes.kubernetes.cluster import problems
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import TARGETS
from tests.kubernetes.apiserver import ApiServer
from tests.standin.kubernetes_api import Kubernetes

pytestmark = pytest.mark.kubernetes

NAMESPACE = "volumes"
LABELS = {"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/instance": "trial"}


def storage_class(*, expands: bool) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard"},
        "provisioner": "example.org/disks",
        "allowVolumeExpansion": expands,
    }


def claim_spec(size: str) -> dict[str, Any]:
    return {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "standard",
        "resources": {"requests": {"storage": size}},
    }


CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data-prometheus-0", "namespace": NAMESPACE},
    "spec": claim_spec("10Gi"),
}
STATEFUL_SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "prometheus", "namespace": NAMESPACE, "labels": LABELS},
    "spec": {
        "serviceName": "prometheus",
        "replicas": 1,
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [{"name": "prometheus", "image": "example.org/prometheus:v1"}]},
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim_spec("10Gi")}],
    },
}


@pytest.fixture
def api(apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubernetes]:
    """A cluster with a Prometheus on a volume of 10 GiB."""
    monkeypatch.setenv("KUBECONFIG", str(apiserver.kubeconfig()))
    api = apiserver.api
    api.delete(storage_class(expands=True))
    api.apply(storage_class(expands=True))
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    api.apply(CLAIM)
    # Nobody binds it here, and only what is bound can grow.
    status = {"status": {"phase": "Bound", "capacity": {"storage": "10Gi"}}}
    api.patch(f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims/data-prometheus-0/status", status)
    api.apply(STATEFUL_SET)
    yield api
    for manifest, path in (
        (STATEFUL_SET, f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets/prometheus"),
        (CLAIM, f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims/data-prometheus-0"),
    ):
        # There is nobody here who would remove what keeps them.
        if api.read(manifest):
            api.patch(path, {"metadata": {"finalizers": None}})
        api.delete(manifest)


def settings(storage: str, **values: Any) -> dict[str, Any]:
    kubernetes = {
        "context": "minikube",
        "namespace": NAMESPACE,
        "autoscaling": {"maxReplicas": 1},  # nobody measures pods here
        **values.pop("kubernetes", {}),
    }
    return {"target": "minikube", "kubernetes": kubernetes, "metrics": {"storage": storage}, **values}


def found(storage: str, **values: Any) -> list[str]:
    given = Settings.model_validate({"stack": "trial", **settings(storage, **values)})
    return problems(Site(TARGETS["minikube"], given))


def test_what_would_delete_a_stateful_set_is_refused_unless_it_is_named(api: Kubernetes) -> None:
    assert found("10Gi") == []
    assert found("5Gi") == ["metrics.storage: cannot shrink from 10Gi to 5Gi; write 10Gi"]
    (problem,) = found("20Gi")
    assert problem.startswith("metrics.storage: grows from 10Gi to 20Gi")
    assert problem.endswith("python -m operations grow --stack trial")
    (problem,) = found("10Gi", profile="ha")
    assert problem.startswith("profile: deletes the StatefulSet prometheus of the deployed stack")
    assert found("10Gi", profile="ha", kubernetes={"replace": ["prometheus"]}) == []
    other = {**STATEFUL_SET["metadata"], "labels": {**LABELS, "app.kubernetes.io/instance": "another"}}  # type: ignore[dict-item]
    api.apply({**STATEFUL_SET, "metadata": other})
    assert found("20Gi") == [], "what belongs to another stack is not judged"


def stack_file(folder: Path, storage: str) -> Path:
    config = {f"observability:{key}": value for key, value in settings(storage).items()}
    (folder / "Pulumi.trial.yaml").write_text(yaml.safe_dump({"config": config}))
    return folder


def test_a_volume_grows_and_its_pods_stay(api: Kubernetes, tmp_path: Path) -> None:
    lines = list(grow("trial", stack_file(tmp_path, "20Gi")))
    assert lines == [
        "data-prometheus-0: grows from 10Gi to 20Gi",
        "prometheus: runs on; make up STACK=trial takes its pods back",
    ]
    claim = api.read(CLAIM)
    assert claim
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    left = api.read(STATEFUL_SET)
    # Whoever removes it in a cluster lets go of its pods first.
    assert left is None or left["metadata"]["finalizers"] == ["orphan"]


def test_a_volume_that_cannot_grow_is_left_alone(api: Kubernetes, tmp_path: Path) -> None:
    api.apply(storage_class(expands=False))
    with pytest.raises(StackUnavailableError, match="volumes of the class 'standard' cannot grow"):
        list(grow("trial", stack_file(tmp_path, "20Gi")))
    assert api.read(STATEFUL_SET)
    assert list(grow("trial", stack_file(tmp_path, "10Gi"))) == []


def test_only_stacks_in_a_cluster_have_volumes_to_grow(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.trial.yaml").write_text("config: {observability:target: process}")
    with pytest.raises(StackUnavailableError, match="only volumes in a cluster are grown"):
        list(grow("trial", tmp_path))
    with pytest.raises(StackUnavailableError, match="there is no stack file"):
        list(grow("missing", tmp_path))
