"""The committed renders are what the program makes of the stack files."""

from __future__ import annotations

import pytest

from tests.graph.kubernetes_objects import CANARY, STACKS
from tests.graph.renders import FOLDER, text

pytestmark = pytest.mark.graph


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_render_is_current(stack: str) -> None:
    committed = (FOLDER / f"{stack}.yaml").read_text(encoding="utf-8")
    assert committed == text(stack), "run: python -m tests.graph.renders"
    assert CANARY[:32] not in committed


def test_there_is_no_render_of_a_stack_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(STACKS)
