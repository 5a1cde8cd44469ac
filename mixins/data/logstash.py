"""Logstash, seen by logstash-exporter."""

from __future__ import annotations

from mixins.data.servers import SERVER
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "logstash"
"""UID of the dashboard."""
SELF = 'job="logstash"'
PIPELINE = f"{SERVER}, pipeline"
HEAP = "instance:logstash_heap_utilisation:ratio"
"""Name of the recorded share of its heap that a Logstash uses, 0 to 1."""
QUEUE = "pipeline:logstash_queue_utilisation:ratio"
"""Name of the recorded share of a pipeline's queue on disk in use; absent without such a queue."""


def events(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded events per second of a pipeline; ``direction`` is in or out."""
    return f"pipeline:logstash_events_{direction}:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on the events, queue and heap of every Logstash."""
    return (RuleGroup("logstash", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    used, limit = (
        f"sum by ({PIPELINE}) (logstash_stats_pipeline_{metric}{{{SELF}}})"
        for metric in ("queue_events_queue_size", "queue_max_size_in_bytes")
    )
    heap = "logstash_stats_jvm_mem_heap"
    return (
        RecordingRule(
            HEAP,
            f"max by ({SERVER}) ({heap}_used_bytes{{{SELF}}}) "
            f"/ (max by ({SERVER}) ({heap}_max_bytes{{{SELF}}}) > 0)",
        ),
        RecordingRule(QUEUE, f"{used} / ({limit} > 0)"),
        *(
            RecordingRule(
                events(way, thresholds),
                f"sum by ({PIPELINE}) "
                f"(rate(logstash_stats_pipeline_events_{way}{{{SELF}}}[{thresholds.window}]))",
            )
            for way in ("in", "out")
        ),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    pipeline = "Pipeline {{ $labels.pipeline }} of {{ $labels.instance }}"
    refused = f"logstash_stats_pipeline_plugin_documents_non_retryable_failures{{{SELF}}}"
    return (
        Alert(
            "LogstashDown",
            expr=f"max by ({SERVER}) (logstash_info_up{{{SELF}}}) == 0",
            for_="2m",
            severity=Severity.CRITICAL,
            summary="Logstash cannot be reached; what it should pass on waits or is lost.",
            description="The exporter {{ $labels.instance }} cannot reach its Logstash.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "LogstashPipelineStalled",
            expr=(
                f"{events('out', thresholds)} == 0 "
                f"and {events('in', thresholds)} > {thresholds.minimum_request_rate}"
            ),
            for_="10m",
            severity=Severity.CRITICAL,
            summary="A Logstash pipeline takes events in and passes none on.",
            description=f"{pipeline} has passed nothing on for ten minutes.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "LogstashQueueFilling",
            expr=f"{QUEUE} > {thresholds.queue_ratio}",
            for_="10m",
            severity=Severity.WARNING,
            summary="Events wait in Logstash; when its queue is full, it stops taking any.",
            description="The queue of pipeline {{ $labels.pipeline }} of {{ $labels.instance }} is "
            "{{ $value | humanizePercentage }} full.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "LogstashHeapHigh",
            expr=f"{HEAP} > {thresholds.heap_ratio}",
            for_="15m",
            severity=Severity.WARNING,
            summary="A Logstash has little heap left and spends its time on collecting garbage.",
            description="{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its heap.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "LogstashDocumentsRefused",
            expr=f"sum by ({PIPELINE}) (increase({refused}[15m])) > 0",
            for_="5m",
            severity=Severity.WARNING,
            summary="Elasticsearch refuses documents of Logstash for good; they are lost.",
            description=f"{pipeline} lost about {{{{ $value | humanize }}}} documents in 15 minutes.",
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of Logstash."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.data import search_dashboards  # noqa: PLC0415

    return (search_dashboards.logstash(thresholds),)


MIXIN = Mixin(name="logstash", requires=frozenset({"logstash"}), rules=rules, dashboards=dashboards)
