"""Budgets of a running stack: what a person reads, and what a pipeline is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from operations import budgets, report
from operations.__main__ import main
from slo import arithmetic, rules
from slo.policy import BudgetPolicy

NOW = 1_800_000_000.0
SLOS = {"shop/availability": 0.35, "shop/latency": -0.2, "<b>/x": None}
"""Identifier → what is left."""


def series(identifier: str, value: object) -> dict[str, object]:
    service, name = identifier.split("/")
    labels = {
        "slo_id": identifier, "service": service, "slo": name, "team": "t", "period": "30d",
        "commitment": "slo",
    }  # fmt: skip
    return {"metric": labels, "value": [NOW, str(value)]}


def answer(path: str, query: str) -> list[dict[str, object]]:
    known = {identifier: left for identifier, left in SLOS.items() if left is not None}
    if path.endswith("query_range") and "ALERTS" in query:
        labels = {"slo_id": "shop/latency", "slo_severity": "page"}
        times = [NOW - 9000, NOW - 9000 + 260, NOW - 3000]
        return [{"metric": labels, "values": [[at, "1"] for at in times]}]
    if path.endswith("query_range"):
        return [
            {"metric": {"slo_id": identifier}, "values": [[NOW - 86_400, "1"], [NOW, str(left)]]}
            for identifier, left in known.items()
        ]
    values: dict[str, dict[str, object]] = {
        rules.OBJECTIVE: dict.fromkeys(SLOS, 0.99),
        arithmetic.REMAINING: dict(known),
        arithmetic.BURN_RATE: dict.fromkeys(known, 1.5),
        arithmetic.FREEZE: {identifier: int(left <= 0) for identifier, left in known.items()},
    }
    found = values.get(query, dict.fromkeys(known, 1000 if "events" in query else 7))
    return [series(identifier, value) for identifier, value in found.items()]


@pytest.fixture(scope="module")
def prometheus() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query).get("query", [""])[0]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"result": answer(parts.path, query)}}).encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def test_budgets_are_read(prometheus: str) -> None:
    found = {budget.id: budget for budget in budgets.budgets(prometheus, NOW)}
    assert set(found) == set(SLOS)
    shop = found["shop/availability"]
    assert (shop.remaining, shop.events, shop.errors, shop.frozen) == (0.35, 1000, 7, False)
    assert shop.budget_seconds == pytest.approx(7.2 * 3600)
    assert found["shop/latency"].frozen
    assert found["<b>/x"].remaining is None
    first, second = found["shop/latency"].incidents
    assert (first.kind, first.start) == ("page", NOW - 9000)
    assert first.end - first.start == pytest.approx(519.2)
    assert second.start == NOW - 3000


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 1, "frozen   shop/latency: -20.0%"),
        (["--slo", "shop/availability"], 0, "free     shop/availability: 35.0%"),
        (["--service", "shop"], 1, "frozen   shop/latency"),
        (["--service", "<b>"], 2, "nothing was recorded yet"),
        (["--service", "nope"], 2, "no objective of that name"),
    ],
)
def test_a_pipeline_is_told_by_the_exit_status(
    prometheus: str, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    assert main(["freeze", "--prometheus", prometheus, *arguments]) == status
    assert said in capsys.readouterr().out


def test_a_prometheus_that_does_not_answer_is_no_permission(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["freeze", "--prometheus", "http://127.0.0.1:9"]) == 2
    assert main(["report", "--prometheus", "http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err.count("does not answer") == 2


class Text(HTMLParser):
    """Collects tags that are open and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Nothing is left open."""


def test_the_report_is_a_page(prometheus: str, tmp_path: Path) -> None:
    file = tmp_path / "budgets.html"
    assert main(["report", "--prometheus", prometheus, "--out", str(file)]) == 0
    page = Text()
    page.feed(file.read_text())
    assert page.open == []
    for said in (
        "35.0%",
        "-20.0%",
        "99.350%",
        "7.2 h",
        "no data",
        "of 10 allowed",
        "<b>",
        "2 % of the budget",
    ):
        assert said in page.text, said
    assert "<b>/x" not in file.read_text()


def test_a_missing_browser_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "none of chromium" in report.picture(tmp_path / "a.html", tmp_path / "a.png", 100)


def test_the_policy_in_sentences_has_the_alerts_numbers() -> None:
    policy = BudgetPolicy(freeze_at=0.75)
    text = " ".join(report.statements(policy))
    assert "once 75% of a budget is spent" in text
    assert text.count("of the budget spent within") == len(policy.tiers)
