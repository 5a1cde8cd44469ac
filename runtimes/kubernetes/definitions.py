"""The custom resource definitions of the Prometheus Operator, as ordered resources that outlive the stack."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import yaml
from pulumi_kubernetes.apiextensions import CustomResource

from runtimes.kubernetes.site import Children, Site
from scraping.kubernetes_monitors import GROUP, OPERATED, TEAMS
from toolchain import definitions
from workload import Workload

KINDS = (*TEAMS, *OPERATED)
"""Kinds that the stack needs; of an operator's other kinds its cluster is not told."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The quick one where there is one: a definition has half a megabyte."""
_FORCE = "pulumi.com/patchForce"
_ANYTHING = "x-kubernetes-preserve-unknown-fields"
_BULKY = 1_000
"""Length of a schema as JSON from which on it is worth leaving out."""
_CHECKED = ("remoteWrite", "resources", "securityContext")
"""Large parts that the stack writes, and has checked."""


def register(workload: Workload, site: Site, children: Children) -> list[pulumi.Resource]:
    """Register the definitions; a destroyed stack leaves them, for every team's objects would go too."""
    return [
        CustomResource(
            f"{children.prefix}-definition-{kind}",
            api_version="apiextensions.k8s.io/v1",
            kind="CustomResourceDefinition",
            metadata={
                "name": f"{kind}.{GROUP}",
                "labels": site.labels(workload.name),
                "annotations": {
                    **read(kind)["metadata"]["annotations"],
                    # A stack that is made again takes over what the one before it has left.
                    _FORCE: "true",
                },
            },
            spec=read(kind)["spec"],
            opts=pulumi.ResourceOptions.merge(
                children.options, pulumi.ResourceOptions(retain_on_delete=True)
            ),
        )
        for kind in KINDS
    ]


def missing() -> bool:
    """Whether set-up has not fetched the definitions on this machine."""
    return not definitions.file().exists()


@functools.cache
def read(kind: str) -> Mapping[str, Any]:
    """Return the definition of a kind; of one that only the stack writes, what checks what it writes.

    The engine writes definitions anew at every step of an update, and most of them is explanations and parts
    that the stack does not use. `kubectl explain` has the explanations of teams' kinds.
    """
    mark = f"\n  name: {kind}.{GROUP}\n"
    (text,) = (
        part for part in definitions.file().read_text(encoding="utf-8").split("\n---\n") if mark in part
    )
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - it is a safe one
    if kind in OPERATED:
        found["spec"] = _unexplained(found["spec"])
        (version,) = found["spec"]["versions"]
        properties = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        properties |= {
            name: _unchecked(schema) for name, schema in properties.items() if name not in _CHECKED
        }
    return found


def _unchecked(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema that admits anything of the same type, where that is much shorter."""
    if len(json.dumps(schema)) < _BULKY:
        return schema
    items = {"items": _unchecked({**schema["items"]})} if "items" in schema else {_ANYTHING: True}
    return {"type": schema["type"], **items}


def _unexplained(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: _unexplained(value)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str))
        }
    return [_unexplained(item) for item in schema] if isinstance(schema, list) else schema
