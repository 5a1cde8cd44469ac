"""Budgets of a running stack: what a person reads, and what a pipeline is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from operations import budgets
from operations.__main__ import main
from slo import arithmetic, rules
from tests.serving import serving

NOW = 1_800_000_000.0
POLICY = "observability:errorBudget"
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
    query = query.removesuffix(rules.OWN)
    values: dict[str, dict[str, object]] = {
        rules.OBJECTIVE: dict.fromkeys(SLOS, 0.99),
        arithmetic.REMAINING: dict(known),
        arithmetic.BURN_RATE: dict.fromkeys(known, 1.5),
        arithmetic.FREEZE: {identifier: int(left <= 0) for identifier, left in known.items()},
    }
    found = values.get(query, dict.fromkeys(known, 1000 if "events" in query else 7))
    return [series(identifier, value) for identifier, value in found.items()]


LOGIN = "Basic " + base64.b64encode(b"viewer:of-people").decode()


@pytest.fixture(scope="module")
def prometheus() -> Iterator[str]:
    """Answer as a Prometheus; below ``/behind`` only who logs in."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/behind/") and self.headers["Authorization"] != LOGIN:
                self.send_error(401)
                return
            parts = urlsplit(self.path.removeprefix("/behind"))
            query = parse_qs(parts.query).get("query", [""])[0]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"result": answer(parts.path, query)}}).encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def test_budgets_are_read(prometheus: str) -> None:
    found = {budget.id: budget for budget in budgets.budgets(budgets.Prometheus(prometheus), NOW)}
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


def test_a_prometheus_behind_a_login_is_asked_with_the_stacks_own_credentials(
    prometheus: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {
        "prometheus_url": f"{prometheus}/behind", "login_username": "viewer", "login_password": "of-people",
    }  # fmt: skip
    monkeypatch.setattr("operations.review.outputs", lambda *_, **__: outputs)
    assert main(["freeze", "--stack", "prod", "--slo", "shop/availability"]) == 0
    outputs["login_password"] = "another"
    assert main(["freeze", "--stack", "prod", "--slo", "shop/availability"]) == 2
    said = capsys.readouterr()
    assert "401" in said.err
    assert "another" not in said.out + said.err


def test_the_report_is_a_page(prometheus: str, tmp_path: Path) -> None:
    file = tmp_path / "budgets.html"
    assert main(["report", "--prometheus", prometheus, "--out", str(file)]) == 0
    assert file.read_text().startswith("<!DOCTYPE html>")
    assert "<b>/x" not in file.read_text()


def test_the_policy_of_a_stack_is_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.stack_file.configuration", lambda *_: {POLICY: {"freezeAt": 0.9}})
    file = tmp_path / "policy.md"
    assert main(["policy", "--stack", "prod", "--out", str(file)]) == 0
    page = file.read_text()
    assert page.startswith("# Error budget policy of prod\n")
    assert "| 90% | 6.48 h | releases freeze |" in page


def test_a_policy_that_contradicts_itself_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("operations.stack_file.configuration", lambda *_: {POLICY: {"freezeAt": "soon"}})
    assert main(["policy"]) == 1
    assert "errorBudget.freezeAt: must be a number" in capsys.readouterr().err
