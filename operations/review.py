"""The commands about error budgets: ``report`` and ``policy`` for people, ``freeze`` for a pipeline."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from operations import budgets, report, stack_file
from operations.login import opener
from operations.stack import StackUnavailableError, outputs
from slo import reference
from slo.policy import BudgetPolicy

FROZEN, UNKNOWN = 1, 2
"""Exit statuses of ``freeze`` beside 0."""


def arguments(name: str, command: argparse.ArgumentParser) -> None:
    """Add what the commands take."""
    if name == "policy":
        command.add_argument("--out", type=Path, help="file to write; standard output when left out")
        return
    command.add_argument("--prometheus", default="", help="its address; the stack's own when left out")
    if name == "report":
        command.add_argument("--days", type=_days, default=30.0, help="how far back (default: %(default)g)")
        command.add_argument("--out", type=Path, default=Path("error-budgets.html"), help="file to write")
        command.add_argument("--png", action="store_true", help="also a picture, by an installed Chromium")
    else:
        command.add_argument("--service", default="", help="this service's objectives only")
        command.add_argument("--slo", default="", help="this objective only, service/name")


def write_report(chosen: argparse.Namespace) -> int:
    """Write the report; the exit status is 1 where Prometheus does not answer or no picture can be made."""
    now, policy = time.time(), stack_file.section(chosen.stack, "errorBudget", BudgetPolicy)
    try:
        found = budgets.budgets(_prometheus(chosen), now, chosen.days)
    except budgets.PrometheusUnavailableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    chosen.out.write_text(report.page(found, chosen.stack, now, chosen.days, policy), encoding="utf-8")
    print(f"{len(found)} objectives: {chosen.out}")
    if not chosen.png:
        return 0
    png = chosen.out.with_suffix(".png")
    if problem := report.picture(chosen.out, png, report.height_of(found)):
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(png)
    return 0


def write_policy(chosen: argparse.Namespace) -> int:
    """Write the error budget policy of a stack as a page."""
    page = reference.reference(stack_file.section(chosen.stack, "errorBudget", BudgetPolicy), chosen.stack)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")
        print(chosen.out)
    else:
        print(page, end="")
    return 0


def ask_for_freeze(chosen: argparse.Namespace) -> int:
    """Say whether releases are stopped: exit status 0 for no, 1 for yes, 2 where nobody knows."""

    def mine(budget: budgets.Budget) -> bool:
        return chosen.service in ("", budget.service) and chosen.slo in ("", budget.id)

    try:
        found = budgets.budgets(_prometheus(chosen), time.time(), days=1)
    except (budgets.PrometheusUnavailableError, StackUnavailableError) as error:
        print(f"unknown: {error}", file=sys.stderr)
        return UNKNOWN
    status, lines = budgets.freeze(found, mine)
    print("\n".join(lines))
    return status


def _prometheus(chosen: argparse.Namespace) -> budgets.Prometheus:
    if chosen.prometheus:
        return budgets.Prometheus(chosen.prometheus)
    found = outputs(chosen.stack, show_secrets=True)
    if url := found.get("prometheus_url"):
        return budgets.Prometheus(url, opener(found))
    raise StackUnavailableError(f"stack {chosen.stack} hands out no address of Prometheus; name --prometheus")


def _days(text: str) -> float:
    number = float(text)
    if not 0 < number <= 3660:
        raise ValueError
    return number
