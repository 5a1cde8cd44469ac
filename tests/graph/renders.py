"""The objects of each Kubernetes stack file as text; ``python -m tests.graph.renders`` writes them.

A pull request so shows what it changes in every cluster. Configuration and secrets appear by name only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.graph.kubernetes_objects import STACKS, render, render_with_monitors

FOLDER = Path(__file__).parent / "renders"
MONITORS = "monitors"
"""Name of the render of what `kubernetes.monitors: installed` adds to a stack."""
_MANY_FILES = ("-config-rules", "-config-dashboards")


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name of each render and its text."""
    for stack in STACKS:
        yield stack, text(render(stack).manifests())
    yield MONITORS, text(_only_with_monitors())


def _only_with_monitors() -> list[dict[str, Any]]:
    """Return what honouring the objects of the Prometheus Operator adds to a stack; definitions by name."""
    return [
        {**manifest, "spec": "…"} if manifest["kind"] == "CustomResourceDefinition" else manifest
        for manifest in render_with_monitors().manifests()
        if manifest["metadata"].get("labels", {}).get("app.kubernetes.io/name", "").startswith("prometheus-")
    ]


def text(objects: list[dict[str, Any]]) -> str:
    """Return objects as YAML, in the order of their kinds and names."""
    manifests = sorted(objects, key=_place)
    return yaml.dump_all(
        (_shown(manifest) for manifest in manifests),
        Dumper=_Dumper,
        sort_keys=True,
        width=160,
        default_flow_style=None,
        allow_unicode=True,
    )


def _place(manifest: dict[str, Any]) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def _shown(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what is in its files, which the programs that read them are asked about."""
    for key in ("data", "stringData"):
        if key in manifest:
            several = any(part in manifest["metadata"]["name"] for part in _MANY_FILES)
            return {**manifest, key: "…" if several else sorted(manifest[key])}
    return manifest


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Say everything in full, also what several objects share."""
        return True


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in texts():
        (FOLDER / f"{name}.yaml").write_text(content, encoding="utf-8")
    sys.exit(0)
