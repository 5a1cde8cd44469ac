"""Deliveries of reminders, by channel."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services.agents import AGENTS
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds


def rate(thresholds: Thresholds) -> str:
    """Name of the recorded deliveries per second by service, channel and status."""
    return f"service_channel_status:reminder_delivery:rate{thresholds.window}"


def failure_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of failed deliveries by service and channel, 0 to 1."""
    return f"service_channel:reminder_delivery_failures:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Rate and failures of deliveries."""
    level, ratio, by_status = f"{LEVEL}, channel", failure_ratio(thresholds), rate(thresholds)
    tried = f"sum by ({level}) ({by_status})"
    failed = f"sum by ({level}) (rate(reminder_delivery_failed_total[{thresholds.window}]))"
    busy = f"and on ({level}) {tried} > {thresholds.minimum_request_rate}"
    return (
        RuleGroup(
            "reminders",
            (
                RecordingRule(
                    by_status,
                    f"sum by ({level}, status) (rate(reminder_delivery_total[{thresholds.window}]))",
                ),
                # A channel that never failed has no series of failures: its ratio is 0, not absent.
                RecordingRule(ratio, f"({failed} or {tried} * 0) / ({tried} > 0)"),
                Alert(
                    "ReminderDeliveryFailures",
                    expr=f"{ratio} > {thresholds.delivery_failure_ratio} {busy}",
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="Reminders do not reach their recipients.",
                    description=(
                        "{{ $value | humanizePercentage }} of the reminders of {{ $labels.service }} by {{ "
                        f"$labels.channel }}}} fail; {thresholds.delivery_failure_ratio:.0%} is tolerated."
                    ),
                    dashboard=AGENTS,
                ),
                Alert(
                    "ReminderChannelDown",
                    expr=f"{ratio} >= 1 {busy}",
                    for_="10m",
                    severity=Severity.CRITICAL,
                    summary="No reminder reaches its recipient by one channel.",
                    description=(
                        "Every reminder of {{ $labels.service }} by {{ $labels.channel }} has failed for ten "
                        "minutes."
                    ),
                    dashboard=AGENTS,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="reminders", requires=frozenset({"services"}), rules=rules)
