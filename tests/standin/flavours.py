"""What the published plugins do that matters to what the engine does next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provider.values import UNKNOWN, Secret, plain

MASK = "[secret]"

Properties = dict[str, Any]


@dataclass(frozen=True)
class Flavour:
    """What the two published plugins do differently."""

    name_properties: Callable[[str, Properties, Properties, str], Properties]
    """Resource's URN, inputs, earlier inputs, suffix → inputs with a name where the plugin gives one."""
    outputs: Callable[[str, Properties], Properties]
    """Resource's type and inputs → what is only known after the creation."""
    identifier: Callable[[str, Properties], str]
    """Resource's type and inputs → its id."""
    replaces: Callable[[str, str, Properties, Properties], bool]
    """Resource's type, a property that changed, inputs before and after → whether it is replaced."""


def digest(*parts: Any) -> str:
    """Return 64 hexadecimal digits that depend on nothing but the parts."""
    text = json.dumps([masked(part, mask=None) for part in parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def masked(value: Any, mask: str | None = MASK) -> Any:
    """Return the value as JSON; secrets as ``mask``, or opened where that is None."""
    if isinstance(value, Secret):
        return masked(value.value, mask) if mask is None else mask
    if isinstance(value, Mapping):
        return {key: masked(item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, mask) for item in value]
    return "[unknown]" if value is UNKNOWN else value


def _docker_named(urn: str, inputs: Properties, old: Properties, suffix: str) -> Properties:
    if "name" in inputs or urn_type(urn) not in _DOCKER_NAMED:
        return inputs
    return {**inputs, "name": old.get("name") or f"{urn.rsplit('::', 1)[1]}-{suffix[:7]}"}


def _docker_outputs(kind: str, inputs: Properties) -> Properties:
    identity = digest(kind, inputs)
    if kind == "docker:index/remoteImage:RemoteImage":
        return {"imageId": f"sha256:{identity}", "repoDigest": f"{plain(inputs['name'])}@sha256:{identity}"}
    if kind == "docker:index/volume:Volume":
        return {"mountpoint": f"/var/lib/docker/volumes/{inputs['name']}/_data"}
    return {}


def _docker_id(kind: str, inputs: Properties) -> str:
    return str(plain(inputs["name"])) if kind == "docker:index/volume:Volume" else digest(kind, inputs)


def _docker_replaces(kind: str, key: str, old: Properties, new: Properties) -> bool:
    return kind.startswith("docker:") and key not in _DOCKER_UPDATED.get(kind, set())


def _kubernetes_named(urn: str, inputs: Properties, old: Properties, suffix: str) -> Properties:
    metadata = inputs.get("metadata") or {}
    if not isinstance(metadata, dict) or "name" in metadata or "generateName" in metadata:
        return inputs
    before = (plain(old).get("metadata") or {}).get("name")
    name = before or f"{urn.rsplit('::', 1)[1]}-{suffix[:8]}"
    annotations = {**metadata.get("annotations", {}), "pulumi.com/autonamed": "true"}
    return {**inputs, "metadata": {**metadata, "name": name, "annotations": annotations}}


def _kubernetes_outputs(kind: str, inputs: Properties) -> Properties:
    return (
        {"metadata": {**inputs["metadata"], "uid": digest(kind, inputs)[:32]}} if "metadata" in inputs else {}
    )


def _kubernetes_id(kind: str, inputs: Properties) -> str:
    metadata = plain(inputs).get("metadata", {})
    return "/".join(str(metadata[key]) for key in ("namespace", "name") if metadata.get(key)) or digest(kind)


def _kubernetes_replaces(kind: str, key: str, old: Properties, new: Properties) -> bool:
    name = kind.rsplit(":", 1)[1]
    if name in _FILES:
        return key in _FILES[name] and old.get("immutable", False)
    parts = _KUBERNETES_IMMUTABLE.get(name, ()) if key == "spec" else ()
    parts = ("name", "namespace") if key == "metadata" else parts
    if not parts:
        return key in {"roleRef", "provisioner", "parameters"}
    before, after = old.get(key) or {}, new.get(key) or {}
    return any(before.get(part) != after.get(part) for part in parts)


def takes_the_name_of_its_predecessor(inputs: Properties) -> bool:
    """Whether an object has a name of its own, under which no second one can be made before it is deleted."""
    metadata = inputs.get("metadata") or {}
    return "name" in metadata and "pulumi.com/autonamed" not in metadata.get("annotations", {})


_DOCKER_NAMED = {f"docker:index/{kind.lower()}:{kind}" for kind in ("Container", "Network", "Volume")}
_DOCKER_UPDATED = {
    "docker:index/container:Container": {
        "cpuShares",
        "cpus",
        "memory",
        "memorySwap",
        "mustRun",
        "restart",
        "wait",
        "waitTimeout",
    },
    "docker:index/remoteImage:RemoteImage": {"keepLocally", "pullTriggers", "triggers"},
}
"""What the published plugin changes in place; everything else replaces."""

_FILES = {"ConfigMap": {"data", "binaryData"}, "Secret": {"data", "stringData", "type"}}
"""What may change in place unless it is marked immutable: the program tells the provider so."""
_KUBERNETES_IMMUTABLE = {
    "StatefulSet": (
        "podManagementPolicy",
        "revisionHistoryLimit",
        "selector",
        "serviceName",
        "volumeClaimTemplates",
    ),
    "Deployment": ("selector",),
    "DaemonSet": ("selector",),
    "PersistentVolumeClaim": ("accessModes", "selector", "storageClassName", "volumeName"),
    "Service": ("clusterIP",),
}
"""Kind → parts of its specification whose change replaces it."""

FLAVOURS: Mapping[str, Flavour] = {
    "docker": Flavour(_docker_named, _docker_outputs, _docker_id, _docker_replaces),
    "kubernetes": Flavour(_kubernetes_named, _kubernetes_outputs, _kubernetes_id, _kubernetes_replaces),
}


def urn_type(urn: str) -> str:
    """Return the resource's type without those of its parents."""
    return urn.split("::")[2].rsplit("$", 1)[-1]
