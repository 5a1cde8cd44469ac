"""The page of error budgets as a person gets it: what is in it, whoever reads it, on whatever paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from operations import report
from operations.budgets import DAY, Budget, Incident
from slo.policy import BudgetPolicy

NOW = 1_800_000_000.0
COURSE = ((NOW - 2 * DAY, 1.0), (NOW, 0.35))
BUDGETS = [
    Budget("cart/a", "cart", "a", "checkout", "slo", "30d", 0.99, 1000, 7, 0.35, 1.5, False, COURSE),
    Budget("cart/a-sla", "cart", "a-sla", "checkout", "sla", "28d", 0.9, 1000, 7, 0.95, 0.1, False),
    Budget(
        "<b>/x", "<b>", "x & y", "", "slo", "month", 0.999, 1000, 90, -0.2, 40.0, True, COURSE,
        (Incident("page", NOW - 9000, NOW - 8000), Incident("ticket", NOW - 8000, NOW - 1000)),
    ),
    Budget("new/x", "new", "x", "", "slo", "7d", 0.999, 0, 0, None, None, False),
]  # fmt: skip
STYLE = (Path(report.__file__).parent / "report.css").read_text()


@pytest.fixture(scope="module")
def html() -> str:
    return report.page(BUDGETS, "a <stack>", NOW, 30, BudgetPolicy(freeze_at=0.75))


@pytest.fixture(scope="module")
def document(html: str) -> ET.Element:
    """The page; that it can be read as XML also means that every element is closed."""
    return ET.fromstring(html)


def text(element: ET.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def rows(table: ET.Element) -> Iterator[dict[str, str]]:
    """Yield what a table says by the heads of its columns."""
    heads = [text(head) for head in table.findall("thead/tr/th")]
    for row in table.findall("tbody/tr"):
        yield dict(zip(heads, map(text, row), strict=True))


def sections(document: ET.Element) -> dict[str, ET.Element]:
    found = {
        text(title): section
        for section in document.iter("section")
        if (title := section.find("h2")) is not None
    }
    assert len(found) == len(list(document.iter("section")))
    return found


def test_every_budget_is_with_its_team(document: ET.Element) -> None:
    found = sections(document)
    assert list(found) == ["checkout", "Without a team", "Columns", "Incidents", "Policy"]
    (answers, agreement) = rows(table_in(found["checkout"]))
    assert answers == {
        "Service": "cart", "Objective": "a slo 99 % over 30d", "Kept": "99.350%", "Left": "35.0%",
        "Budget": "", "Speed": "1.5", "Failed": "7 of 10 allowed", "As time": "7.2 h", "Trend": "",
    }  # fmt: skip
    assert (agreement["Objective"], agreement["Trend"]) == ("a-sla sla 90 % over 28d", "no course yet")
    overspent, unknown = rows(table_in(found["Without a team"]))
    assert (overspent["Service"], overspent["Objective"]) == ("<b>", "x & y slo 99.9 % over month")
    assert (overspent["Left"], unknown["Left"], unknown["Kept"]) == ("-20.0% frozen", "no data", "no data")


def table_in(section: ET.Element) -> ET.Element:
    (table,) = section.iter("table")
    return table


def test_what_is_counted_above(document: ET.Element) -> None:
    (numbers,) = (found for found in document.iter("ul") if found.get("class") == "numbers")
    assert [text(number) for number in numbers] == [
        "4 objectives", "2 half spent", "1 frozen", "1 pages", "1 without data",
    ]  # fmt: skip


def test_incidents_come_the_latest_first(document: ET.Element) -> None:
    first, second = rows(table_in(sections(document)["Incidents"]))
    assert (first["Alert"], first["For about"], second["Alert"]) == ("ticket", "1.9 h", "page")
    assert (second["Service"], second["For about"]) == ("<b>", "16.7 min")


def test_an_incident_that_goes_on_is_told_from_one_that_ended() -> None:
    budget = replace(BUDGETS[0], incidents=(Incident("page", NOW - 600, NOW + 100),))
    page = report.page([budget], "x", NOW, 30, BudgetPolicy())
    (row,) = rows(table_in(sections(ET.fromstring(page))["Incidents"]))
    assert row["For about"] == "10.0 min so far"


def test_what_follows_is_said_in_a_sentence(document: ET.Element) -> None:
    assert "Releases are frozen for <b>: only repairs go out." in text(document)
    page = report.page([replace(BUDGETS[2], frozen=False)], "x", NOW, 30, BudgetPolicy())
    assert "No budget is spent so far that releases stop." in text(ET.fromstring(page))


def test_every_number_is_explained(document: ET.Element) -> None:
    heads = {text(head) for head in table_in(sections(document)["checkout"]).findall("thead/tr/th")}
    assert {text(term) for term in document.iter("dt")} == heads - {"Service", "Objective", "Budget"}


def test_the_bar_and_the_line_show_the_number(document: ET.Element) -> None:
    bars = [each for each in document.iter("i") if "width" in each.get("style", "")]
    assert [(bar.get("class"), bar.get("style")) for bar in bars] == [
        ("low", "width:35%"), ("good", "width:95%"), ("gone", "width:0%"), ("soft", "width:0%"),
    ]  # fmt: skip
    line = next(document.iter("polyline"))
    (_, begin), (at_end, end) = (map(float, point.split(",")) for point in line.get("points", "").split())
    assert (begin, at_end) == (0, report.WIDTH)
    assert end == pytest.approx(0.65 / 2 * report.HEIGHT, abs=0.1)


def test_the_policy_in_sentences_has_the_alerts_numbers(document: ET.Element) -> None:
    policy = text(sections(document)["Policy"])
    assert "once 75% of a budget is spent" in policy
    assert policy.count("of the budget spent within") == len(BudgetPolicy().tiers)


def test_a_stack_without_objectives_has_a_page_as_well() -> None:
    page = text(ET.fromstring(report.page([], "new", NOW, 30, BudgetPolicy())))
    assert "No objective is recorded." in page
    assert "No burn rate alert fired." in page


def test_nothing_is_loaded_from_elsewhere(html: str, document: ET.Element) -> None:
    assert not re.search(r"@import|url\(|<script|<link|https?:", html)
    assert not [each for each in document.iter() if {"src", "href"} & set(each.attrib)]


class Tags(HTMLParser):
    """Reads the page as a browser does, to which ``<div/>`` is no closed element, and notes what is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Void elements of HTML, and those of a picture, which is XML.
        assert tag in {"meta", "br"} or "svg" in self.open, tag

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_browser_reads_the_same_elements_as_were_written(html: str) -> None:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    assert {"html", "main", "table", "svg", "dl"} <= tags.seen
    assert not tags.seen & {"img", "script", "link", "iframe", "object", "embed", "video", "audio", "source"}


