"""The ASGI middleware: what is counted, traced and logged."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from observability_sdk import Instrumentation, instrument
from observability_sdk.asgi import MetricsEndpoint, ObservabilityMiddleware
from observability_sdk.logs import current_request
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, get_current_span
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}


class Observed:
    """A service under test and what it reported."""

    def __init__(self, telemetry: Instrumentation, log_file: Path) -> None:
        self.telemetry = telemetry
        self._log_file = log_file
        self._spans = InMemorySpanExporter()
        telemetry._provider.add_span_processor(SimpleSpanProcessor(self._spans))

    def value(self, name: str, **labels: str) -> float | None:
        return self.telemetry.metrics.registry.get_sample_value(name, labels)

    def requests(self, method: str, route: str, status: int) -> float | None:
        return self.value("http_requests_total", method=method, route=route, status=str(status))

    def routes(self) -> set[str]:
        families = self.telemetry.metrics.registry.collect()
        return {s.labels["route"] for f in families for s in f.samples if s.name == "http_requests_total"}

    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log_file.read_text().splitlines()]

    def client(self, *routes: Any) -> TestClient:
        app = Starlette(routes=[*routes, Route("/metrics", MetricsEndpoint(self.telemetry))])
        app.add_middleware(ObservabilityMiddleware, telemetry=self.telemetry)
        return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def observed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Observed]:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    telemetry = instrument("shop", log_file=tmp_path / "log", registry=CollectorRegistry())
    yield Observed(telemetry, tmp_path / "log")
    telemetry.shutdown()


async def order(request: Request) -> Response:
    return PlainTextResponse(f"order {request.path_params['id']}")


async def fail(request: Request) -> Response:
    raise LookupError("no stock")


def test_counts_by_method_route_template_and_status(observed: Observed) -> None:
    client = observed.client(Route("/orders/{id:int}", order))
    for number in range(3):
        assert client.get(f"/orders/{number}").status_code == 200
    assert observed.requests("GET", "/orders/{id}", 200) == 3
    assert observed.routes() == {"/orders/{id}"}
    assert observed.value("http_request_duration_seconds_count", method="GET", route="/orders/{id}") == 3
    assert observed.value("http_response_size_bytes_sum", method="GET", route="/orders/{id}") == 3 * len(
        "order 0"
    )


def test_duration_has_eight_buckets_from_one_millisecond_to_five_seconds(observed: Observed) -> None:
    observed.client(Route("/orders/{id:int}", order)).get("/orders/1")
    samples = [
        sample.labels["le"]
        for family in observed.telemetry.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "http_request_duration_seconds_bucket"
    ]
    assert samples == ["0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1.0", "5.0", "+Inf"]


def test_request_size_is_the_body_that_was_read(observed: Observed) -> None:
    async def read(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    client = observed.client(Route("/upload", read, methods=["POST"]))
    client.post("/upload", content=(chunk for chunk in [b"x" * 700, b"y" * 300]))
    assert observed.value("http_request_size_bytes_sum", method="POST", route="/upload") == 1000


def test_what_clients_invent_adds_one_series_at_most(observed: Observed) -> None:
    client = observed.client(Route("/orders/{id:int}", order))
    for number in range(50):
        assert client.get(f"/wp-admin/{number}").status_code == 404
        client.request(f"BREW{number}", "/orders/1")
    assert observed.routes() == {"unmatched", "/orders/{id}"}
    assert observed.requests("GET", "unmatched", 404) == 50
    assert observed.requests("_OTHER", "/orders/{id}", 405) == 50


def test_mounts_keep_the_templates_of_their_prefix(observed: Observed) -> None:
    shops = Mount("/shops/{shop}", routes=[Route("/orders/{id:int}", order)])
    client = observed.client(Mount("/v1", routes=[shops]))
    client.get("/v1/shops/north/orders/1")
    client.get("/v1/shops/south/orders/2")
    client.get("/v1/shops/south/unknown")
    client.get("/v1/shops/east/unknown")
    assert observed.requests("GET", "/v1/shops/{shop}/orders/{id}", 200) == 2
    assert observed.requests("GET", "/v1/shops/{shop}", 404) == 2
    assert len(observed.routes()) == 2


def test_a_mounted_application_and_a_proxy_prefix(observed: Observed) -> None:
    inner = Starlette(routes=[Route("/orders/{id:int}", order)])
    app = observed.client(Mount("/regions/{region:int}", inner)).app
    client = TestClient(app, root_path="/behind-proxy")
    client.get("/behind-proxy/regions/007/orders/1")
    client.get("/behind-proxy/regions/08/orders/1")
    assert observed.requests("GET", "/regions/{region}/orders/{id}", 200) == 2


def test_wrapped_around_the_application_instead_of_added_to_it(observed: Observed) -> None:
    app = Starlette(routes=[Mount("/v1", routes=[Route("/orders/{id}", order)])])
    TestClient(ObservabilityMiddleware(app, observed.telemetry)).get("/v1/orders/1")
    assert observed.requests("GET", "/v1/orders/{id}", 200) == 1


def test_an_exception_is_a_500_a_failed_span_and_one_log_line_with_its_stack(observed: Observed) -> None:
    assert observed.client(Route("/fail", fail)).get("/fail").status_code == 500
    assert observed.requests("GET", "/fail", 500) == 1
    (span,) = observed.spans()
    assert span.name == "GET /fail"
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "LookupError"
    (line,) = [line for line in observed.lines() if line["logger"] == "observability_sdk.access"]
    assert line["level"] == "error"
    assert "LookupError: no stock" in line["exception"]
    assert line["trace_id"] == f"{span.context.trace_id:032x}"


def test_the_exception_reaches_the_server(observed: Observed) -> None:
    client = observed.client(Route("/fail", fail))
    with pytest.raises(LookupError, match="no stock"):
        TestClient(client.app).get("/fail")


def test_a_stream_lasts_until_its_last_byte(observed: Observed) -> None:
    seen_while_streaming: list[float | None] = []

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"12345"
            seen_while_streaming.append(observed.requests("GET", "/stream", 200))

    async def stream(request: Request) -> Response:
        return StreamingResponse(chunks())

    assert observed.client(Route("/stream", stream)).get("/stream").content == b"12345" * 4
    assert seen_while_streaming == [None] * 4
    assert observed.requests("GET", "/stream", 200) == 1
    assert observed.value("http_response_size_bytes_sum", method="GET", route="/stream") == 20


def test_a_stream_that_breaks_is_a_failure(observed: Observed) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"12345"
        raise OSError("disk")

    async def stream(request: Request) -> Response:
        return StreamingResponse(chunks())

    observed.client(Route("/stream", stream)).get("/stream")
    assert observed.requests("GET", "/stream", 500) == 1
    assert observed.requests("GET", "/stream", 200) is None


def test_background_work_is_not_part_of_the_answer(observed: Observed) -> None:
    counted_before_background: list[float | None] = []

    async def background() -> None:
        counted_before_background.append(observed.requests("GET", "/", 200))
        raise RuntimeError("mail server")

    async def home(request: Request) -> Response:
        return PlainTextResponse("ok", background=BackgroundTask(background))

    observed.client(Route("/", home)).get("/")
    assert counted_before_background == [1]
    assert observed.requests("GET", "/", 500) is None


def test_a_client_that_goes_away_is_no_failure_of_the_service(observed: Observed) -> None:
    async def upload(request: Request) -> Response:
        await request.body()
        raise AssertionError("unreachable")

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    app = observed.client(Route("/upload", upload, methods=["POST"])).app
    scope = {"type": "http", "method": "POST", "path": "/upload", "headers": [], "query_string": b""}
    with pytest.raises(ClientDisconnect):
        asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert observed.requests("POST", "/upload", 499) == 1
    assert observed.requests("POST", "/upload", 500) is None


def test_scrapes_and_probes_are_not_counted(observed: Observed) -> None:
    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    client = observed.client(Route("/healthz", health))
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 200
    assert observed.routes() == set()
    assert observed.spans() == ()


def test_openmetrics_has_an_exemplar_that_names_the_trace(observed: Observed) -> None:
    client = observed.client(Route("/orders/{id:int}", order))
    client.get("/orders/1")
    answer = client.get("/metrics", headers=OPENMETRICS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    exemplars = re.findall(
        r'^http_request_duration_seconds_bucket\{.*# \{trace_id="(\w+)"\}', answer.text, re.MULTILINE
    )
    assert exemplars == [f"{observed.spans()[0].context.trace_id:032x}"]
    assert "_created" not in answer.text


def test_without_an_accept_header_the_text_format_is_served(observed: Observed) -> None:
    answer = observed.client().get("/metrics", headers={"accept": "*/*"})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_the_trace_of_the_caller_goes_on(observed: Observed) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    observed.client(Route("/orders/{id:int}", order)).get("/orders/1", headers={"traceparent": parent})
    (span,) = observed.spans()
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


@pytest.mark.parametrize("hostile", ["x" * 129, "a\u00e9b", "a\x7fb"])
def test_the_request_id_is_kept_unless_it_is_hostile(observed: Observed, hostile: str) -> None:
    client = observed.client(Route("/orders/{id:int}", order))
    kept = client.get("/orders/1", headers={"x-request-id": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    made = client.get("/orders/1", headers={"x-request-id": hostile.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["x-request-id"])


def test_concurrent_requests_do_not_mix_their_contexts(observed: Observed) -> None:
    async def slow(request: Request) -> Response:
        await asyncio.sleep(0)
        logging.getLogger("shop").info("serving %s", request.path_params["name"])
        return PlainTextResponse("ok")

    app = observed.client(Route("/slow/{name}", slow)).app

    async def many() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            await asyncio.gather(
                *(client.get(f"/slow/{n}", headers={"x-request-id": f"id-{n}"}) for n in range(20))
            )

    asyncio.run(many())
    served = [line for line in observed.lines() if line["logger"] == "shop"]
    assert len(served) == 20
    assert all(line["request_id"] == f"id-{line['message'].split()[-1]}" for line in served)
    assert {line["route"] for line in served} == {"/slow/{name}"}
    assert len({line["trace_id"] for line in served}) == 20


def test_nothing_of_a_request_stays_behind_in_the_context(observed: Observed) -> None:
    app = observed.client(Route("/orders/{id:int}", order), Route("/fail", fail)).app

    async def serve_in_one_task() -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            for path in ("/orders/1", "/fail"):
                await client.get(path)
                assert current_request.get() is None
                assert not get_current_span().get_span_context().is_valid

    asyncio.run(serve_in_one_task())
    assert [span.parent for span in observed.spans()] == [None, None]


def test_websockets_are_counted(observed: Observed) -> None:
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        for _ in range(2):
            await socket.send_text(await socket.receive_text())
        assert observed.value("websocket_connections_active") == 1
        await socket.close()

    with observed.client(WebSocketRoute("/echo", echo)).websocket_connect("/echo") as socket:
        for text in ("a", "b"):
            socket.send_text(text)
            assert socket.receive_text() == text
    assert observed.value("websocket_connections_active") == 0
    assert observed.value("websocket_messages_sent_total") == 2
    assert observed.value("websocket_messages_received_total") == 2
