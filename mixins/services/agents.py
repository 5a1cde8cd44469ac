"""The dashboard of background agents: tasks, reminders, audit log; their alerts are in those mixins."""

from __future__ import annotations

from mixins.model import Dashboard, Mixin
from mixins.thresholds import Thresholds

AGENTS = "agents"
"""UID of the dashboard."""


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the agents."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import agents_dashboard  # noqa: PLC0415

    return (agents_dashboard.agents(thresholds),)


MIXIN = Mixin(name="agents", requires=frozenset({"services"}), rules=lambda _: (), dashboards=dashboards)