def test_it_can_be_read_out(document: ET.Element) -> None:
    assert document.get("lang") == "en"
    assert text(document.find("head/title")) == unescape("Error budgets of a &lt;stack&gt;")  # type: ignore[arg-type]
    assert [each.tag for each in document.find("body") or ()] == ["header", "main"]
    assert len(list(document.iter("h1"))) == 1
    assert not [each for each in document.iter() if each.tag in ("h3", "h4")]
    for head in document.iter("th"):
        assert head.get("scope") in ("col", "row")
    for table in document.iter("table"):
        for row in table.findall("tbody/tr"):
            assert len(row) == len(table.findall("thead/tr/th"))
    for picture in document.iter("svg"):
        assert picture.get("role") == "img"
        assert re.search(r"from 100% to -?\d+%", picture.get("aria-label", ""))
    scrolled = [each for each in document.iter("div") if each.get("class") == "scroll"]
    assert len(scrolled) == 3
    for each in scrolled:
        assert (each.get("tabindex"), each.get("role")) == ("0", "region")
        assert each.get("aria-label")


def palettes() -> Mapping[str, Mapping[str, str]]:
    """Return the colours on a bright screen, on a dark one, and on paper."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks]
    return dict(zip(("bright", "dark", "paper"), found, strict=True))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("kind", ["bright", "dark", "paper"])
def test_every_colour_of_text_stands_out(kind: str) -> None:
    palette = palettes()[kind]
    assert set(palette) == {"ink", "soft", "line", "paper", "good", "low", "gone", "fill"}
    for name, behind in (
        *((name, "paper") for name in ("ink", "soft", "good", "low", "gone")), ("ink", "fill"),
    ):  # fmt: skip
        bright, dim = sorted((luminance(palette[name]), luminance(palette[behind])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, f"{name} on {behind}"


def test_every_class_has_a_style(document: ET.Element) -> None:
    used = {name for each in document.iter() for name in each.get("class", "").split()}
    assert {name for name in used if f".{name}" not in STYLE} == {"soft"}


def test_a_missing_browser_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "none of chromium" in report.picture(tmp_path / "a.html", tmp_path / "a.png", 100)
