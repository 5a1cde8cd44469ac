"""How the tests share machines and servers when they run side by side (`make test`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docker.summary import write_summary

TESTS = Path(__file__).resolve().parent
SHARED = {"docker": ("engine",), "kubernetes": ("cluster", "apiserver"), "live": ("stack",)}
"""Tier → fixtures of which there is one: the tests that use it run in one process, one after the other."""

_LONGEST_FIRST = ("engine", "cluster", "stack", "apiserver", "")
_TIERS = ("docker", "kubernetes", "live", "engine", "tools", "graph", "unit")


def _tier(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0]


def _shared(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    return next((name for name in SHARED.get(_tier(item), ()) if name in fixtures), "")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tiers that depend on the machine ran with; no other file is loaded where it is printed."""
    write_summary(terminalreporter)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares a server, else the tests of a file; what takes longest begins first."""
    items.sort(key=lambda item: (_LONGEST_FIRST.index(_shared(item)), _TIERS.index(_tier(item))))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_shared(item) or str(item.path)))
