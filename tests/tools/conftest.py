"""The programs that judge generated files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

import toolchain


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Run one of the stack's programs and return what it printed; fail where it complains."""

    def run(name: str, *arguments: str) -> str:
        program = toolchain.find(name)
        assert program, f"{name} is not installed; run: make setup"
        result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{name} {' '.join(arguments)}\n{result.stdout}{result.stderr}"
        return result.stdout + result.stderr

    return run
