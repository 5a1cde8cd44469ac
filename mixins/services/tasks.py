"""Background work of the services."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services.agents import AGENTS
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds


def rate(thresholds: Thresholds) -> str:
    """Name of the recorded operations per second by service, operation and status."""
    return f"service_operation_status:task_operations:rate{thresholds.window}"


def failure_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of failed operations by service and operation, 0 to 1."""
    return f"service_operation:task_failures:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Rate and failures of task operations."""
    level, by_status = f"{LEVEL}, operation", rate(thresholds)
    total = f"sum by ({level}) ({by_status})"
    return (
        RuleGroup(
            "tasks",
            (
                RecordingRule(
                    by_status,
                    f"sum by ({level}, status) (rate(task_operations_total[{thresholds.window}]))",
                ),
                RecordingRule(
                    failure_ratio(thresholds),
                    f'(sum by ({level}) ({by_status}{{status="error"}}) or {total} * 0) / ({total} > 0)',
                ),
                Alert(
                    "TaskFailures",
                    expr=(
                        f"{failure_ratio(thresholds)} > {thresholds.task_failure_ratio} "
                        f"and on ({level}) {total} > {thresholds.minimum_request_rate}"
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Background work of a service fails.",
                    description=(
                        "{{ $value | humanizePercentage }} of the operations {{ $labels.operation }} of "
                        f"{{{{ $labels.service }}}} fail; {thresholds.task_failure_ratio:.0%} is tolerated."
                    ),
                    dashboard=AGENTS,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="tasks", requires=frozenset({"services"}), rules=rules)
