"""Configuration as text."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering import to_json, to_yaml

TEXT = (
    st.text(max_size=30)
    | st.text(" '\"\n-:#[]{}|>&*!%@`\\\u00a0\u2028\ufeff\U0001f600a0", max_size=20)
    | st.sampled_from(
        [
            "",
            "no",
            "Null",
            "~",
            "=",
            "<<",
            "1",
            "0x1f",
            "1_000",
            "1:30",
            "1e5",
            ".5",
            "2026-01-01",
            "5m",
            "10Gi",
        ]
    )
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def test_what_is_said_twice_is_written_twice() -> None:
    queue = {"size": 5}
    assert to_yaml({"b": queue, "a": [queue, queue]}) == "b:\n  size: 5\na:\n  - size: 5\n  - size: 5\n"


@settings(deadline=None)
@given(st.dictionaries(TEXT, DATA, min_size=1, max_size=4))
def test_yaml_is_read_back_as_it_was_meant(data: dict[str, Any]) -> None:
    assert yaml.load(to_yaml(data), yaml.CSafeLoader) == data


def test_queries_are_written_as_people_write_them() -> None:
    query = "sum(up)\n\n/ count(up{job='a'})"
    assert to_yaml({"expr": query}) == "expr: |-\n  sum(up)\n\n  / count(up{job='a'})\n"
    assert (
        to_yaml({"expr": "up{job='a'}", "for": "5m", "on": 1}) == "expr: 'up{job=''a''}'\nfor: 5m\n'on': 1\n"
    )


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="no YAML for set"):
        to_yaml({"a": {1, 2}})
    with pytest.raises(TypeError, match="no YAML for a number that is not finite"):
        to_yaml({"a": math.inf})


def test_json_has_its_keys_in_order_one_a_line() -> None:
    text = to_json({"b": 1, "a": "ä"})
    assert json.loads(text) == {"a": "ä", "b": 1}
    assert [line.strip()[:3] for line in text.splitlines()] == ["{", '"a"', '"b"', "}"]
    assert "ä" in text
