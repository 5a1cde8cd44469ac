"""How the tests share machines and servers when they run side by side (`make test`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docker.summary import write_summary

TESTS = Path(__file__).resolve().parent
SHARED = {"cluster": "the cluster", "stack": "the deployed stack", "containers": "the deployed containers"}
"""Fixture → group of the tests that use it: they run in one process, so that it is deployed once."""

_LONGEST_FIRST = ("docker", "kubernetes", "live", "engine", "tools")


def _tier(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tiers that depend on the machine ran with; no other file is loaded where it is printed."""
    write_summary(terminalreporter)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares an expensive fixture, and the tests of a file; the longest begin first."""
    items.sort(key=lambda item: (*_LONGEST_FIRST, _tier(item)).index(_tier(item)))
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        together = next((group for name, group in SHARED.items() if name in fixtures), "")
        tier = _tier(item)
        if tier in ("docker", "kubernetes") and together:
            # One after the other: two engines at a time are too much for a machine of two cores.
            together = "docker"
        in_tier = tier in ("live", "docker", "kubernetes") and together
        item.add_marker(pytest.mark.xdist_group(together if in_tier else str(item.path)))
