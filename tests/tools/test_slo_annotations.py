"""What a person reads in an alert about an objective, as Prometheus renders it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mixins.model import Links
from slo.model import WINDOW, AlertOptions, Indicator, Slo
from tests.tools.test_slo_incidents import evaluate

GRAFANA, RUNBOOKS = "https://grafana.example.org", "https://runbooks.example.org"
LINKS = Links(RUNBOOKS, GRAFANA)
MINUTES = 420
FAST = "P1] 5m and 1h, above 14.4 times: 2 % of the budget in 1h. "
SLOW = "P2] 30m and 6h, above 6 times: 5 % of the budget in 6h. "
DAY = "P3] 2h and 1d, above 3 times: 10 % of the budget in 1d. "
DAYS = "P4] 6h and 3d, above 1 times: 10 % of the budget in 3d. "


def objective(name: str, **fields: Any) -> Slo:
    """Return an objective of 99.9 % of the requests of a service."""
    errors, events = (
        f'sum(rate({metric}_total{{s="{name}"}}[{WINDOW}]))' for metric in ("failures", "requests")
    )
    return replace(
        Slo(name, "answers", Decimal("99.9"), Indicator(events, errors), team="checkout"), **fields
    )


def series(name: str, failures: int) -> dict[str, str]:
    """Return counters of which so many of 10,000 requests a minute fail, all the time."""
    return {
        f'requests_total{{s="{name}"}}': f"0+10000x{MINUTES}",
        f'failures_total{{s="{name}"}}': f"0+{failures}x{MINUTES}",
    }


def explore(query: str) -> str:
    """Return the page of Grafana that shows what a query finds in the last hour; ``query`` begins with A."""
    source = json.loads(query)["datasource"]["uid"]
    panes = f'{{"a":{{"datasource":"{source}","queries":[{query}],"range":{{"from":"now-1h","to":"now"}}}}}}'
    return f"{GRAFANA}/explore?schemaVersion=1&orgId=1&panes={quote(panes, safe='')}"


def links(name: str, page: str) -> dict[str, str]:
    logs = (
        f'{{"refId":"A","expr":"{{service=\\"{name}\\", level=~\\"error|critical\\"}}",'
        '"datasource":{"type":"loki","uid":"loki"}}'
    )
    traces = (
        f'{{"refId":"A","queryType":"search","service":"{name}",'
        '"datasource":{"type":"jaeger","uid":"jaeger"}}'
    )
    return {
        "runbook_url": f"{RUNBOOKS}/{page}.md",
        "dashboard_url": f"{GRAFANA}/d/slo-detail?var-slo={name}/answers",
        "logs_url": explore(logs),
        "traces_url": explore(traces),
    }


def fires(alertname: str, *expected: dict[str, Any]) -> dict[str, Any]:
    return {"eval_time": f"{MINUTES}m", "alertname": alertname, "exp_alerts": list(expected)}


def burns(name: str, kind: str, says: str, windows: str, **more: Any) -> dict[str, Any]:
    """Return a burn rate alert as it is expected: its labels and what it says."""
    page = kind == "page"
    about = {"service": name, "slo": "answers", "slo_id": f"{name}/answers", "period": "30d"}
    fixed = {"severity": "critical" if page else "warning", "team": "checkout", "commitment": "slo"}
    summary = (
        "An error budget is burning so fast that somebody must act now."
        if page
        else "An error budget is burning faster than it lasts."
    )
    return {
        "exp_labels": {**about, **fixed, "slo_severity": kind, **more.get("labels", {})},
        "exp_annotations": {
            "summary": summary,
            "description": says,
            "windows": windows,
            **links(name, "ErrorBudgetBurnFast" if page else "ErrorBudgetBurnSlow"),
            **more.get("annotations", {}),
        },
    }


def test_a_burn_rate_alert_says_how_fast_what_is_left_which_windows_where_to_look(
    tmp_path: Path,
) -> None:
    own = AlertOptions(labels={"channel": "#shop"}, annotations={"hint": "{{ $labels.service }} is on fire"})
    slos = [
        objective("outage"),
        objective("burning", description="Customers {{ of ours }} are answered.", page=own),
        objective("drizzle", runbook="https://wiki.example.org/drizzle"),
    ]
    of = "answers, 99.9 % over 30d, loses its budget"
    page = [
        burns(
            "outage",
            "page",
            f"outage: {of} 20.0 times faster than it lasts. Budget left: -1900%.",
            f"[{FAST}[{SLOW}",
        ),
        burns(
            "burning",
            "page",
            f"burning: {of} 7.0 times faster than it lasts. Budget left: -600%. "
            "Customers {{ of ours }} are answered.",
            f"[{SLOW}",
            labels={"channel": "#shop"},
            annotations={"hint": "burning is on fire"},
        ),
    ]
    ticket = [
        burns(
            "outage",
            "ticket",
            f"outage: {of} 20.0 times faster than it lasts. Budget left: -1900%.",
            f"[{DAY}[{DAYS}",
        ),
        burns(
            "burning",
            "ticket",
            f"burning: {of} 7.0 times faster than it lasts. Budget left: -600%. "
            "Customers {{ of ours }} are answered.",
            f"[{DAY}[{DAYS}",
        ),
        burns(
            "drizzle",
            "ticket",
            f"drizzle: {of} 2.0 times faster than it lasts. Budget left: -100%.",
            f"[{DAYS}",
            annotations={"runbook_url": "https://wiki.example.org/drizzle"},
        ),
    ]
    counters = {**series("outage", 200), **series("burning", 70), **series("drizzle", 20)}
    alerts = [fires("ErrorBudgetBurnFast", *page), fires("ErrorBudgetBurnSlow", *ticket)]
    assert evaluate(tmp_path, slos, counters, [], interval="5m", alerts=alerts, links=LINKS) == ""


def test_alerts_on_a_budget_say_how_much_is_left(tmp_path: Path) -> None:
    def expected(name: str, says: str, **labels: str) -> dict[str, Any]:
        alert = "ErrorBudgetHalfSpent" if name == "half" else "ErrorBudgetExhausted"
        summary = {
            "half": "A large part of an error budget is spent.",
            "gone": "An error budget is spent; releases wait until the service is reliable again.",
        }
        shown = links(name, alert)
        return fires(
            alert,
            {
                "exp_labels": {
                    "service": name, "slo": "answers", "slo_id": f"{name}/answers", "period": "30d",
                    "team": "checkout", "commitment": "slo", "severity": "warning", **labels,
                },
                "exp_annotations": {
                    "summary": summary[name],
                    "description": says,
                    "runbook_url": shown["runbook_url"],
                    "dashboard_url": shown["dashboard_url"],
                },
            },
        )  # fmt: skip

    alerts = [
        expected(
            "half",
            "half: answers has 40% of its budget left for 30d; the policy speaks up at 50% spent.",
            priority="P3",
        ),
        expected(
            "gone",
            "gone: answers has -50% of its budget left for 30d. The error budget policy applies.",
            priority="P2",
        ),
    ]
    counters = {**series("half", 6), **series("gone", 15)}
    slos = [objective("half"), objective("gone")]
    assert evaluate(tmp_path, slos, counters, [], interval="5m", alerts=alerts, links=LINKS) == ""
