"""Dashboards of the objectives: all budgets at a glance, and one objective in detail."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from slo import arithmetic, rules
from slo.policy import BudgetPolicy

OVERVIEW = "slo-overview"
"""UID of the dashboard of all budgets."""
BY = "{{service}}: {{slo}}"


def dashboards(policy: BudgetPolicy) -> tuple[Dashboard, ...]:
    """Return both dashboards."""
    return (_overview(policy), _detail(policy))


def _with(metric: str, chosen: str) -> str:
    """Return ``metric`` with the team and the kind of promise of its objective, to filter by."""
    about = f"({rules.OBJECTIVE}{{{chosen}}} > bool 0)"
    return f"{metric}{rules.OWN} * on (slo_id) group_left (team, commitment) {about}"


def _overview(policy: BudgetPolicy) -> Dashboard:
    chosen = 'service=~"$service", commitment=~"$commitment", slo_id!=""'
    remaining, burning = _with(arithmetic.REMAINING, chosen), _with(arithmetic.BURN_RATE, chosen)
    spent = 1 - policy.exhausted.spent
    return panels.dashboard(
        OVERVIEW,
        "SLOs and SLAs",
        "Error budgets of all objectives and agreements: what is left, and how fast it goes.",
        variables=(
            panels.service(rules.OBJECTIVE),
            panels.variable("commitment", f"label_values({rules.OBJECTIVE}, commitment)", ".*"),
        ),
        rows={
            "Now": (
                panels.stat("Objectives", f"count({rules.OBJECTIVE}{{{chosen}}}) or vector(0)"),
                panels.stat("Budgets exhausted", f"count(({remaining}) <= {spent:g}) or vector(0)", limit=1),
                panels.stat(
                    "Budgets half spent",
                    f"count(({remaining}) <= {1 - policy.half_spent.spent:g}) or vector(0)",
                    limit=1,
                ),
                panels.stat(
                    "Alerts on burn rates",
                    'count(ALERTS{alertstate="firing", slo_severity!="", service=~"$service"}) or vector(0)',
                    limit=1,
                ),
            ),
            "Budgets": (
                panels.table("Budget left", f"sort({remaining})", panels.Unit.RATIO),
                panels.table("Speed, 1 spends the budget exactly in its period", f"sort_desc({burning})"),
                panels.timeseries("Budget left over time", [(remaining, BY)], panels.Unit.RATIO),
                panels.timeseries("Burn rate", [(burning, BY)], limit=1),
            ),
        },
    )


def _detail(policy: BudgetPolicy) -> Dashboard:
    chosen = 'slo_id=~"$slo"'
    budget = f"on (slo_id) group_left () {arithmetic.BUDGET}{{{chosen}}}"
    windows = ("5m", "1h", "6h", "3d")
    return panels.dashboard(
        rules.DASHBOARD,
        "SLO in detail",
        "One objective: what was promised, what was kept, what is left.",
        variables=(panels.variable("slo", f"label_values({rules.OBJECTIVE}, slo_id)", ".+"),),
        rows={
            "Promise": (
                panels.stat("Objective", f"min({rules.OBJECTIVE}{{{chosen}}})", panels.Unit.RATIO),
                panels.stat("Kept", f"1 - max({arithmetic.PERIOD_ERROR}{{{chosen}}})", panels.Unit.RATIO),
                panels.gauge(
                    "Budget left",
                    [(f"clamp_min(min({arithmetic.REMAINING}{{{chosen}}}), 0)", "")],
                    limit=1 - policy.half_spent.spent,
                    floor=True,
                ),
                panels.stat("Burn rate", f"max({arithmetic.BURN_RATE}{{{chosen}}})", limit=1),
            ),
            "Course": (
                panels.timeseries(
                    "Budget left", [(f"{arithmetic.REMAINING}{{{chosen}}}", BY)], panels.Unit.RATIO
                ),
                panels.timeseries(
                    "Burn rate by window",
                    [(f"{rules.ratio(w)}{{{chosen}}} / {budget}", f"{w} {BY}") for w in windows],  # type: ignore[arg-type]
                    limit=1,
                ),
                panels.timeseries(
                    "Events per second",
                    [(f"{rules.EVENTS}{{{chosen}}}", BY)],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Failed events per second",
                    [(f"{rules.ERRORS}{{{chosen}}}", BY)],
                    panels.Unit.PER_SECOND,
                ),
            ),
            "Budget in events": (
                panels.stat("Events in the period", f"sum({arithmetic.period_sum('events')}{{{chosen}}})"),
                panels.stat("Failed in the period", f"sum({arithmetic.period_sum('errors')}{{{chosen}}})"),
                panels.stat(
                    "May fail in the period so far",
                    f"sum({arithmetic.period_sum('events')}{{{chosen}}} * {budget})",
                ),
                panels.stat("Releases frozen", f"max({arithmetic.FREEZE}{{{chosen}}})", limit=1),
            ),
        },
    )
