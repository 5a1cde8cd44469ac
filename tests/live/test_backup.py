"""A backup of a running product: made, proven, and known to the stack that it is of."""

from __future__ import annotations

from tests.live.conftest import Stack
from tests.project import until


def test_the_stack_hears_of_its_backup(stack: Stack) -> None:
    for command in ("backup", "verify-backup"):
        result = stack.project.operations(command, "prometheus")
        assert result.returncode == 0, result.stdout + result.stderr
        assert not result.stderr
    for record in ("age_seconds:min", "restore_test_age_seconds:min", "size_bytes:max"):
        query = f'volume:backup_{record}{{volume="prometheus"}} > 0'
        until(lambda query=query: stack.metric(query), seconds=30, what=query)  # type: ignore[misc]
    until(lambda: stack.metric('up{job="prometheus"} == 1'), seconds=30, what="Prometheus is let go")
