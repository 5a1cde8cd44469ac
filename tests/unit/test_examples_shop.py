"""The shop, run as its users run it, and its traffic generator."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    return {**kept, "PYTHONPATH": str(ROOT / "sdk"), "OTEL_TRACES_EXPORTER": "none", "PYTHONUNBUFFERED": "1"}


class Shop:
    """A shop running as a process of its own."""

    def __init__(self, port: int, log_file: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log_file = log_file

    def call(self, path: str, body: object = None, **headers: str) -> tuple[int, str]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with OPENER.open(request, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def lines(self) -> list[dict[str, Any]]:
        # The last line may be half written at this moment.
        *complete, _ = self._log_file.read_text().split("\n")
        return [json.loads(line) for line in complete]

    def metrics(self) -> dict[str, float]:
        samples = [line for line in self.call("/metrics")[1].splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in samples)}


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.05)


def answers(shop: Shop) -> bool:
    try:
        return shop.call("/healthz")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    log_file = tmp_path_factory.mktemp("shop") / "logs" / "shop.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "examples.shop", "--port", str(port), "--log-file", str(log_file)]
    with subprocess.Popen(
        [*command, "--reconcile-seconds", "0.1"], cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL
    ) as process:
        shop = Shop(port, log_file)
        try:
            wait_for(lambda: process.poll() is not None or answers(shop))
            assert process.poll() is None
            yield shop
        finally:
            process.terminate()
            assert process.wait(20) == 0, "ended by the signal, before the last spans were sent"


def test_orders_are_created_listed_and_found(shop: Shop) -> None:
    status, body = shop.call("/orders", {"item": "tea", "quantity": 2})
    order = json.loads(body)
    assert status == 201
    assert order == {"id": order["id"], "item": "tea", "quantity": 2}
    assert shop.call(f"/orders/{order['id']}") == (200, body)
    assert order in json.loads(shop.call("/orders")[1])
    assert shop.call("/orders/999999")[0] == 404
    assert json.loads(shop.call("/")[1])["orders"] >= 1


def test_an_order_is_an_event_of_the_business(shop: Shop) -> None:
    def placed() -> float:
        return sum(
            value for name, value in shop.metrics().items() if name.startswith("business_events_total")
        )

    before = placed()
    assert shop.call("/orders", {"item": "tea", "quantity": 1})[0] == 201
    assert placed() == before + 1


@pytest.mark.parametrize(
    "body", [[], {}, {"item": 3}, {"item": "tea", "quantity": 0}, {"item": "tea", "quantity": "2"}]
)
def test_bad_orders_are_refused_and_counted(shop: Shop, body: object) -> None:
    def refused() -> float:
        return sum(
            value for name, value in shop.metrics().items() if name.startswith("validation_errors_total")
        )

    before = refused()
    assert shop.call("/orders", body)[0] == 400
    assert refused() == before + 1


def test_a_log_line_leads_to_the_trace_of_its_request(shop: Shop) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    shop.call("/orders", {"item": "tea"}, traceparent=f"00-{trace}-b7ad6b7169203331-01")

    def written() -> list[dict[str, Any]]:
        return [line for line in shop.lines() if line.get("trace_id") == trace]

    # The access line follows the answer's last byte.
    wait_for(lambda: len(written()) >= 2)
    lines = written()
    assert [line["message"] for line in lines] == ["order stored", "POST /orders 201"]
    assert {line["route"] for line in lines} == {"/orders"}
    assert lines[0]["span_id"] != lines[1]["span_id"]


def test_faults_make_it_fail_and_recover(shop: Shop) -> None:
    failures = 'http_requests_total{method="GET",route="/orders",status="500"}'
    before = shop.metrics().get(failures, 0)
    assert shop.call("/faults", {"error_ratio": 1}) == (200, '{"error_ratio":1,"latency_seconds":0.0}')
    try:
        assert [shop.call("/orders")[0] for _ in range(3)] == [500] * 3
        assert shop.call("/healthz")[0] == 200
    finally:
        assert shop.call("/faults", {"error_ratio": 0})[0] == 200
    assert shop.call("/orders")[0] == 200
    assert shop.metrics()[failures] == before + 3
    failed = [line for line in shop.lines() if line["message"] == "request failed"]
    assert len(failed) == 3
    assert all(line["level"] == "error" and "InjectedError" in line["exception"] for line in failed)
    assert all(len(line["trace_id"]) == 32 for line in failed)


def test_latency_is_added_and_taken_away(shop: Shop) -> None:
    total = 'http_request_duration_seconds_sum{method="GET",route="/"}'
    before = shop.metrics().get(total, 0.0)
    shop.call("/faults", {"latency_seconds": 0.2})
    try:
        shop.call("/")
    finally:
        shop.call("/faults", {"latency_seconds": 0})
    assert shop.metrics()[total] - before >= 0.2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"error_rate": 1}, "'error_rate' is not a fault: there are error_ratio and latency_seconds"),
        ({"error_ratio": 2}, "error_ratio is 2: give a number from 0 to 1"),
        ({"latency_seconds": True}, "latency_seconds is True"),
        ([], "send an object"),
    ],
)
def test_faults_that_are_none_are_refused(shop: Shop, fault: object, message: str) -> None:
    status, body = shop.call("/faults", fault)
    assert status == 400
    assert message in json.loads(body)["error"]


def test_the_background_job_counts_its_operations(shop: Shop) -> None:
    for operation in ("count orders", "check stock"):
        name = f'task_operations_total{{operation="{operation}",status="success"}}'
        wait_for(lambda name=name: shop.metrics().get(name, 0) >= 2)  # type: ignore[misc]
    runs = [line for line in shop.lines() if line["message"] == "reconciled"]
    assert len({line["trace_id"] for line in runs}) == len(runs) >= 2


def traffic(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.shop.traffic", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_traffic_sends_what_it_was_told_and_sums_up(shop: Shop) -> None:
    ended = traffic("--url", shop.url, "--rate", "50", "--duration", "0.6")
    assert ended.returncode == 0
    assert ended.stdout.startswith("done: 30 requests: ")
    assert "5 x 404" in ended.stdout
    assert "no answer" not in ended.stdout


def test_traffic_without_a_shop_says_so_and_fails() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ended = traffic(
            "--url", f"http://127.0.0.1:{taken.getsockname()[1]}", "--rate", "20", "--duration", "0.1"
        )
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.startswith("done: 2 requests: 2 x no answer")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--url", "http://example.com"), "traffic goes to this machine only"),
        (("--url", "http://127.0.0.1.example.com:80"), "traffic goes to this machine only"),
        (("--rate", "101"), "at most 100 requests a second"),
        (("--duration", "3601"), "at most 3600 seconds"),
        (("--rate", "nan"), "at most 100 requests a second"),
    ],
)
def test_traffic_is_bounded(arguments: tuple[str, str], message: str) -> None:
    ended = traffic(*arguments)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
