"""`instrument`: the one call that sets up a service's metrics, logs and traces."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Status, StatusCode, Tracer
from prometheus_client import REGISTRY, CollectorRegistry

from observability_sdk.logs import configure_logging, restore_logging
from observability_sdk.metrics import Metrics
from observability_sdk.traces import check_endpoint, create_tracer_provider

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_lock = threading.Lock()
_active: list[Instrumentation] = []
"""The one that this process has, if any."""


@dataclass(frozen=True, eq=False)
class Instrumentation:
    """What a service measures and reports with. Made by `instrument`, one for a process."""

    service: str
    """The service's name, the same in metrics' jobs, log lines and traces."""
    metrics: Metrics
    """The metrics; `metrics.registry` holds them."""
    tracer: Tracer
    """Starts spans: `with telemetry.tracer.start_as_current_span("charge card"):`."""
    _provider: TracerProvider
    _log_handlers: tuple[logging.Handler, ...]

    @contextmanager
    def task(self, operation: str) -> Iterator[trace.Span]:
        """Run a background task in a span of its own and count it in `task_operations_total`.

        An exception is recorded on the span, counted with status `error`, and raised further.
        """
        with self.tracer.start_as_current_span(operation, set_status_on_exception=False) as span:
            try:
                yield span
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                self.metrics.tasks.operations.labels(operation, "error").inc()
                raise
            self.metrics.tasks.operations.labels(operation, "success").inc()

    def shutdown(self) -> None:
        """Send what is still queued, within a few seconds, and undo what `instrument` set up."""
        self._provider.shutdown()
        restore_logging(self._log_handlers)
        self.metrics.unregister()
        with _lock:
            if self in _active:
                _active.remove(self)


def instrument(
    service: str,
    *,
    version: str = "",
    environment: str = "",
    otlp_endpoint: str | None = None,
    log_level: str = "INFO",
    log_file: str | Path | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> Instrumentation:
    """Set up metrics, structured logs and traces for this process.

    A collector that is absent or slow never fails or blocks the service: spans are dropped and counted.

    Args:
        service: The service's name as in the catalogue, for example `shop`.
        version: The service's version; added to traces.
        environment: The deployment environment, for example `production`; added to traces.
        otlp_endpoint: Base URL of an OTLP/HTTP receiver. Default: the environment variable
            OTEL_EXPORTER_OTLP_ENDPOINT, else `http://127.0.0.1:4318`.
        log_level: The lowest level written: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        log_file: Log lines go to this file as well as to standard output.
        registry: Where metrics are registered; the default is the one of `prometheus_client`.

    Raises:
        ValueError: `service` is no name, `otlp_endpoint` no base URL, or `log_level` not a level.
        RuntimeError: this process is instrumented already.
    """
    if not _NAME.fullmatch(str(service)):
        raise ValueError(
            f"service {service!r} is no name: write the one that the catalogue has, for example shop, "
            "of lower-case letters, digits and hyphens, at most 63"
        )
    if otlp_endpoint is not None:
        check_endpoint(otlp_endpoint)
    with _lock:
        if _active:
            raise RuntimeError(
                f"instrument() was called already, for {_active[0].service!r}: keep what it returned, "
                "or call its shutdown() first"
            )
        handlers = configure_logging(service, log_level, log_file)
        metrics = Metrics(registry)
        provider = create_tracer_provider(service, version, environment, otlp_endpoint, metrics.spans)
        # OpenTelemetry accepts one global provider for the life of a process; libraries find this one.
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            trace.set_tracer_provider(provider)
        tracer = provider.get_tracer("observability_sdk")
        telemetry = Instrumentation(service, metrics, tracer, provider, handlers)
        _active.append(telemetry)
        return telemetry
