"""The storage of the test cluster: folders of this machine, as local volumes, made and removed on demand.

It does what a storage driver does: makes a volume for each claim of the class, grows it where the claim grows
and the class allows that, and removes it with the claim where the class says so.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any

from tests.standin.kubernetes_api import Kubernetes, KubernetesError

PROVISIONER = "tests.example.org/folder"
CLASSES = {"standard": False, "expandable": True}
"""Class → whether its volumes can grow; the first one is like minikube's."""
_PERIOD_SECONDS = 0.5


class Volumes:
    """Serves claims as long as the ``with`` block lasts."""

    def __init__(self, api: Kubernetes, folder: Path, node: str) -> None:
        self._api, self._folder, self._node = api, folder, node
        self._ended = Event()
        self._thread = Thread(target=self._serve, name="volumes", daemon=True)

    def __enter__(self) -> None:
        for number, (name, expandable) in enumerate(CLASSES.items()):
            default = {"storageclass.kubernetes.io/is-default-class": str(number == 0).lower()}
            self._api.apply(
                {
                    "apiVersion": "storage.k8s.io/v1",
                    "kind": "StorageClass",
                    "metadata": {"name": name, "annotations": default},
                    "provisioner": PROVISIONER,
                    "reclaimPolicy": "Delete",
                    "allowVolumeExpansion": expandable,
                    "volumeBindingMode": "Immediate",
                }
            )
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._ended.wait(_PERIOD_SECONDS):
            try:
                volumes = {
                    each["metadata"]["name"]: each for each in self._api.list("v1", "PersistentVolume")
                }
                for claim in self._api.list("v1", "PersistentVolumeClaim"):
                    self._serve_claim(claim, volumes)
                for volume in volumes.values():
                    if volume["status"].get("phase") == "Released":
                        self._remove(volume)
            except (KubernetesError, OSError):
                continue  # what could not be done is asked for again

    def _serve_claim(self, claim: dict[str, Any], volumes: dict[str, dict[str, Any]]) -> None:
        name = f"pvc-{claim['metadata']['uid']}"
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        if claim["spec"].get("storageClassName") not in CLASSES:
            return
        if name not in volumes:
            self._make(name, claim, wanted)
        elif claim["status"].get("capacity", {}).get("storage", wanted) != wanted:
            self._api.patch(f"/api/v1/persistentvolumes/{name}", {"spec": {"capacity": {"storage": wanted}}})
            metadata = claim["metadata"]
            path = self._api.path("v1", "PersistentVolumeClaim", metadata["namespace"], metadata["name"])
            self._api.patch(f"{path}/status", {"status": {"capacity": {"storage": wanted}}})

    def _make(self, name: str, claim: dict[str, Any], size: str) -> None:
        path = self._folder / name
        path.mkdir(parents=True, exist_ok=True)
        metadata = claim["metadata"]
        of_this_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self._node]}
        self._api.create(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
                "spec": {
                    "capacity": {"storage": size},
                    "accessModes": claim["spec"]["accessModes"],
                    "storageClassName": claim["spec"]["storageClassName"],
                    "persistentVolumeReclaimPolicy": "Delete",
                    "claimRef": {
                        "namespace": metadata["namespace"],
                        "name": metadata["name"],
                        "uid": metadata["uid"],
                    },
                    "local": {"path": str(path)},
                    "nodeAffinity": {
                        "required": {"nodeSelectorTerms": [{"matchExpressions": [of_this_node]}]}
                    },
                },
            }
        )

    def _remove(self, volume: dict[str, Any]) -> None:
        name = volume["metadata"]["name"]
        self._api.request("DELETE", f"/api/v1/persistentvolumes/{name}")
        shutil.rmtree(self._folder / name, ignore_errors=True)
