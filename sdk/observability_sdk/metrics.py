"""The metrics that the stack's rules, alerts and dashboards know, on prometheus_client.

A family is exposed once its group is used, so that a service without a cache shows no cache metrics.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.multiprocess import MultiProcessCollector

DURATION_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds in seconds; 0.5 and 1 are the latency objectives of the default alerts."""
SIZE_BUCKETS = (100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0)
"""Upper bounds in bytes."""

M = TypeVar("M", Counter, Gauge, Histogram)


@dataclass(frozen=True)
class HttpMetrics:
    """Requests served. Labels: method, route (a template, or `unmatched`), status (of the counter only)."""

    requests: Counter
    """http_requests_total{method,route,status}."""
    duration: Histogram
    """http_request_duration_seconds{method,route}: from the request's arrival to the response's last byte."""
    request_size: Histogram
    """http_request_size_bytes{method,route}: the request's body."""
    response_size: Histogram
    """http_response_size_bytes{method,route}: the response's body."""


@dataclass(frozen=True)
class DatabaseMetrics:
    """Queries and the connection pool."""

    queries: Counter
    """database_queries_total{operation,table,status}; status is `success` or `error`."""
    duration: Histogram
    """database_query_duration_seconds{operation,table}."""
    connections_active: Gauge
    """database_connections_active: connections in use."""
    connections_idle: Gauge
    """database_connections_idle: open connections not in use."""
    connections_max: Gauge
    """database_connections_max: the pool's limit."""

    @contextmanager
    def query(self, operation: str, table: str) -> Iterator[None]:
        """Measure one query: `with metrics.database.query("select", "orders"):`."""
        start = time.perf_counter()
        status = "error"
        try:
            yield
            status = "success"
        finally:
            self.duration.labels(operation, table).observe(time.perf_counter() - start)
            self.queries.labels(operation, table, status).inc()


@dataclass(frozen=True)
class CacheMetrics:
    """Caches. Label: cache (its name)."""

    hits: Counter
    """cache_hits_total{cache}."""
    misses: Counter
    """cache_misses_total{cache}."""
    size: Gauge
    """cache_size{cache}: entries held."""


@dataclass(frozen=True)
class TaskMetrics:
    """Background work."""

    operations: Counter
    """task_operations_total{operation,status}; status is `success` or `error`."""


@dataclass(frozen=True)
class ReminderMetrics:
    """Deliveries of reminders."""

    delivered: Counter
    """reminder_delivery_total{channel,status}: attempts by how they ended."""
    failed: Counter
    """reminder_delivery_failed_total{channel}."""


@dataclass(frozen=True)
class AuditMetrics:
    """The audit log."""

    writes: Counter
    """audit_log_writes_total."""
    errors: Counter
    """audit_log_errors_total: entries that could not be written."""


@dataclass(frozen=True)
class WebSocketMetrics:
    """WebSocket connections; the ASGI middleware keeps them."""

    connections_active: Gauge
    """websocket_connections_active."""
    messages_sent: Counter
    """websocket_messages_sent_total: by this service."""
    messages_received: Counter
    """websocket_messages_received_total: by this service."""


