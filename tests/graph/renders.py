"""The objects of each Kubernetes stack file as text; ``python -m tests.graph.renders`` writes them.

A pull request so shows what it changes in every cluster. Configuration and secrets appear by name only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from tests.graph.kubernetes_objects import STACKS, render

FOLDER = Path(__file__).parent / "renders"
_MANY_FILES = ("-config-rules", "-config-dashboards")


def text(stack: str) -> str:
    """Return the objects of a stack as YAML, in the order of their kinds and names."""
    manifests = sorted(render(stack).manifests(), key=_place)
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
    for name in STACKS:
        (FOLDER / f"{name}.yaml").write_text(text(name), encoding="utf-8")
    sys.exit(0)
