"""The generated reference is the one that is committed."""

from __future__ import annotations

import re
from decimal import Decimal

from settings.reference import FILE, reference
from slo import reference as policy_page
from slo.policy import BudgetPolicy, Step


def test_the_committed_reference_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == reference(), "run: python -m settings.reference"


def test_every_setting_is_described() -> None:
    rows = [line.split("|") for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row[1].strip() for row in rows if not row[3].strip()] == []


def test_the_committed_error_budget_policy_is_current() -> None:
    page = policy_page.reference(BudgetPolicy())
    assert policy_page.FILE.read_text(encoding="utf-8") == page, "run: python -m slo.reference"


def test_the_page_of_the_policy_says_what_the_policy_says() -> None:
    page = policy_page.reference(BudgetPolicy())
    assert Decimal(99) in policy_page.OBJECTIVES
    assert re.search(r"^\| 99 % \|.*\| 7\.2 h \| 10,000 \|$", page, re.MULTILINE)
    changed = BudgetPolicy(half_spent=Step(spent=0.25, priority="P1"), freeze_at=0.75)
    page = policy_page.reference(changed)
    assert "| 25% | 1.8 h | `ErrorBudgetHalfSpent` | warning | P1 |" in page
    assert "| 75% | 5.4 h | releases freeze |" in page
