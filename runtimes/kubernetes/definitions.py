"""The custom resource definitions of the Prometheus Operator, as ordered resources that outlive the stack."""

from __future__ import annotations

import functools
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
    """Return the definition of a kind; what only the stack itself writes goes without its explanations.

    They are most of the text, which every preview compares; `kubectl explain` has those of teams' kinds.
    """
    mark = f"\n  name: {kind}.{GROUP}\n"
    (text,) = (
        part for part in definitions.file().read_text(encoding="utf-8").split("\n---\n") if mark in part
    )
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - it is a safe one
    if kind in OPERATED:
        found["spec"] = _unexplained(found["spec"])
    return found


def _unexplained(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: _unexplained(value)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str))
        }
    return [_unexplained(item) for item in schema] if isinstance(schema, list) else schema
