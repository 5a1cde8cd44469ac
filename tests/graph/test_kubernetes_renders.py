"""The committed renders are what the program makes of the stack files."""

from __future__ import annotations

import pytest

from tests.graph.kubernetes_objects import CANARY, STACKS
from tests.graph.renders import FOLDER, MONITORS, texts

pytestmark = pytest.mark.graph


def test_the_committed_renders_are_current() -> None:
    for name, text in texts():
        committed = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
        assert committed == text, f"{name}: run: python -m tests.graph.renders"
        assert CANARY[:32] not in committed


def test_there_is_no_render_of_a_stack_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {*STACKS, MONITORS}
