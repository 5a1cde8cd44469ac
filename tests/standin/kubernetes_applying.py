"""What the engine asks of the Kubernetes plugin, done with Kubernetes' own API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from tests.standin.kubernetes_api import Kubernetes

Properties = Mapping[str, Any]
_MANAGER = "pulumi-kubernetes"
_SKIP = "pulumi.com/skipAwait"
_FORCE = "PULUMI_K8S_ENABLE_PATCH_FORCE"
"""Environment variable of the published plugin: whether it takes fields from whoever has changed them."""
_WAIT_SECONDS = 300.0
_OWN = ("managedFields", "resourceVersion", "generation")
"""Metadata that a change of anything changes."""


@dataclass(frozen=True)
class Applying:
    """Creates, reads, changes and deletes objects server-side; secrets are given in the clear."""

    cluster: Kubernetes

    def create(self, kind: str, inputs: Properties) -> tuple[str, dict[str, Any]]:
        """Create an object and wait until it is ready; return its id and what is only known afterwards."""
        inputs = _given(inputs)
        made = self._apply(inputs)
        self._wait_until_ready(inputs)
        return _identifier(inputs), {"metadata": {**inputs["metadata"], "uid": made["metadata"]["uid"]}}

    def read(self, kind: str, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return what differs from the inputs; None where the object is gone.

        The server itself says what the inputs would make of the object, since it writes many values in its
        own way (``1000m`` as ``1``).
        """
        inputs = _given(inputs)
        live = self.cluster.read(inputs)
        if live is None:
            return None
        wanted = self.cluster.apply(inputs, manager=_MANAGER, dry_run=True)
        return {
            key: _like(live.get(key), inputs[key])
            for key in inputs
            if _compared(live.get(key)) != _compared(wanted.get(key))
        }

    def update(self, kind: str, identifier: str, inputs: Properties) -> None:
        """Change an object and wait until it is ready."""
        inputs = _given(inputs)
        self._apply(inputs)
        self._wait_until_ready(inputs)

    def delete(self, kind: str, identifier: str, inputs: Properties) -> None:
        """Delete an object and wait until it is gone."""
        self.cluster.delete(inputs, propagation="Foreground")
        self._until(lambda: self.cluster.read(inputs) is None, inputs, "gone")

    def _apply(self, inputs: Properties) -> dict[str, Any]:
        """Apply an object; `KubernetesError` where somebody else has changed one of its fields."""
        force = os.environ.get(_FORCE) == "true"
        return self.cluster.apply(inputs, manager=_MANAGER, force=force)

    def _wait_until_ready(self, inputs: Properties) -> None:
        if inputs["metadata"].get("annotations", {}).get(_SKIP) != "true":
            self._until(lambda: _is_ready(self.cluster.read(inputs) or {}), inputs, "ready")

    def _until(self, condition: Any, inputs: Properties, what: str) -> None:
        deadline = monotonic() + _WAIT_SECONDS
        while not condition():
            if monotonic() > deadline:
                raise TimeoutError(
                    f"{inputs['kind']} {_identifier(inputs)} was not {what}: {self._why(inputs)}"
                )
            sleep(0.3)

    def _why(self, inputs: Properties) -> str:
        """Return what the cluster says of an object's pods."""
        labels = inputs.get("spec", {}).get("selector", {}).get("matchLabels", {})
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        namespace = inputs["metadata"].get("namespace", "")
        lines = [
            f"{pod['metadata']['name']}: {state}"
            for pod in self.cluster.list("v1", "Pod", namespace, labelSelector=selector)
            for state in (pod["status"].get("containerStatuses") or pod["status"].get("conditions"))
        ]
        return "\n".join(lines) if selector and lines else str(self.cluster.read(inputs))


def _given(value: Any) -> Any:
    """Return a value without what the program left empty."""
    if isinstance(value, Mapping):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _identifier(inputs: Properties) -> str:
    metadata = inputs["metadata"]
    return "/".join(metadata[key] for key in ("namespace", "name") if metadata.get(key))


def _is_ready(live: Properties) -> bool:
    """Whether what keeps pods running has the pods of its last change; anything else is at once."""
    status, spec = live.get("status", {}), live.get("spec", {})
    match live.get("kind"):
        case "Deployment" | "StatefulSet":
            wanted, current = spec.get("replicas", 1), status.get("updatedReplicas", 0)
            ready = status.get("readyReplicas", 0)
            settled = status.get("replicas", 0) == wanted
        case "DaemonSet":
            wanted, current = status.get("desiredNumberScheduled"), status.get("updatedNumberScheduled", 0)
            ready = status.get("numberReady", 0)
            settled = True
        case _:
            return bool(live)
    seen = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    return bool(seen and settled and wanted == current == ready)


def _compared(value: Any) -> Any:
    """Return a part of an object without what the server notes for itself."""
    return {k: v for k, v in value.items() if k not in _OWN} if isinstance(value, dict) else value


def _like(live: Any, given: Any) -> Any:
    """Return of what is live the part that the inputs speak of."""
    if isinstance(live, dict) and isinstance(given, dict):
        return {key: _like(live[key], given[key]) for key in given if key in live}
    if isinstance(live, list) and isinstance(given, list) and len(live) == len(given):
        return [_like(*pair) for pair in zip(live, given, strict=True)]
    return live
