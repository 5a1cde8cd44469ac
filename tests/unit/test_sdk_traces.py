"""Traces against a collector that is there, that is not, and that never answers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from observability_sdk import Instrumentation, instrument
from observability_sdk.traces import QUEUE_SIZE, ReportingExporter, traces_url
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry

from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine where nothing listens: bound, so that nobody else takes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A listener that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener


class Collector(ThreadingHTTPServer):
    """A receiver of OTLP over HTTP that keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.received: list[ExportTraceServiceRequest] = []
        self.paths: list[str] = []


class CollectorHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.paths.append(self.path)
        self.server.received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with serving(Collector()) as server:
        yield server


def start(port: int, log_file: Path) -> Instrumentation:
    return instrument(
        "shop",
        version="1.2",
        environment="test",
        otlp_endpoint=f"http://127.0.0.1:{port}",
        log_file=log_file,
        registry=CollectorRegistry(),
    )


def spans(telemetry: Instrumentation, status: str) -> float:
    return telemetry.metrics.registry.get_sample_value("trace_spans_total", {"status": status}) or 0.0


def test_spans_arrive_with_the_service_and_environment(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    telemetry = start(collector.server_port, tmp_path / "log")
    with telemetry.task("reconcile"):
        pass
    telemetry.shutdown()
    (request,) = collector.received
    resource = {a.key: a.value.string_value for a in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "shop"
    assert resource["service.version"] == "1.2"
    assert resource["deployment.environment.name"] == "test"
    assert [span.name for span in request.resource_spans[0].scope_spans[0].spans] == ["reconcile"]
    assert collector.paths == ["/v1/traces"]
    assert (tmp_path / "log").read_text() == ""


def work(telemetry: Instrumentation, count: int) -> None:
    for _ in range(count):
        with telemetry.tracer.start_as_current_span("work"):
            pass


def warnings(log_file: Path) -> list[str]:
    lines = [json.loads(line) for line in log_file.read_text().splitlines()]
    return [line["message"] for line in lines if line["level"] != "info"]


def test_without_a_collector_the_service_works_and_every_span_is_accounted_for(
    closed_port: int, tmp_path: Path
) -> None:
    telemetry = start(closed_port, tmp_path / "log")
    work(telemetry, 100)
    telemetry.shutdown()
    assert telemetry.metrics.spans.labels("export_failed")._value.get() == 100
    (warning,) = warnings(tmp_path / "log")
    assert warning.startswith(
        f"traces cannot be sent to http://127.0.0.1:{closed_port}/v1/traces: spans are dropped"
    )


def test_a_collector_that_never_answers_does_not_hold_up_the_service(
    silent: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "4")
    telemetry = start(silent.getsockname()[1], tmp_path / "log")
    work(telemetry, 2 * QUEUE_SIZE)
    # Four batches fill the queue. None has ended: no span waited for the collector.
    assert spans(telemetry, "export_failed") == 0
    assert spans(telemetry, "queue_full") == QUEUE_SIZE
    telemetry.shutdown()
    assert telemetry.metrics.spans.labels("export_failed")._value.get() == QUEUE_SIZE
    assert len(warnings(tmp_path / "log")) == 1
    silent.setblocking(False)
    silent.accept()[0].close()
    # The batches after the first are given up at shutdown instead of waiting for each in turn.
    with pytest.raises(BlockingIOError):
        silent.accept()


def test_a_process_with_a_dead_collector_ends_by_itself(silent: socket.socket) -> None:
    program = (
        "from observability_sdk import instrument\n"
        f"telemetry = instrument('shop', otlp_endpoint='http://127.0.0.1:{silent.getsockname()[1]}')\n"
        "with telemetry.task('work'): print('worked')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path), "OTEL_EXPORTER_OTLP_TIMEOUT": "1"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("worked\n")


class Scripted(SpanExporter):
    """An exporter that answers as it was told."""

    def __init__(self, *answers: SpanExportResult | Exception) -> None:
        self.answers = list(answers)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_an_outage_is_said_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    ok, bad = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
    telemetry = instrument("shop", otlp_endpoint="http://127.0.0.1:9", registry=CollectorRegistry())
    try:
        counter = telemetry.metrics.spans
        exporter = ReportingExporter(
            Scripted(ok, bad, ValueError("x"), bad, ok, ok, bad), "http://c", counter
        )
        for _ in range(7):
            exporter.export([])
        said = [r.levelname for r in caplog.records if r.name == "observability_sdk.traces"]
        assert [level for level in said if level != "DEBUG"] == ["WARNING", "INFO", "WARNING"]
    finally:
        telemetry.shutdown()


def test_endpoint_by_the_conventions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert traces_url(None) == "http://127.0.0.1:4318/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/")
    assert traces_url(None) == "http://collector:4318/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4318/custom")
    assert traces_url(None) == "http://traces:4318/custom"
    assert traces_url("http://given:4318") == "http://given:4318/v1/traces"


def test_disabled_by_the_environment(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    telemetry = start(collector.server_port, tmp_path / "log")
    with telemetry.task("work"):
        pass
    telemetry.shutdown()
    assert collector.received == []
    assert telemetry.metrics.tasks.operations.labels("work", "success")._value.get() == 1


def test_a_failing_task_is_counted_and_raised(collector: Collector, tmp_path: Path) -> None:
    telemetry = start(collector.server_port, tmp_path / "log")
    with pytest.raises(LookupError), telemetry.task("reconcile"):
        raise LookupError("no stock")
    telemetry.shutdown()
    assert telemetry.metrics.tasks.operations.labels("reconcile", "error")._value.get() == 1
    assert telemetry.metrics.tasks.operations.labels("reconcile", "success")._value.get() == 0
    span = collector.received[0].resource_spans[0].scope_spans[0].spans[0]
    assert span.status.code == 2
    assert [event.name for event in span.events] == ["exception"]


def test_one_for_a_process() -> None:
    telemetry = instrument("shop", registry=CollectorRegistry())
    try:
        with pytest.raises(RuntimeError, match="called already, for 'shop'"):
            instrument("bank", registry=CollectorRegistry())
    finally:
        telemetry.shutdown()
    registry = CollectorRegistry()
    for _ in range(2):
        again = instrument("shop", registry=registry)
        again.metrics.http.requests.labels("GET", "/", "200").inc()
        again.shutdown()
    assert list(registry.collect()) == []


@pytest.mark.parametrize("name", [" ", "", "My Shop", "shop_1", None])
def test_a_service_needs_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match="is no name: write the one that the catalogue has"):
        instrument(name)


@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:4317", "grpc://127.0.0.1:4317", "", "http://", "http://127.0.0.1:4318/v1/traces/"]
)
def test_an_endpoint_to_which_nothing_could_be_sent_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="write the base URL of an OTLP/HTTP receiver"):
        instrument("shop", otlp_endpoint=endpoint, registry=CollectorRegistry())
