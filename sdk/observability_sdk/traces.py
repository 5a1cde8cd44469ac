"""Traces: the OpenTelemetry SDK with an OTLP/HTTP exporter that never holds up the service."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import Counter
from requests import Session

DEFAULT_ENDPOINT = "http://127.0.0.1:4318"
PATH = "/v1/traces"
_URL = re.compile(r"https?://[^/\s]+\S*")
QUEUE_SIZE = 2048
"""Spans waiting to be sent; more are dropped and counted."""
BATCH_SIZE = 512
EXPORT_TIMEOUT = 3.0
"""Seconds for a batch, retries included; OTEL_EXPORTER_OTLP_TIMEOUT changes it. Bounds a shutdown too."""

logger = logging.getLogger(__name__)


def traces_url(otlp_endpoint: str | None) -> str:
    """Return the URL spans are posted to: by the argument, else the environment, else the default."""
    if otlp_endpoint is None and (url := os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")):
        return url
    base = otlp_endpoint or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or DEFAULT_ENDPOINT
    return f"{base.rstrip('/')}{PATH}"


def check_endpoint(otlp_endpoint: str) -> None:
    """Refuse what is no base URL of an OTLP/HTTP receiver, whose spans would all be dropped.

    Raises:
        ValueError: says what to write instead.
    """
    advice = f"write the base URL of an OTLP/HTTP receiver, for example {DEFAULT_ENDPOINT}"
    if not _URL.fullmatch(otlp_endpoint):
        raise ValueError(f"otlp_endpoint {otlp_endpoint!r} is no URL: {advice}")
    if otlp_endpoint.rstrip("/").endswith(PATH):
        raise ValueError(f"otlp_endpoint {otlp_endpoint!r} names the path of traces: {advice}")


def create_tracer_provider(
    service: str, version: str, environment: str, otlp_endpoint: str | None, spans: Counter
) -> TracerProvider:
    """Make a tracer provider for this service; `spans` counts what became of each span, by status."""
    attributes = {
        "service.name": service,
        "service.version": version,
        "deployment.environment.name": environment,
    }
    resource = Resource.create({key: value for key, value in attributes.items() if value})
    provider = TracerProvider(resource=resource)
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if disabled or os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return provider
    url = traces_url(otlp_endpoint)
    provider.add_span_processor(BoundedProcessor(ReportingExporter(_otlp_exporter(url), url, spans)))
    return provider


class ReportingExporter(SpanExporter):
    """Passes batches on, counts what became of every span, says when an outage begins and ends."""

    def __init__(self, exporter: SpanExporter, url: str, spans: Counter) -> None:
        self._exporter = exporter
        self._url = url
        self._spans = spans
        self._failing = False
        self._closing = False
        self._lock = threading.Lock()
        self._pending = 0
        self._pid = os.getpid()

    def admit(self) -> bool:
        """Whether the queue has room for one more span; counts the span as dropped when it has not."""
        with self._lock:
            if self._pid != os.getpid():
                # A forked child starts with an empty queue.
                self._pid, self._pending = os.getpid(), 0
            admitted = self._pending < QUEUE_SIZE
            self._pending += admitted
        if not admitted:
            self._spans.labels("queue_full").inc()
        return admitted

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch. While closing, a collector that did not answer is not tried again."""
        result = SpanExportResult.FAILURE
        if not (self._closing and self._failing):
            try:
                result = self._exporter.export(spans)
            except Exception:
                logger.debug("exporting spans failed", exc_info=True)
        failed = result is not SpanExportResult.SUCCESS
        self._spans.labels("export_failed" if failed else "exported").inc(len(spans))
        if failed and not self._failing:
            logger.warning("traces cannot be sent to %s: spans are dropped until it answers", self._url)
        elif self._failing and not failed:
            logger.info("traces are sent to %s again", self._url)
        self._failing = failed
        with self._lock:
            self._pending = max(0, self._pending - len(spans))
        return result

    def close(self) -> None:
        """Retry no more: the service is about to end."""
        self._closing = True
        if self._failing:
            self._exporter.shutdown()

    def shutdown(self) -> None:
        """End the exporter."""
        self._exporter.shutdown()


class BoundedProcessor(SpanProcessor):
    """Sends spans in batches from a bounded queue, on a thread of its own."""

    def __init__(self, exporter: ReportingExporter) -> None:
        self._exporter = exporter
        self._batches = BatchSpanProcessor(exporter, QUEUE_SIZE, max_export_batch_size=BATCH_SIZE)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a sampled span where there is room."""
        if span.context is not None and span.context.trace_flags.sampled and self._exporter.admit():
            self._batches.on_end(span)

    def shutdown(self) -> None:
        """Send what is queued; with a dead collector this takes two export timeouts at most."""
        self._exporter.close()
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is queued now."""
        return self._batches.force_flush(timeout_millis)


def _otlp_exporter(url: str) -> SpanExporter:
    # ReportingExporter says the same, once for an outage instead of at each retry.
    logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.CRITICAL)
    session = None
    if urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}:
        session = Session()
        # A proxy named in the environment is not the way to this machine.
        session.trust_env = False
    configured = {"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"} & os.environ.keys()
    return OTLPSpanExporter(endpoint=url, timeout=None if configured else EXPORT_TIMEOUT, session=session)
