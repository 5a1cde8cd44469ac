"""The error budgets of a stack as a page for a monthly review: one HTML file that needs nothing else."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import groupby
from pathlib import Path

from operations.budgets import DAY, Budget, Course, Incident
from slo.policy import BudgetPolicy

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""Programs that can turn the page into a picture, in the order in which they are looked for."""
WIDTH, HEIGHT = 116, 44
"""Of a course, in pixels."""
COLUMNS = {
    "Kept": "share of good events over the period so far",
    "Left": "share of the error budget that is not spent; below zero it is overspent",
    "Speed": "how fast the budget goes now: at 1 it lasts exactly for the period",
    "Failed": "events of the period so far that failed, and how many of them may",
    "As time": "how long everything may fail in a period",
    "Trend": "what was left over time; the line in the middle is an empty budget",
}
"""What the numbers of a budget mean, by the heads of their columns."""

_STYLE = Path(__file__).with_suffix(".css")


def page(budgets: Sequence[Budget], stack: str, now: float, days: float, policy: BudgetPolicy) -> str:
    """Return the report as HTML."""
    until = datetime.fromtimestamp(now, UTC)
    since = datetime.fromtimestamp(now - days * DAY, UTC)
    teams = groupby(budgets, key=lambda budget: budget.team)
    body = "".join(_team(team, list(members), now, days, policy) for team, members in teams)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>Error budgets of {escape(stack)}</title>"
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>"
        f"<header><h1>Error budgets of {escape(stack)}</h1>"
        f"<p>{since:%-d %B %Y} to {until:%-d %B %Y, %H:%M} UTC</p></header>"
        f"<main>{_numbers(budgets, policy)}{_frozen(budgets)}{body or '<p>No objective is recorded.</p>'}"
        f"{_columns() if body else ''}{_incidents(budgets, now)}{_policy(policy)}</main></body></html>\n"
    )


