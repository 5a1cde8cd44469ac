"""What the tests on Kubernetes share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kubernetes.apiserver import ApiServer, an_apiserver


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    """An API server without anything behind it."""
    with an_apiserver() as server:
        yield server
