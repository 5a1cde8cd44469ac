"""The metrics that the SDK gives: the names and labels that rules and dashboards are written for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from observability_sdk import Instrumentation, instrument
from observability_sdk.metrics import DURATION_BUCKETS, Metrics
from opentelemetry import propagate, trace
from prometheus_client import CollectorRegistry

SDK = Path(__file__).parents[2] / "sdk"
FAMILIES = {
    "http_requests_total": {"method", "route", "status"},
    "http_request_duration_seconds_bucket": {"method", "route", "le"},
    "http_request_size_bytes_sum": {"method", "route"},
    "http_response_size_bytes_sum": {"method", "route"},
    "database_queries_total": {"operation", "table", "status"},
    "database_query_duration_seconds_bucket": {"operation", "table", "le"},
    "database_connections_active": set(),
    "database_connections_idle": set(),
    "database_connections_max": set(),
    "cache_hits_total": {"cache"},
    "cache_misses_total": {"cache"},
    "cache_size": {"cache"},
    "task_operations_total": {"operation", "status"},
    "reminder_delivery_total": {"channel", "status"},
    "reminder_delivery_failed_total": {"channel"},
    "audit_log_writes_total": set(),
    "audit_log_errors_total": set(),
    "websocket_connections_active": set(),
    "websocket_messages_sent_total": set(),
    "websocket_messages_received_total": set(),
    "kafka_consumer_lag": {"topic", "group"},
    "validation_errors_total": {"field"},
    "business_events_total": {"event", "status"},
}
"""Series → its labels, as teams that ran such services before know them."""
RECORDED = Path(__file__).parent / "metrics" / "application.txt"


def used() -> CollectorRegistry:
    """Return the registry of a service that has used everything once."""
    metrics = Metrics(CollectorRegistry())
    metrics.http.requests.labels("GET", "/", "200").inc()
    metrics.http.duration.labels("GET", "/").observe(0.1)
    metrics.http.request_size.labels("GET", "/").observe(1)
    metrics.http.response_size.labels("GET", "/").observe(1)
    with metrics.database.query("select", "orders"):
        metrics.database.connections_active.set(1)
    metrics.cache.hits.labels("orders").inc()
    metrics.cache.misses.labels("orders").inc()
    metrics.cache.size.labels("orders").set(1)
    metrics.tasks.operations.labels("reconcile", "success").inc()
    metrics.reminders.delivered.labels("mail", "success").inc()
    metrics.reminders.failed.labels("mail").inc()
    metrics.audit.writes.inc()
    metrics.websockets.messages_sent.inc()
    metrics.kafka_consumer_lag.labels("orders", "billing").set(3)
    metrics.validation_errors.labels("quantity").inc()
    metrics.business_events.labels("order placed", "success").inc()
    return metrics.registry


def test_names_and_labels_are_the_known_ones() -> None:
    found: dict[str, set[str]] = {}
    for family in used().collect():
        for sample in family.samples:
            found[sample.name] = set(sample.labels)
    assert {name: found.get(name) for name in FAMILIES} == FAMILIES


def test_what_rules_are_written_for_is_exposed() -> None:
    exposed = {sample.name for family in used().collect() for sample in family.samples}
    lines = RECORDED.read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if not line.startswith("#")} <= exposed


def test_a_query_that_fails_is_counted_as_such_and_measured() -> None:
    metrics = Metrics(CollectorRegistry())
    with pytest.raises(KeyError), metrics.database.query("select", "orders"):
        raise KeyError
    labels = {"operation": "select", "table": "orders"}
    value = metrics.registry.get_sample_value
    assert value("database_queries_total", {**labels, "status": "error"}) == 1
    assert value("database_query_duration_seconds_count", labels) == 1


def test_durations_have_eight_buckets_from_a_millisecond_to_five_seconds() -> None:
    assert (len(DURATION_BUCKETS), DURATION_BUCKETS[0], DURATION_BUCKETS[-1]) == (8, 0.001, 5.0)


def test_a_family_that_is_not_used_is_not_exposed() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.cache.hits.labels("orders").inc()
    families = {family.name for family in metrics.registry.collect()}
    assert families == {"cache_hits", "cache_misses", "cache_size"}


def test_headers_of_a_request_to_another_service_carry_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    telemetry: Instrumentation = instrument("shop", registry=CollectorRegistry())
    try:
        headers: dict[str, str] = {}
        with telemetry.tracer.start_as_current_span("charge card") as span:
            propagate.inject(headers)
        assert f"{span.get_span_context().trace_id:032x}" in headers["traceparent"]
        there = trace.get_current_span(propagate.extract(headers)).get_span_context()
        assert there.trace_id == span.get_span_context().trace_id
    finally:
        telemetry.shutdown()


WORKERS = """
import os
from observability_sdk.metrics import Metrics
metrics = Metrics()
for _ in range(2):
    if os.fork() == 0:
        metrics.database.connections_active.inc(2)
        metrics.http.requests.labels("GET", "/", "200").inc(3)
        os._exit(0)
    os.wait()
metrics.database.connections_active.inc()
for family in metrics.exposed.collect():
    for sample in family.samples:
        print(sample.name, dict(sample.labels), sample.value)
"""


def test_one_worker_answers_for_all(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(SDK)}
    done = subprocess.run(
        [sys.executable, "-c", WORKERS], env=environment, check=True, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert "database_connections_active {} 5.0" in lines
    assert "http_requests_total {'method': 'GET', 'route': '/', 'status': '200'} 6.0" in lines
