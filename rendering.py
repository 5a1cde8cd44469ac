"""Configuration as text: built as data, serialised once, the same bytes for the same data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import orjson


def to_json(data: Mapping[str, Any]) -> str:
    """Return ``data`` as JSON with sorted keys: a line for each key, and for each element of a list.

    So a changed panel of a dashboard is one changed line, and all dashboards fit into one ConfigMap (1 MiB).
    """

    def line(value: object) -> bytes:
        if isinstance(value, list) and value:
            return b"[\n" + b",\n".join(map(_compact, value)) + b"\n]"
        return _compact(value)

    lines = b",\n".join(_compact(key) + b":" + line(data[key]) for key in sorted(data))
    return (b"{\n" + lines + b"\n}\n").decode()


_compact = partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)


def to_yaml(data: Mapping[str, Any]) -> str:
    """Return ``data`` as YAML in the order of its keys: queries as people write them, no anchors.

    ``data`` is what JSON knows; `TypeError` for anything else. A general writer takes several times as long.
    """
    lines: list[str] = []
    for key, value in data.items():
        _add(lines, f"{_key(key)}:", value, "  ")
    return "\n".join(lines) + "\n"


def _add(lines: list[str], begun: str, value: object, margin: str) -> None:
    """Add a value to the line ``begun`` with its key or its dash, and to lines below, behind the margin."""
    if isinstance(value, str):
        text = _text(value, margin) if "\n" in value else _word(value)
        lines.append(f"{begun} {text}")
        return
    if not isinstance(value, _COLLECTIONS) or not value:
        lines.append(f"{begun} {_other(value)}")
        return
    if begun.endswith(":"):
        lines.append(begun)
        start = margin
    else:
        start = f"{begun} "
    deeper = f"{margin}  "
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and "\n" not in inner:
                lines.append(
                    f"{start}{_key(key)}: {_word(inner)}"
                )  # most of all lines: without a call for each
            else:
                _add(lines, f"{start}{_key(key)}:", inner, deeper)
            start = margin
    else:
        for inner in value:
            _add(lines, f"{start}-", inner, deeper)
            start = margin


_COLLECTIONS = (dict, list, tuple)
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*|[0-9]+(?:ms|[smhdwy]|[KMGT]i?B?)")
_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def _text(value: str, margin: str) -> str:
    """Return text of several lines: these follow behind the margin, unless that cannot say what is meant."""
    if value[0] not in " \n" and value[-1] != "\n":
        lines = value.split("\n")
        if all(not line or line.isprintable() for line in lines):
            return "\n".join(["|-", *(line and margin + line for line in lines)])
    return _word(value)


def _word(value: str) -> str:
    """Return text as one word: bare, else in quotes, else with what cannot be printed as numbers."""
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    # JSON writes rare characters as two halves, which YAML does not put together.
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in value) + '"'


_key = lru_cache(maxsize=1000)(_word)
"""The same few keys are written again and again."""


def _other(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            if not math.isfinite(value):
                raise TypeError("no YAML for a number that is not finite")
            text = repr(value)
            return text if "." in text else text.replace("e", ".0e")
        case dict():
            return "{}"
        case list() | tuple():
            return "[]"
    raise TypeError(f"no YAML for {type(value).__name__}")
