"""The dashboard of background agents."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from mixins.services import agents as mixin
from mixins.services import audit, events, reminders, tasks, websocket
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", service=~"$service"'


def agents(thresholds: Thresholds) -> Dashboard:
    """Return tasks, reminders, audit log, messages and health of the chosen services."""
    operations, deliveries = tasks.rate(thresholds), reminders.rate(thresholds)
    succeeded = f"1 - max({reminders.failure_ratio(thresholds)}{{{CHOSEN}}})"
    return panels.dashboard(
        mixin.AGENTS,
        "Agents",
        "Background agents: tasks, reminders, audit log, messages, and whether they keep up.",
        variables=(panels.environment(), panels.service("up")),
        rows={
            "Tasks": (
                panels.timeseries(
                    "Task operations by operation and status",
                    [
                        (
                            f"sum by (operation, status) ({operations}{{{CHOSEN}}})",
                            "{{operation}} {{status}}",
                        )
                    ],
                    panels.Unit.PER_SECOND,
                    stacked=True,
                ),
                panels.timeseries(
                    "Recurring tasks generated",
                    [
                        (
                            f'sum by (service) ({operations}{{{CHOSEN}, operation=~".*recurring.*"}})',
                            "{{service}}",
                        )
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Failed task operations",
                    [(f"{tasks.failure_ratio(thresholds)}{{{CHOSEN}}}", "{{service}} {{operation}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.task_failure_ratio,
                ),
                panels.timeseries(
                    "Event processing lag by agent",
                    [(f"sum by (service, topic) ({events.LAG}{{{CHOSEN}}})", "{{service}} {{topic}}")],
                    limit=thresholds.consumer_lag,
                ),
            ),
            "Reminders and audit log": (
                panels.timeseries(
                    "Reminder delivery by channel and status",
                    [(f"sum by (channel, status) ({deliveries}{{{CHOSEN}}})", "{{channel}} {{status}}")],
                    panels.Unit.PER_SECOND,
                    stacked=True,
                ),
                panels.gauge(
                    "Delivery success, worst channel",
                    [(succeeded, "delivered")],
                    limit=1 - thresholds.delivery_failure_ratio,
                    floor=True,
                ),
                panels.stat(
                    "Audit log entries lost within an hour",
                    f"sum(increase(audit_log_errors_total{{{CHOSEN}}}[1h]))",
                    limit=1,
                ),
                panels.timeseries(
                    "Audit log entries written",
                    [(f"{audit.writes(thresholds)}{{{CHOSEN}}}", "{{service}}")],
                    panels.Unit.PER_SECOND,
                ),
            ),
            "Messages and health": (
                panels.timeseries(
                    "WebSocket messages sent and received",
                    [
                        (
                            f"sum by (service) ({websocket.messages(each, thresholds)}{{{CHOSEN}}})",
                            f"{{{{service}}}} {each}",
                        )
                        for each in websocket.DIRECTIONS
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.table("Health of the agents", f"min by (service, job, instance) (up{{{CHOSEN}}})"),
            ),
        },
    )
