"""The page ``docs/error-budget-policy.md``: ``python -m slo.reference`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from slo.model import Indicator, Slo, burn_rates
from slo.policy import PERIOD_SECONDS, BudgetPolicy, Period
from slo.rules import NAMES, SEVERITY
from units import seconds

FILE = Path(__file__).resolve().parent.parent / "docs" / "error-budget-policy.md"
OBJECTIVES = tuple(Decimal(text) for text in ("99.99", "99.95", "99.9", "99.5", "99", "95", "90"))
"""Per cent; what the page shows budgets of."""
PERIODS: tuple[Period, ...] = ("7d", "28d", "30d")

_DEFAULT = """# Error budget policy

The policy of a stack that does not set `errorBudget` ([settings](settings.md), [objectives](slo.md)).
`python -m slo.reference` writes this page from what alerts, dashboards, report and freeze read;
`python -m operations policy --stack NAME` writes the one of a stack.
"""
_OF_STACK = """# Error budget policy of {stack}

`python -m operations policy --stack {stack}` writes this page from `errorBudget` of the stack file, which
alerts, dashboards, report and freeze read as well.
"""


def reference(policy: BudgetPolicy, stack: str = "") -> str:
    """Return the page about the ``policy`` of a stack as Markdown; of the defaults where none is named."""
    head = _OF_STACK.format(stack=stack) if stack else _DEFAULT
    parts = [head, *_budgets(), *_burning(policy), *_spent(policy), *_allocation(policy)]
    return "\n".join(parts).rstrip("\n") + "\n"


def _table(*rows: tuple[str, ...]) -> Iterator[str]:
    head, *body = rows
    for row in (head, ("---",) * len(head), *body):
        yield f"| {' | '.join(row)} |"
    yield ""


def _example(objective: Decimal, period: Period = "30d") -> Slo:
    return Slo("example", "example", objective, Indicator(), period)


def _budgets() -> Iterator[str]:
    yield "## Budgets\n"
    yield "What may fail: everything for so long, or so many of a million events, whenever they happen."
    yield "A `month` is the calendar month in UTC; it counts as 30 days here.\n"
    yield from _table(
        ("objective", *PERIODS, "events of 1,000,000"),
        *(
            (
                f"{objective} %",
                *(_time(_example(objective, period).budget_seconds) for period in PERIODS),
                f"{_example(objective).budget * 1_000_000:,.0f}",
            )
            for objective in OBJECTIVES
        ),
    )


def _burning(policy: BudgetPolicy) -> Iterator[str]:
    yield "## Burning too fast\n"
    yield "An alert fires where all windows of a row exceed so many times the speed at which it lasts."
    yield f"A speed that would need more than {policy.largest_error_ratio:.0%} errors is lowered to that.\n"
    head = (
        "period",
        "alert",
        "severity",
        "priority",
        "windows",
        "spent in the longest",
        "times",
        "errors at 99.9 %",
    )
    rows = [head]
    periods: tuple[Period, ...] = (*PERIODS, "month")
    for period in periods:
        for rate in burn_rates(_example(Decimal("99.9"), period), policy):
            tier = rate.tier
            rows.append(
                (
                    period,
                    f"`{NAMES[tier.kind]}`",
                    SEVERITY[tier.kind].value,
                    tier.priority,
                    ", ".join(window for window in (tier.long, tier.short, tier.reset) if window),
                    f"{tier.share:.1%}, {_time(tier.share * PERIOD_SECONDS[period] / 1000)} of outage",
                    f"{rate.factor:f}",
                    f"{rate.factor / 1000:.2%}",
                )
            )
    yield from _table(*rows)


def _spent(policy: BudgetPolicy) -> Iterator[str]:
    budget = _example(Decimal(99)).budget_seconds
    yield "## Spent\n"
    rows = [
        (f"{step.spent:.0%}", _time(budget * step.spent), f"`{alert}`", step.severity, step.priority)
        for alert, step in (
            ("ErrorBudgetHalfSpent", policy.half_spent),
            ("ErrorBudgetExhausted", policy.exhausted),
        )
    ]
    freeze = (f"{policy.freeze_at:.0%}", _time(budget * policy.freeze_at), "releases freeze", "", "")
    yield from _table(("spent", "at 99 % over 30d", "what follows", "severity", "priority"), *rows, freeze)
    yield "While releases are frozen, `python -m operations freeze --service NAME` ends with status 1;"
    yield "only repairs are released. P1 is acted on at once, P2 within the hour, P3 today, P4 this week.\n"


def _allocation(policy: BudgetPolicy) -> Iterator[str]:
    yield "## What the budget is for\n"
    budget = _example(Decimal(99)).budget_seconds
    rows = [(name, f"{share:.0%}", _time(budget * share)) for name, share in policy.allocation.items()]
    yield from _table(("use", "share", "at 99 % over 30d"), *rows)


def _time(length: float) -> str:
    """Return a number of seconds in the largest unit of which it is at least one: 7.2 h."""
    for unit, name in (("1d", "d"), ("1h", "h"), ("1m", "min")):
        if length >= seconds(unit):
            return f"{length / seconds(unit):.3g} {name}"
    return f"{length:.3g} s"


if __name__ == "__main__":
    FILE.write_text(reference(BudgetPolicy()), encoding="utf-8")
    sys.exit(0)
