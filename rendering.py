"""Configuration as text: built as data, serialised once, the same bytes for the same data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Says everything where it belongs, also what is said twice: no anchors, which nobody reads well."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - it is the same for all data
        return True


def to_yaml(data: Mapping[str, Any]) -> str:
    """Return ``data`` as YAML in the order of its keys."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return text


def to_json(data: Mapping[str, Any]) -> str:
    """Return ``data`` as JSON with sorted keys: a line for each key, and for each element of a list.

    So a changed panel of a dashboard is one changed line, and all dashboards fit into one ConfigMap (1 MiB).
    """

    def compact(value: object) -> str:
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    def line(value: object) -> str:
        elements = ",\n".join(map(compact, value)) if isinstance(value, list) else ""
        return f"[\n{elements}\n]" if elements else compact(value)

    return "{\n" + ",\n".join(f"{compact(key)}:{line(data[key])}" for key in sorted(data)) + "\n}\n"
