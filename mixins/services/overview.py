"""The first dashboard to open: everything that matters, a panel each; it has no rules but the fast rate."""

from __future__ import annotations

from mixins.model import Dashboard, Mixin, RecordingRule, RuleGroup
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds

SYSTEM = "system-overview"
"""UID of the dashboard."""
FAST = "service:http_requests:fast_rate1m"
"""Name of the recorded requests per second within the last minute, for what just happened."""


def rules(_thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the rate of requests over one minute, whatever the window of the other rates is."""
    return (
        RuleGroup("overview", (RecordingRule(FAST, f"sum by ({LEVEL}) (rate(http_requests_total[1m]))"),)),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the system overview."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import overview_dashboard  # noqa: PLC0415

    return (overview_dashboard.system(thresholds),)


MIXIN = Mixin(name="overview", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
