"""The server's program, and a directory that nothing is left of."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provider.ownership import marked
from tests.unit.provider.stack import SERVER, Stack


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "the server"
    path.write_text(f"#!{sys.executable}\n{SERVER}")
    path.chmod(0o755)
    return path


@pytest.fixture
def stack(tmp_path: Path, program: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "stack", program)
    yield stack
    for left in marked(stack.directory):
        left.kill()
    shutil.rmtree(stack.supervisor.runtime, ignore_errors=True)
