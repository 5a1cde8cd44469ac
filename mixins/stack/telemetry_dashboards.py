"""The dashboards of Loki, Jaeger and the collector."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from mixins.stack import collector as pipeline
from mixins.stack import jaeger as spans_store
from mixins.stack import jaeger_load, loki_load
from mixins.stack import loki as lines_store
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", instance=~"$instance"'
HERE = 'environment=~"$environment"'
EACH = "{{instance}}"


def loki(thresholds: Thresholds) -> Dashboard:
    """Return what the chosen Lokis take in, keep and answer."""

    def own(metric: str) -> str:
        return f'loki_{metric}{{job="loki", {CHOSEN}}}'

    lines, received = (f"{loki_load.received(what, thresholds)}{{{CHOSEN}}}" for what in ("lines", "bytes"))
    window = thresholds.window
    retained = own("compactor_apply_retention_last_successful_run_timestamp_seconds")
    return panels.dashboard(
        lines_store.BOARD,
        "Loki",
        "Loki: lines that arrive, chunks that are stored, queries that are answered.",
        variables=(panels.environment(), panels.instance("loki")),
        rows={
            "Intake": (
                panels.timeseries("Lines received", [(lines, EACH)], panels.Unit.PER_SECOND),
                panels.timeseries("Bytes received", [(received, EACH)], panels.Unit.BYTES_PER_SECOND),
                panels.timeseries(
                    "Lines turned away, by reason",
                    [(f"{loki_load.discarded(thresholds)}{{{HERE}}}", "{{reason}}")],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries("Streams", [(own("ingester_memory_streams"), EACH)]),
            ),
            "Storage": (
                panels.timeseries("Chunks in memory", [(own("ingester_memory_chunks"), EACH)]),
                panels.timeseries(
                    "Chunks that wait to be stored", [(own("ingester_flush_queue_length"), EACH)]
                ),
                panels.timeseries(
                    "Chunks stored",
                    [(f"sum by (instance) (rate({own('ingester_chunks_stored_total')}[{window}]))", EACH)],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Log before the store, bytes",
                    [(own("ingester_wal_bytes_in_use"), EACH)],
                    panels.Unit.BYTES,
                ),
            ),
            "Requests": (
                panels.timeseries(
                    "Requests by route",
                    [(f"sum by (route) ({loki_load.requests(thresholds)}{{{CHOSEN}}})", "{{route}}")],
                    panels.Unit.REQUESTS,
                ),
                panels.timeseries(
                    "Duration by route, p99",
                    [(f"max by (route) ({loki_load.latency(thresholds)}{{{CHOSEN}}})", "{{route}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.log_query_duration,
                ),
            ),
            "Faults": (
                panels.counts(
                    "Chunks that were not stored, and panics",
                    {
                        "chunks not stored": own("ingester_chunks_flush_failures_total"),
                        "disk full": own("ingester_wal_disk_full_failures_total"),
                        "panics": own("panic_total"),
                    },
                    "instance",
                ),
                panels.timeseries("Compactor, 1 runs", [(own("boltdb_shipper_compactor_running"), EACH)]),
                panels.timeseries(
                    "Since the retention last succeeded",
                    [(f"time() - ({retained} > 0)", EACH)],
                    panels.Unit.SECONDS,
                ),
            ),
        },
    )


def jaeger(thresholds: Thresholds) -> Dashboard:
    """Return what the chosen Jaegers take in, keep and answer."""
    requests = f'jaeger_storage_requests_total{{job="jaeger", {CHOSEN}}}'
    return panels.dashboard(
        spans_store.BOARD,
        "Jaeger",
        "Jaeger: spans that arrive, spans that are kept, searches that are answered.",
        variables=(panels.environment(), panels.instance("jaeger")),
        rows={
            "Spans": (
                panels.timeseries(
                    "Spans received",
                    [(f"{jaeger_load.received(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Spans stored",
                    [(f"{jaeger_load.stored(thresholds)}{{{CHOSEN}}}", EACH)],
                    panels.Unit.PER_SECOND,
                ),
                panels.counts(
                    "Spans refused and lost",
                    {
                        "refused": f'otelcol_receiver_refused_spans_total{{job="jaeger", {CHOSEN}}}',
                        "lost": f'otelcol_exporter_send_failed_spans_total{{job="jaeger", {CHOSEN}}}',
                    },
                    "instance",
                ),
            ),
            "Searches": (
                panels.timeseries(
                    "Reads by operation and result",
                    [
                        (
                            f"sum by (operation, result) (rate({requests}[{thresholds.window}]))",
                            "{{operation}} {{result}}",
                        )
                    ],
                    panels.Unit.REQUESTS,
                ),
                panels.timeseries(
                    "Duration of a read, p95",
                    [(f"{jaeger_load.latency(thresholds)}{{{CHOSEN}}}", f"{EACH} {{{{operation}}}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.trace_query_duration,
                ),
            ),
        },
    )


def collector(thresholds: Thresholds) -> Dashboard:
    """Return what the chosen collectors take in, pass on and lose, by signal."""
    queue = (
        f'otelcol_exporter_queue_size{{job="collector", {CHOSEN}}} '
        f'/ otelcol_exporter_queue_capacity{{job="collector", {CHOSEN}}}'
    )
    way_in, way_out, lost = "{{receiver}} {{signal}}", "{{exporter}} {{signal}}", thresholds.failure_ratio
    per_second, ratio = panels.Unit.PER_SECOND, panels.Unit.RATIO
    ways = (
        ("Items accepted", pipeline.accepted, way_in, per_second, None),
        ("Items delivered", pipeline.sent, way_out, per_second, None),
        ("Share of items refused", pipeline.refused, way_in, ratio, lost),
        ("Share of items lost", pipeline.failed, way_out, ratio, lost),
    )
    return panels.dashboard(
        pipeline.BOARD,
        "OpenTelemetry Collector",
        "The collectors: traces, logs and metrics on their way in, waiting, and on their way out.",
        variables=(panels.environment(), panels.instance("collector")),
        rows={
            "Way": tuple(
                panels.timeseries(title, [(f"{record(thresholds)}{{{CHOSEN}}}", legend)], unit, limit=limit)
                for title, record, legend, unit, limit in ways
            ),
            "Queues and process": (
                panels.timeseries(
                    "Queues in use",
                    [(queue, "{{exporter}} {{data_type}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.queue_ratio,
                ),
                panels.timeseries(
                    "Memory",
                    [(f'otelcol_process_memory_rss_bytes{{job="collector", {CHOSEN}}}', EACH)],
                    panels.Unit.BYTES,
                ),
                panels.counts(
                    "Items dropped before a queue",
                    {
                        signal: f'otelcol_exporter_enqueue_failed_{items}_total{{job="collector", {CHOSEN}}}'
                        for signal, items in pipeline.SIGNALS.items()
                    },
                    "exporter",
                ),
            ),
        },
    )
