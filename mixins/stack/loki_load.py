"""What Loki takes in and answers, and its dashboard."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.stack.loki import BOARD, REQUESTS, SELF
from mixins.thresholds import Thresholds

INSTANCE = "environment, job, instance"
QUERIES = "loki_api_v1_query.*"


def received(what: str, thresholds: Thresholds) -> str:
    """Name of the recorded ``what``, lines or bytes, that an instance takes in per second."""
    return f"instance:loki_{what}_received:rate{thresholds.window}"


def discarded(thresholds: Thresholds) -> str:
    """Name of the recorded lines per second that are turned away, by reason."""
    return f"reason:loki_lines_discarded:rate{thresholds.window}"


def requests(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second, by route."""
    return f"route:loki_requests:rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 99th percentile of the response time, by route, seconds."""
    return f"route:loki_request_duration_seconds:p99_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on slow queries, waiting chunks and too many streams."""
    route, streams = f"{INSTANCE}, route", f"loki_ingester_memory_streams{{{SELF}}}"

    def rate(by: str, metric: str, of: str = SELF) -> str:
        return f"sum by ({by}) (rate({metric}{{{of}}}[{thresholds.window}]))"

    buckets = rate(f"{route}, le", "loki_request_duration_seconds_bucket", REQUESTS)
    return (
        RuleGroup(
            "loki-load",
            (
                *(
                    RecordingRule(
                        received(what, thresholds), rate(INSTANCE, f"loki_distributor_{what}_received_total")
                    )
                    for what in ("lines", "bytes")
                ),
                RecordingRule(
                    discarded(thresholds), rate("environment, job, reason", "loki_discarded_samples_total")
                ),
                RecordingRule(
                    requests(thresholds), rate(route, "loki_request_duration_seconds_count", REQUESTS)
                ),
                RecordingRule(latency(thresholds), f"histogram_quantile(0.99, {buckets})"),
                Alert(
                    "LokiQueriesSlow",
                    expr=f'{latency(thresholds)}{{route=~"{QUERIES}"}} > {thresholds.log_query_duration}',
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Searching logs takes long.",
                    description=(
                        "One in a hundred requests to {{ $labels.route }} of {{ $labels.instance }} takes "
                        "{{ $value | humanizeDuration }} or longer."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "LokiFlushQueueGrowing",
                    expr=(
                        f"loki_ingester_flush_queue_length{{{SELF}}} > 100 "
                        f"and delta(loki_ingester_flush_queue_length{{{SELF}}}[15m]) > 0"
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Loki writes chunks to its store more slowly than they come.",
                    description="{{ $value | humanize }} chunks of {{ $labels.instance }} wait to be stored.",
                    dashboard=BOARD,
                ),
                Alert(
                    "LokiStreamsSurge",
                    expr=(
                        f"{streams} > {thresholds.series_growth} * avg_over_time({streams}[1h] offset 1d) "
                        f"and {streams} > 5000"
                    ),
                    for_="30m",
                    severity=Severity.WARNING,
                    summary="Loki holds far more streams than yesterday: a label with too many values.",
                    description="{{ $labels.instance }} holds {{ $value | humanize }} streams.",
                    dashboard=BOARD,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of Loki."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import telemetry_dashboards  # noqa: PLC0415

    return (telemetry_dashboards.loki(thresholds),)


MIXIN = Mixin(name="loki-load", requires=frozenset({"loki"}), rules=rules, dashboards=dashboards)