class Metrics:
    """All metrics of a service, in one registry."""

    registry: CollectorRegistry
    """Where the metrics are; a service's own metrics belong there too."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        # Creation times would be one more series for every counter and histogram in OpenMetrics.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry
        self._registered: list[Counter | Gauge | Histogram] = []

    @property
    def exposed(self) -> CollectorRegistry:
        """What a scrape gets: this process's metrics, those of all where PROMETHEUS_MULTIPROC_DIR is set."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self.registry
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together

    def unregister(self) -> None:
        """Take these metrics out of the registry again."""
        while self._registered:
            self.registry.unregister(self._registered.pop())

    @cached_property
    def http(self) -> HttpMetrics:
        """Requests served."""
        labels = ("method", "route")
        size, seconds = SIZE_BUCKETS, DURATION_BUCKETS
        return HttpMetrics(
            self._counter("http_requests_total", "Requests served.", (*labels, "status")),
            self._histogram("http_request_duration_seconds", "Time to serve a request.", labels, seconds),
            self._histogram("http_request_size_bytes", "Size of request bodies.", labels, size),
            self._histogram("http_response_size_bytes", "Size of response bodies.", labels, size),
        )

    @cached_property
    def database(self) -> DatabaseMetrics:
        """Queries and the connection pool."""
        labels = ("operation", "table")
        return DatabaseMetrics(
            self._counter("database_queries_total", "Queries made.", (*labels, "status")),
            self._histogram("database_query_duration_seconds", "Time of a query.", labels, DURATION_BUCKETS),
            self._gauge("database_connections_active", "Connections in use."),
            self._gauge("database_connections_idle", "Open connections not in use."),
            self._gauge("database_connections_max", "Limit of the connection pool."),
        )

    @cached_property
    def cache(self) -> CacheMetrics:
        """Caches."""
        return CacheMetrics(
            self._counter("cache_hits_total", "Lookups answered by the cache.", ("cache",)),
            self._counter("cache_misses_total", "Lookups the cache could not answer.", ("cache",)),
            self._gauge("cache_size", "Entries in the cache.", ("cache",)),
        )

    @cached_property
    def tasks(self) -> TaskMetrics:
        """Background work."""
        name = "task_operations_total"
        return TaskMetrics(self._counter(name, "Task operations by outcome.", ("operation", "status")))

    @cached_property
    def reminders(self) -> ReminderMetrics:
        """Deliveries of reminders."""
        return ReminderMetrics(
            self._counter("reminder_delivery_total", "Deliveries tried.", ("channel", "status")),
            self._counter("reminder_delivery_failed_total", "Deliveries failed.", ("channel",)),
        )

    @cached_property
    def audit(self) -> AuditMetrics:
        """The audit log."""
        return AuditMetrics(
            self._counter("audit_log_writes_total", "Audit log entries written."),
            self._counter("audit_log_errors_total", "Audit log entries that could not be written."),
        )

    @cached_property
    def websockets(self) -> WebSocketMetrics:
        """WebSocket connections."""
        return WebSocketMetrics(
            self._gauge("websocket_connections_active", "Open WebSocket connections."),
            self._counter("websocket_messages_sent_total", "WebSocket messages sent."),
            self._counter("websocket_messages_received_total", "WebSocket messages received."),
        )

    @cached_property
    def kafka_consumer_lag(self) -> Gauge:
        """kafka_consumer_lag{topic,group}: messages not yet consumed."""
        return self._gauge("kafka_consumer_lag", "Messages not yet consumed.", ("topic", "group"))

    @cached_property
    def validation_errors(self) -> Counter:
        """validation_errors_total{field}: inputs refused. Give a field's name, never what was entered."""
        return self._counter("validation_errors_total", "Inputs refused.", ("field",))

    @cached_property
    def business_events(self) -> Counter:
        """business_events_total{event,status}: what happened in the words of the business, `order placed`.

        Give the event a name from the code, never something a client sent; status is `success` or `error`.
        """
        return self._counter("business_events_total", "Events of the business.", ("event", "status"))

    @cached_property
    def spans(self) -> Counter:
        """trace_spans_total{status}; status is `exported`, `export_failed` or `queue_full`."""
        return self._counter("trace_spans_total", "Spans by what became of them.", ("status",))

    def _counter(self, name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
        return self._keep(Counter(name, documentation, labels, registry=self.registry))

    def _gauge(self, name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
        # Of several processes the living ones' values add up, without a label for each.
        gauge = Gauge(name, documentation, labels, registry=self.registry, multiprocess_mode="livesum")
        return self._keep(gauge)

    def _histogram(
        self, name: str, documentation: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Histogram:
        return self._keep(Histogram(name, documentation, labels, registry=self.registry, buckets=buckets))

    def _keep(self, metric: M) -> M:
        self._registered.append(metric)
        return metric
