"""One dashboard over all parts of the stack itself; their alerts are in the parts' own mixins."""

from __future__ import annotations

from mixins.model import Dashboard, Mixin
from mixins.stack import collector, prometheus
from mixins.thresholds import Thresholds

PARTS = ("prometheus", "alertmanager", "loki", "jaeger", "collector")
OWN = f'job=~"{"|".join((*PARTS, "grafana", "node"))}", environment=~"$environment"'
HERE = 'environment=~"$environment"'


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Show what the stack takes in, what waits or gets lost, and what it costs."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins import panels  # noqa: PLC0415

    window = thresholds.window
    queue = "otelcol_exporter_queue_size{HERE} / otelcol_exporter_queue_capacity{HERE}".replace("HERE", HERE)
    failed = f"rate(alertmanager_notifications_failed_total{{{HERE}}}[{window}])"
    lines = f"rate(loki_distributor_lines_received_total{{{HERE}}}[{window}])"
    memory = f"process_resident_memory_bytes{{{OWN}}} or otelcol_process_memory_rss_bytes{{{OWN}}}"
    cores = " or ".join(
        f"rate({metric}{{{OWN}}}[{window}])"
        for metric in ("process_cpu_seconds_total", "otelcol_process_cpu_seconds_total")
    )
    return (
        panels.dashboard(
            prometheus.OVERVIEW,
            "Stack health",
            "The observability stack's own parts: what comes in, what waits, what is lost, what it uses.",
            variables=(panels.environment(),),
            rows={
                "Now": (
                    panels.stat("Targets down", f"count(up{{{HERE}}} == 0) or vector(0)", limit=1),
                    panels.stat(
                        "Firing alerts",
                        f'count(ALERTS{{alertstate="firing", severity!="none", {HERE}}}) or vector(0)',
                        limit=1,
                    ),
                    panels.stat("Active series", f"sum(prometheus_tsdb_head_series{{{HERE}}})"),
                    panels.stat(
                        "Samples per second",
                        f"sum({prometheus.samples(thresholds)}{{{HERE}}})",
                        panels.Unit.PER_SECOND,
                    ),
                ),
                "What comes in": (
                    panels.timeseries(
                        "Collector: received by signal",
                        [(f"sum by (signal) ({collector.accepted(thresholds)}{{{HERE}}})", "{{signal}}")],
                        panels.Unit.PER_SECOND,
                    ),
                    panels.timeseries(
                        "Collector: delivered by exporter",
                        [
                            (
                                f"sum by (exporter, signal) ({collector.sent(thresholds)}{{{HERE}}})",
                                "{{exporter}} {{signal}}",
                            )
                        ],
                        panels.Unit.PER_SECOND,
                    ),
                    panels.timeseries(
                        "Loki: lines received",
                        [(f"sum by (instance) ({lines})", "{{instance}}")],
                        panels.Unit.PER_SECOND,
                    ),
                    panels.timeseries(
                        "Prometheus: active series",
                        [(f"prometheus_tsdb_head_series{{{HERE}}}", "{{instance}}")],
                    ),
                ),
                "What waits and what is lost": (
                    panels.timeseries(
                        "Collector: queues",
                        [(queue, "{{exporter}} {{data_type}}")],
                        panels.Unit.RATIO,
                        limit=thresholds.queue_ratio,
                    ),
                    panels.timeseries(
                        "Collector: lost or refused",
                        [
                            (f"{collector.failed(thresholds)}{{{HERE}}}", "{{exporter}} {{signal}} lost"),
                            (f"{collector.refused(thresholds)}{{{HERE}}}", "{{receiver}} {{signal}} refused"),
                        ],
                        panels.Unit.RATIO,
                        limit=thresholds.failure_ratio,
                    ),
                    panels.timeseries(
                        "Loki: lines discarded by reason",
                        [
                            (
                                f"sum by (reason) (rate(loki_discarded_samples_total{{{HERE}}}[{window}]))",
                                "{{reason}}",
                            )
                        ],
                        panels.Unit.PER_SECOND,
                    ),
                    panels.timeseries(
                        "Alertmanager: failed notifications",
                        [
                            (
                                f"sum by (integration) ({failed}) > 0",
                                "{{integration}}",
                            )
                        ],
                        panels.Unit.PER_SECOND,
                    ),
                ),
                "What it uses": (
                    panels.timeseries(
                        "Memory",
                        [
                            (
                                memory,
                                "{{job}} {{instance}}",
                            )
                        ],
                        panels.Unit.BYTES,
                        stacked=True,
                    ),
                    panels.timeseries(
                        "Processor cores",
                        [
                            (
                                cores,
                                "{{job}} {{instance}}",
                            )
                        ],
                        stacked=True,
                    ),
                    panels.timeseries(
                        "Prometheus: bytes on disk",
                        [(f"prometheus_tsdb_storage_blocks_bytes{{{HERE}}}", "{{instance}}")],
                        panels.Unit.BYTES,
                    ),
                    panels.table("Targets", f"up{{{HERE}}}"),
                ),
            },
        ),
    )


MIXIN = Mixin(name="stack", requires=frozenset(PARTS), rules=lambda _: (), dashboards=dashboards)
