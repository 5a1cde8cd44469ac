"""The page of error budgets in a real browser: what is drawn, on a wide screen and on a narrow one."""

from __future__ import annotations

import html
import json
import re
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from operations import report
from slo.policy import BudgetPolicy
from tests.unit.test_slo_report import BUDGETS, NOW

BROWSER = report.browser()
MEASURE = """
<script>
addEventListener("load", () => {
  const all = selector => [...document.querySelectorAll(selector)];
  const boxes = selector => all(selector).map(each => each.getBoundingClientRect());
  document.body.dataset.seen = JSON.stringify({
    window: innerWidth,
    width: document.documentElement.scrollWidth,
    height: document.documentElement.scrollHeight,
    headings: boxes("h1, h2").map(box => box.height),
    courses: boxes("svg").map(box => [box.width, box.height]),
    bars: boxes(".bar i").map(box => box.width),
    cut: all("td, th").filter(each => each.scrollWidth > each.clientWidth + 1)
      .map(each => each.textContent),
    font: getComputedStyle(document.body).fontSize,
  });
});
</script></body>
"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(report.BROWSERS)} is on PATH")
MANY = [replace(budget, id=f"{budget.id}-{number}") for budget in BUDGETS for number in range(6)]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page of budgets of every kind, as it is written."""
    path = tmp_path / "report.html"
    path.write_text(report.page(MANY, "a <stack>", NOW, 30, BudgetPolicy(freeze_at=0.75)), encoding="utf-8")
    return path


def seen(page: Path, width: int) -> dict[str, Any]:
    """Return what a browser measures of a page in a window of this width, pixels."""
    measured = page.with_name("measured.html")
    measured.write_text(page.read_text(encoding="utf-8").replace("</body>", MEASURE), encoding="utf-8")
    done = subprocess.run(
        [
            *(str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom"),
            *(f"--user-data-dir={page.with_name('profile')}", f"--window-size={width},900"),
            measured.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    (found,) = re.findall(r'data-seen="([^"]*)"', done.stdout)
    answer: dict[str, Any] = json.loads(html.unescape(found))
    return answer


@pytest.mark.parametrize("width", [1240, 600])
def test_everything_is_drawn_and_nothing_is_wider_than_the_window(page: Path, width: int) -> None:
    found = seen(page, width)
    assert found["window"] == width
    assert found["width"] <= width
    assert found["font"] == "15px"
    assert len(found["headings"]) > 3
    assert all(found["headings"])
    assert len(found["courses"]) == sum(len(budget.course) > 1 for budget in MANY)
    assert all(width > 50 and height > 20 for width, height in found["courses"])
    assert any(found["bars"])
    assert found["cut"] == []


def test_a_picture_shows_the_whole_page(page: Path, tmp_path: Path) -> None:
    png, height = tmp_path / "report.png", report.height_of(MANY)
    assert seen(page, 1240)["height"] <= height
    assert report.picture(page, png, height) == ""
    content = png.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (1240, height)
    assert len(content) > 50_000, "an empty page is small"
