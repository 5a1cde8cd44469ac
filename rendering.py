"""Configuration as text: built as data, serialised once, the same bytes for the same data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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


_COMPACT = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def to_json(data: Mapping[str, Any]) -> str:
    """Return ``data`` as JSON with sorted keys: a line for each key, and for each element of a list.

    So a changed panel of a dashboard is one changed line, and all dashboards fit into one ConfigMap (1 MiB).
    """
    compact = _COMPACT.encode

    def line(value: object) -> str:
        elements = ",\n".join(map(compact, value)) if isinstance(value, list) else ""
        return f"[\n{elements}\n]" if elements else compact(value)

    return "{\n" + ",\n".join(f"{compact(key)}:{line(data[key])}" for key in sorted(data)) + "\n}\n"


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_QUOTED = re.compile(r"[\x20-\x7e\xa0-\ud7ff\ue000-\ufefe]+")
_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def to_rule_file(data: Mapping[str, Any]) -> str:
    """Return a Prometheus rule file, mappings and lists of text, as YAML: queries as they would be written.

    For thousands of rules this takes a fraction of the time of a general writer.
    """
    return "\n".join(_lines(data, "")) + "\n"


def _lines(value: Mapping[str, Any], margin: str) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield f"{margin}{_text(key, margin)}:"
            yield from _lines(inner, f"{margin}  ")
        elif isinstance(inner, list):
            yield f"{margin}{key}:"
            for item in inner:
                first, *others = _lines(item, f"{margin}    ")
                yield f"{margin}  - {first.lstrip()}"
                yield from others
        else:
            yield f"{margin}{_text(key, margin)}: {_text(inner, margin)}"


def _text(value: str, margin: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    lines = value.split("\n")
    if all(map(_QUOTED.fullmatch, lines)) and not value.startswith(" "):
        if len(lines) > 1:
            return "|-\n" + "\n".join(f"{margin}  {line}" for line in lines)
        return "'" + value.replace("'", "''") + "'"
    # JSON writes rare characters as two halves, which YAML does not put together.
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in value) + '"'
