"""One request being served: what the ASGI and the WSGI middleware measure, trace and log alike."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from observability_sdk.instrumentation import Instrumentation

UNMATCHED = "unmatched"
"""The route of a request that no route matches."""
SERVER_ERROR = 500
"""This status and those above it are failures of the service."""
CLIENT_CLOSED_REQUEST = 499
"""The status counted when the client went away before it had an answer."""
MAX_REQUEST_ID = 128
"""Characters."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"})
OTHER_METHOD = "_OTHER"
"""The method of a request whose method is none of METHODS, as OpenTelemetry's conventions name it."""
EXCLUDED_PATHS = frozenset({"/metrics", "/healthz", "/livez", "/readyz"})
"""Paths not measured by default: scrapes and probes would dilute the error ratio."""

access_log = logging.getLogger("observability_sdk.access")


class ServerRequest:
    """A request from its arrival to its last byte; `finish` reports it, once."""

    def __init__(
        self,
        telemetry: Instrumentation,
        method: str,
        path: str,
        headers: Mapping[str, str],
        find_route: Callable[[], str | None],
    ) -> None:
        self.method = method if method in METHODS else OTHER_METHOD
        self.request_id = _request_id(headers.get("x-request-id", ""))
        self._telemetry = telemetry
        self._find_route = find_route
        self._start = time.perf_counter()
        self._finished = False
        length = headers.get("content-length", "")
        # Until the body is read, what the client announced.
        self._request_bytes = int(length) if length.isascii() and length.isdigit() else 0
        parent = propagate.extract(headers)
        self._span = telemetry.tracer.start_span(
            self.method,
            parent,
            SpanKind.SERVER,
            {"http.request.method": self.method, "url.path": path},
        )
        self.context = trace.set_span_in_context(self._span, parent)
        """The trace context in which the application runs."""

    @property
    def route(self) -> str:
        """The route's template, `unmatched` before routing and where no route matches."""
        return self._find_route() or UNMATCHED

    def finish(
        self, status: int, request_bytes: int, response_bytes: int, error: BaseException | None = None
    ) -> None:
        """Count, observe, log and end the span; later calls do nothing.

        Args:
            status: The HTTP status sent; 500 for an exception, 499 for a client that went away.
            request_bytes: Bytes of the request's body that were read.
            response_bytes: Bytes of the response's body that were sent.
            error: The exception that ended the request.
        """
        if self._finished:
            return
        self._finished = True
        seconds = time.perf_counter() - self._start
        route = self.route
        http = self._telemetry.metrics.http
        http.requests.labels(self.method, route, str(status)).inc()
        span = self._span.get_span_context()
        exemplar = {"trace_id": f"{span.trace_id:032x}"} if span.trace_flags.sampled else None
        http.duration.labels(self.method, route).observe(seconds, exemplar)
        http.request_size.labels(self.method, route).observe(max(request_bytes, self._request_bytes))
        http.response_size.labels(self.method, route).observe(response_bytes)
        failed = status >= SERVER_ERROR
        access_log.log(
            logging.ERROR if failed else logging.INFO,
            "%s %s %d",
            self.method,
            route,
            status,
            extra={"status": status, "duration_seconds": round(seconds, 6)},
            exc_info=error if failed else None,
        )
        self._span.update_name(f"{self.method} {route}")
        self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)
        if failed:
            reason = type(error).__qualname__ if error else str(status)
            self._span.set_attribute("error.type", reason)
            self._span.set_status(Status(StatusCode.ERROR, reason))
            if error:
                self._span.record_exception(error)
        self._span.end()


def _request_id(given: str) -> str:
    """Return the client's id when it is short and printable, else a new one."""
    return (
        given
        if 0 < len(given) <= MAX_REQUEST_ID and given.isascii() and given.isprintable()
        else uuid.uuid4().hex
    )
