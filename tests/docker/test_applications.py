"""Containers that are not ours: their logs, metrics and probes are there without any set-up of theirs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docker.conftest import SHOP
from tests.docker.images import stubs
from tests.docker.stack import Stack, output, remove, run
from tests.project import until

pytestmark = pytest.mark.docker

_TRACE = "0af7651916cd43dd8448eb211c80319c"
_CART = """
echo '{"level": "error", "message": "payment refused", "trace_id": "TRACE"}'
echo 'level=warn the stock is low'
printf 'INFO order 7 taken\\nERROR order 8 failed\\n'
printf 'Traceback (most recent call last):\\n  File "cart.py", line 3, in order\\nValueError: no such item\\n'
echo 'INFO order 9 taken'
mkdir -p /tmp/www/cgi-bin
{
  echo '#!/bin/sh'
  echo "printf 'Content-Type: text/plain; version=0.0.4\\r\\n\\r\\ncart_orders_total 7\\n'"
} > /tmp/www/cgi-bin/metrics
chmod +x /tmp/www/cgi-bin/metrics
trap 'exit 0' TERM
httpd -f -p 8080 -h /tmp/www & wait
""".replace("TRACE", _TRACE)


@pytest.fixture(scope="module")
def cart(stack: Stack) -> Iterator[str]:
    """A container of a compose project, on its own network, that asks to be scraped."""
    labels = {
        "com.docker.compose.service": "cart",
        "team": "checkout",
        "prometheus.scrape": "true",
        "prometheus.port": "8080",
        "prometheus.path": "/cgi-bin/metrics",
    }
    remove(stack.engine, "cart")
    yield run(stack.engine, _CART, network=SHOP, name="cart", labels=labels)
    remove(stack.engine, "cart")


def lines(stack: Stack, query: str) -> list[tuple[dict[str, str], str]]:
    """Return labels and text of the lines that a query finds."""
    return [(stream["stream"], line) for stream in stack.logs(query) for _, line, *_ in stream["values"]]


def test_log_lines_have_labels_and_levels(stack: Stack, cart: str) -> None:
    def found() -> dict[str, dict[str, str]]:
        texts = {text: labels for labels, text in lines(stack, '{service="cart"}')}
        return texts if len(texts) >= 5 else {}

    texts = until(found, seconds=60, what="the lines of the container")
    levels = {text.splitlines()[0]: labels["level"] for text, labels in texts.items()}
    assert levels["INFO order 7 taken"] == "info"
    assert levels["level=warn the stock is low"] == "warning"
    (as_json,) = [text for text in texts if text.startswith("{")]
    assert json.loads(as_json)["message"] == "payment refused"
    assert texts[as_json]["level"] == "error"
    assert texts[as_json]["trace_id"] == _TRACE
    for labels in texts.values():
        assert labels["container"] == "cart"
        assert labels["image"].removeprefix("docker.io/library/") == "busybox:1.37.0"
        assert labels["team"] == "checkout"


def test_a_stack_trace_is_one_entry(stack: Stack, cart: str) -> None:
    query = '{service="cart"} |= "Traceback"'
    ((labels, text),) = until(lambda: lines(stack, query), seconds=60, what="the stack trace")
    assert text.splitlines()[0] == "ERROR order 8 failed"
    assert text.splitlines()[-1] == "ValueError: no such item"
    assert (labels["level"], labels["error"]) == ("error", "ValueError: no such item")


def test_a_container_that_knows_nothing_of_us_has_its_logs_read(stack: Stack) -> None:
    word = os.urandom(8).hex()
    container = run(stack.engine, f"echo {word}; sleep 60", name=f"stranger-{word}")
    try:
        query = f'{{service="stranger-{word}"}} |= "{word}"'
        until(lambda: lines(stack, query), seconds=60, what="the line of a container without labels")
    finally:
        remove(stack.engine, container)


def test_its_metrics_are_scraped_over_its_own_network(stack: Stack, cart: str) -> None:
    def scraped() -> list[dict[str, Any]]:
        return stack.metric('cart_orders_total{service="cart"}')

    (sample,) = until(scraped, seconds=60, what="the metric of the container")
    assert sample["value"][1] == "7"
    assert {key: sample["metric"][key] for key in ("job", "container", "team")} == {
        "job": "containers",
        "container": "cart",
        "team": "checkout",
    }


def test_its_address_is_probed(stack: Stack, cart: str) -> None:
    query = 'probe_success{service="cart"}'
    until(
        lambda: [sample for sample in stack.metric(query) if sample["value"][1] == "1"],
        seconds=60,
        what="the probe succeeds",
    )


def test_it_sends_to_the_collector_by_name(stack: Stack, cart: str) -> None:
    word = os.urandom(8).hex()
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "cart-otlp"}}]}
    record = {"severityNumber": 9, "body": {"stringValue": word}}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]})
    ask = (
        f"wget -q -O - --header 'Content-Type: application/json' --post-data '{body}' "
        "http://collector:4318/v1/logs && echo taken"
    )
    assert "taken" in output(stack.engine, ask, network=SHOP)
    query = f'{{service="cart-otlp"}} |= "{word}"'
    until(lambda: lines(stack, query), seconds=30, what="the line that was sent by OTLP")


def test_its_processor_and_memory_are_measured(stack: Stack, cart: str) -> None:
    if "cadvisor" in stubs():
        pytest.skip("no cadvisor program on PATH: a web server answers in its place")

    def measured() -> set[str]:
        names = "container_(cpu_usage_seconds_total|memory_working_set_bytes)"
        found = stack.metric(f'{{__name__=~"{names}", service="cart", container="cart", team="checkout"}}')
        return {sample["metric"]["__name__"] for sample in found}

    until(lambda: len(measured()) == 2, seconds=60, what="processor and memory of the container")
