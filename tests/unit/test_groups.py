"""What shares a deployed stack runs in one process: pytest and its plugin must agree on that."""

from __future__ import annotations

import os

import pytest


def test_the_tests_of_a_file_are_a_group_where_several_processes_run_them(
    request: pytest.FixtureRequest,
) -> None:
    in_a_group = request.node.nodeid.endswith(f"@{request.path}")
    assert in_a_group is ("PYTEST_XDIST_WORKER" in os.environ)