def browser() -> str | None:
    """Return the program that can turn the page into a picture; None where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def picture(html: Path, png: Path, height: int) -> str:
    """Have a browser turn the page into ``png``; return why that cannot be done, nothing where it was."""
    program = browser()
    if program is None:
        return f"no picture: none of {', '.join(BROWSERS)} is installed"
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--window-size=1240,{height}",
                f"--screenshot={png.resolve()}",
                html.resolve().as_uri(),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    if done.returncode or not png.is_file():
        return f"no picture: {program} says: {done.stderr.strip().splitlines()[-1:] or 'nothing'}"
    return ""


def height_of(budgets: Sequence[Budget]) -> int:
    """Return how high a picture must be to show the whole page, pixels."""
    incidents = sum(len(budget.incidents) for budget in budgets)
    teams = len({budget.team for budget in budgets})
    return 840 + 66 * len(budgets) + 130 * teams + 39 * min(incidents, 50)


def _numbers(budgets: Sequence[Budget], policy: BudgetPolicy) -> str:
    known = [budget for budget in budgets if budget.remaining is not None]
    half = 1 - policy.half_spent.spent
    numbers = {
        "objectives": len(budgets),
        "half spent": sum((budget.remaining or 0) <= half for budget in known),
        "frozen": sum(budget.frozen for budget in known),
        "pages": sum(each.kind == "page" for budget in budgets for each in budget.incidents),
        "without data": len(budgets) - len(known),
    }
    cells = (f'<li class="number"><b>{number}</b>{name}</li>' for name, number in numbers.items())
    return f'<ul class="numbers">{"".join(cells)}</ul>'


def _frozen(budgets: Sequence[Budget]) -> str:
    """Return what follows from the budgets, in a sentence for who reads no table."""
    services = sorted({budget.service for budget in budgets if budget.frozen})
    if services:
        names = escape(", ".join(services))
        return f"<p><strong>Releases are frozen for {names}:</strong> only repairs go out.</p>"
    known = any(budget.remaining is not None for budget in budgets)
    return "<p>No budget is spent so far that releases stop.</p>" if known else ""


def _columns() -> str:
    """Return what the columns of the budgets mean."""
    items = "".join(f"<dt>{name}</dt><dd>{meaning}</dd>" for name, meaning in COLUMNS.items())
    return f"<section><h2>Columns</h2><dl>{items}</dl></section>"


def _team(team: str, budgets: Sequence[Budget], now: float, days: float, policy: BudgetPolicy) -> str:
    head = _head("Service", "Objective", "Kept>", "Left>", "Budget", "Speed>", "Failed>", "As time>", "Trend")
    rows = "".join(_row(budget, now, days, policy) for budget in budgets)
    return _table(team or "Without a team", head, rows)


def _table(title: str, head: str, rows: str) -> str:
    """Return a table with its title; what is too wide is scrolled, by keys as well."""
    return (
        f"<section><h2>{escape(title)}</h2>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _head(*names: str) -> str:
    """Return the heads of columns; those of numbers end in ``>``."""
    kinds = ((name.removesuffix(">"), ' class="n"' if name.endswith(">") else "") for name in names)
    return "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in kinds)


def _row(budget: Budget, now: float, days: float, policy: BudgetPolicy) -> str:
    left = budget.remaining
    state = "soft" if left is None else _state(left, policy)
    kept = "no data" if left is None else f"{1 - (1 - left) * (1 - budget.objective):.3%}"
    share = "no data" if left is None else f"{left:.1%}"
    frozen = '<br/><span class="tag">frozen</span>' if budget.frozen else ""
    filled = 100 * min(1.0, max(0.0, left or 0.0))
    bar = f'<div class="bar" aria-hidden="true"><i class="{state}" style="width:{filled:.0f}%"></i></div>'
    burn = "" if budget.burn_rate is None else f"{budget.burn_rate:.1f}"
    allowed = budget.events * (1 - budget.objective)
    return (
        f'<tr><th scope="row">{escape(budget.service)}</th>'
        f'<td>{escape(budget.name)} <span class="tag">{escape(budget.commitment)}</span><br/>'
        f"<small>{budget.objective * 100:g} % over {escape(budget.period)}</small></td>"
        f'<td class="n">{kept}</td><td class="n {state}">{share}{frozen}</td><td>{bar}</td>'
        f'<td class="n">{burn}</td>'
        f'<td class="n">{budget.errors:,.0f}<br/><small>of {allowed:,.0f} allowed</small></td>'
        f'<td class="n">{_duration(budget.budget_seconds)}</td>'
        f"<td>{_course(budget.course, now, days)}</td></tr>"
    )


def _state(left: float, policy: BudgetPolicy) -> str:
    if left <= 1 - policy.exhausted.spent:
        return "gone"
    return "low" if left <= 1 - policy.half_spent.spent else "good"


def _course(course: Course, now: float, days: float) -> str:
    """Return what was left over time as a line between full and overspent by as much again."""
    if len(course) < 2:
        return "<small>no course yet</small>"
    begin, length = now - days * DAY, days * DAY
    points = " ".join(
        f"{(at - begin) / length * WIDTH:.1f},{(1 - max(-1.0, min(1.0, value))) / 2 * HEIGHT:.1f}"
        for at, value in course
    )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="budget left over time, from {course[0][1]:.0%} to {course[-1][1]:.0%}">'
        f'<line x1="0" x2="{WIDTH}" y1="{HEIGHT / 2}" y2="{HEIGHT / 2}" stroke="var(--line)"/>'
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    )


def _incidents(budgets: Sequence[Budget], now: float) -> str:
    found = sorted(
        ((incident, budget) for budget in budgets for incident in budget.incidents),
        key=lambda pair: -pair[0].start,
    )
    rows = "".join(
        f"<tr><td>{datetime.fromtimestamp(incident.start, UTC):%-d %b, %H:%M}</td>"
        f'<td class="n">{_length(incident, now)}</td>'
        f"<td>{escape(incident.kind)}</td>"
        f"<td>{escape(budget.service)}</td><td>{escape(budget.name)}</td></tr>"
        for incident, budget in found[:50]
    )
    if not rows:
        return "<h2>Incidents</h2><p>No burn rate alert fired.</p>"
    head = _head("Began (UTC)", "For about>", "Alert", "Service", "Objective")
    more = f"<p>{len(found) - 50} older ones are not shown.</p>" if len(found) > 50 else ""
    return _table("Incidents", head, rows) + more


def _length(incident: Incident, now: float) -> str:
    lasted = _duration(min(incident.end, now) - incident.start)
    return f"{lasted} so far" if incident.end > now else lasted


def _policy(policy: BudgetPolicy) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in statements(policy))
    return f"<section><h2>Policy</h2><ul>{lines}</ul></section>"


def statements(policy: BudgetPolicy) -> Iterator[str]:
    """Yield the policy in sentences, from the numbers that the alerts use."""
    for tier in policy.tiers:
        yield (
            f"{tier.priority}, {tier.kind}: {tier.share * 100:g} % of the budget spent within {tier.long} "
            f"(and still burning over {tier.short})."
        )
    half, exhausted = policy.half_spent, policy.exhausted
    yield f"{half.priority}: {half.spent:.0%} of a budget is spent."
    yield f"{exhausted.priority}: {exhausted.spent:.0%} of a budget is spent."
    yield f"Releases other than repairs stop once {policy.freeze_at:.0%} of a budget is spent."
    shares = ", ".join(f"{share:.0%} {name}" for name, share in policy.allocation.items())
    yield f"The budget is meant for: {shares}."


def _duration(seconds: float) -> str:
    for unit, length in (("d", DAY), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
