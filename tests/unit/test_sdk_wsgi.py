"""The WSGI middleware."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from observability_sdk import Instrumentation, instrument
from observability_sdk.wsgi import ROUTE_KEY, WsgiMiddleware, django_route, metrics_endpoint
from prometheus_client import CollectorRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


@pytest.fixture
def telemetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instrumentation]:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    telemetry = instrument("shop", log_file=tmp_path / "log", registry=CollectorRegistry())
    yield telemetry
    telemetry.shutdown()


def call(
    app: Any, path: str, **environ: Any
) -> tuple[str, dict[str, str], Iterator[bytes], Callable[[], None]]:
    setup_testing_defaults(environ)
    environ["PATH_INFO"] = path
    started: list[Any] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[..., object]:
        started[:] = [status, {name.lower(): value for name, value in headers}]
        return lambda data: None

    body = app(environ, start_response)
    chunks = iter(body)
    first = next(chunks, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from chunks

    return started[0], started[1], rest(), getattr(body, "close", lambda: None)


def requests(telemetry: Instrumentation, route: str, status: int) -> float | None:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return telemetry.metrics.registry.get_sample_value("http_requests_total", labels)


def order(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    environ[ROUTE_KEY] = "/orders/{id}"
    start_response("200 OK", [("content-type", "text/plain")])
    return [b"order ", b"1"]


def test_counts_when_the_answer_ends(telemetry: Instrumentation) -> None:
    status, headers, body, close = call(
        WsgiMiddleware(order, telemetry), "/orders/1", HTTP_X_REQUEST_ID="abc"
    )
    assert requests(telemetry, "/orders/{id}", 200) is None
    assert (status, headers["x-request-id"], b"".join(body)) == ("200 OK", "abc", b"order 1")
    close()
    assert requests(telemetry, "/orders/{id}", 200) == 1
    size = telemetry.metrics.registry.get_sample_value(
        "http_response_size_bytes_sum", {"method": "GET", "route": "/orders/{id}"}
    )
    assert size == len(b"order 1")


def test_keeps_the_protocol(telemetry: Instrumentation) -> None:
    app = validator(WsgiMiddleware(validator(order), telemetry))
    _, _, body, close = call(app, "/orders/1", QUERY_STRING="")
    assert b"".join(body) == b"order 1"
    close()


def test_a_client_that_leaves_early_is_counted_once(telemetry: Instrumentation) -> None:
    closed: list[bool] = []

    def stream(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                yield b"12345"
        finally:
            closed.append(True)

    _, _, _, close = call(WsgiMiddleware(stream, telemetry), "/stream")
    close()
    close()
    assert closed == [True]
    assert requests(telemetry, "unmatched", 200) == 1


def test_exceptions_before_and_during_the_answer(telemetry: Instrumentation) -> None:
    def early(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise LookupError("early")

    def late(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"1"
        raise LookupError("late")

    with pytest.raises(LookupError, match="early"):
        call(WsgiMiddleware(early, telemetry), "/")
    _, _, body, close = call(WsgiMiddleware(late, telemetry), "/")
    with pytest.raises(LookupError, match="late"):
        list(body)
    close()
    assert requests(telemetry, "unmatched", 500) == 2
    assert requests(telemetry, "unmatched", 200) is None


def test_lines_written_while_streaming_belong_to_the_request(
    telemetry: Instrumentation, tmp_path: Path
) -> None:
    def stream(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"1"
        logging.getLogger("shop").info("streaming")
        yield b"2"

    trace = "0af7651916cd43dd8448eb211c80319c"
    _, _, body, close = call(
        WsgiMiddleware(stream, telemetry), "/", HTTP_TRACEPARENT=f"00-{trace}-b7ad6b7169203331-01"
    )
    list(body)
    close()
    logging.getLogger("shop").info("afterwards")
    lines = {
        (line := json.loads(text))["message"]: line for text in (tmp_path / "log").read_text().splitlines()
    }
    assert lines["streaming"]["trace_id"] == trace
    assert lines["streaming"]["method"] == "GET"
    assert "trace_id" not in lines["afterwards"]
    assert "request_id" not in lines["afterwards"]


def test_the_rule_that_flask_matched_is_the_route(telemetry: Instrumentation) -> None:
    def flask(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["werkzeug.request"] = SimpleNamespace(url_rule=SimpleNamespace(rule="/orders/<int:id>"))
        start_response("200 OK", [])
        environ["werkzeug.request"] = None
        return [b""]

    _, _, body, close = call(WsgiMiddleware(flask, telemetry), "/orders/1")
    list(body)
    close()
    assert requests(telemetry, "/orders/<int:id>", 200) == 1


def test_metrics_are_served_and_not_counted(telemetry: Instrumentation) -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    app = WsgiMiddleware(metrics_endpoint(telemetry), telemetry)
    telemetry.metrics.audit.writes.inc()
    status, headers, body, _ = call(app, "/metrics", HTTP_ACCEPT=accept)
    assert status == "200 OK"
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert b"audit_log_writes_total 1.0" in b"".join(body)
    assert requests(telemetry, "unmatched", 200) is None


def test_the_route_that_django_resolved_is_the_route(telemetry: Instrumentation) -> None:
    def view(request: SimpleNamespace) -> list[bytes]:
        known = request.environ["PATH_INFO"].startswith("/orders/")
        request.resolver_match = SimpleNamespace(route="orders/<int:id>") if known else None
        return [b"ok"]

    def django(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # As Django does: the answer is made before it is started.
        answer: list[bytes] = django_route(view)(SimpleNamespace(environ=environ))
        start_response("200 OK", [])
        return answer

    for path in ("/orders/1", "/orders/2", "/elsewhere"):
        _, _, body, close = call(WsgiMiddleware(django, telemetry), path, SCRIPT_NAME="/shop")
        list(body)
        close()
    assert requests(telemetry, "/shop/orders/<int:id>", 200) == 2
    assert requests(telemetry, "unmatched", 200) == 1


def test_a_path_is_left_out_with_and_without_a_slash_at_its_end(telemetry: Instrumentation) -> None:
    app = WsgiMiddleware(order, telemetry, excluded_paths={"/", "/metrics"})
    for path in ("/", "/metrics", "/metrics/", "/orders/1"):
        _, _, body, close = call(app, path)
        list(body)
        close()
    assert requests(telemetry, "/orders/{id}", 200) == 1
