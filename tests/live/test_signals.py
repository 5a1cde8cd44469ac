"""Real input: the sample application's metrics, log lines and traces arrive, and its failure is heard of."""

from __future__ import annotations

import json
from typing import Any

from tests.live.conftest import Shop, Stack, get
from tests.project import until


def test_every_address_answers(stack: Stack) -> None:
    result = stack.project.operations("health")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "scrape targets" in result.stdout


def test_a_healthy_stack_fires_nothing_but_the_watchdog(stack: Stack) -> None:
    def evaluated() -> list[dict[str, Any]]:
        return stack.metric('ALERTS{alertname="Watchdog",alertstate="firing"}')

    until(evaluated, seconds=30, what="Watchdog fires")
    until(
        lambda: stack.logs('{service="notifications"} |= "Watchdog"'),
        seconds=30,
        what="Watchdog is delivered",
    )
    firing = {alert["metric"]["alertname"] for alert in stack.metric('ALERTS{alertstate="firing"}')}
    assert firing == {"Watchdog"}


def test_every_rule_evaluates(stack: Stack) -> None:
    def groups() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = get(f"{stack.outputs['prometheus_url']}/api/v1/rules")["data"]["groups"]
        waiting = [rule for group in found for rule in group["rules"] if rule["health"] == "unknown"]
        return [] if waiting else found

    rules = [
        rule for group in until(groups, seconds=60, what="all rules evaluated") for rule in group["rules"]
    ]
    assert rules
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []


def test_metrics_logs_and_traces_of_the_shop_are_found_and_linked(stack: Stack, shop: Shop) -> None:
    assert [shop.order() for _ in range(5)] == [201] * 5

    counted = 'sum(http_requests_total{service="shop",route="/orders",method="POST"})'
    until(
        lambda: [s for s in stack.metric(counted) if float(s["value"][1]) >= 5],
        seconds=30,
        what="requests counted",
    )
    assert stack.metric('up{job="shop",team="storefront"}')[0]["value"][1] == "1"

    def line_of_an_order() -> dict[str, Any]:
        for stream in stack.logs('{service="shop",level="info"} | json | route="/orders" | trace_id!=""'):
            for _, text in stream["values"]:
                return dict(json.loads(text))
        return {}

    line = until(line_of_an_order, seconds=30, what="a log line of an order with a trace id")
    spans = until(
        lambda: stack.trace(line["trace_id"]), seconds=30, what="the trace that the log line belongs to"
    )
    assert line["span_id"] in {span["spanID"] for span in spans}

    streams = until(
        lambda: stack.logs(f'{{service="shop"}} | trace_id="{line["trace_id"]}"'),
        seconds=30,
        what="log lines of the trace",
    )
    assert {stream["stream"]["team"] for stream in streams} == {"storefront"}


def test_metrics_are_derived_from_spans(stack: Stack, shop: Shop) -> None:
    shop.order()
    query = 'sum(traces_span_metrics_calls_total{service_name="shop"})'
    until(
        lambda: [s for s in stack.metric(query) if float(s["value"][1]) > 0], seconds=45, what="span metrics"
    )


def test_a_failing_service_is_heard_of_and_so_is_its_recovery(stack: Stack, shop: Shop) -> None:
    def traffic() -> None:
        for _ in range(5):
            shop.order()

    def fired() -> list[dict[str, Any]]:
        traffic()
        return stack.receiver.alerts("HighErrorRate", "firing", service="shop", team="storefront")

    shop.fail(0.8)
    alert = until(fired, seconds=90, what="HighErrorRate arrives")[0]
    assert alert["labels"]["severity"] == "critical"
    assert alert["annotations"]["runbook_url"].endswith("HighErrorRate.md")
    assert "%" in alert["annotations"]["description"]

    shop.fail(0)

    def resolved() -> list[dict[str, Any]]:
        traffic()
        return stack.receiver.alerts("HighErrorRate", "resolved", service="shop")

    until(resolved, seconds=120, what="HighErrorRate is resolved")
    until(
        lambda: stack.logs('{service="notifications"} |= "HighErrorRate"'),
        seconds=30,
        what="the journal of notifications",
    )
