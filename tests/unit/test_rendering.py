"""Configuration as text."""

from __future__ import annotations

import json

from rendering import to_json, to_yaml


def test_what_is_said_twice_is_written_twice() -> None:
    queue = {"size": 5}
    assert to_yaml({"b": queue, "a": [queue, queue]}) == "b:\n  size: 5\na:\n- size: 5\n- size: 5\n"


def test_json_has_its_keys_in_order_one_a_line() -> None:
    text = to_json({"b": 1, "a": "ä"})
    assert json.loads(text) == {"a": "ä", "b": 1}
    assert [line.strip()[:3] for line in text.splitlines()] == ["{", '"a"', '"b"', "}"]
    assert "ä" in text
