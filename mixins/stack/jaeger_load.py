"""What Jaeger takes in, keeps and answers, and its dashboard."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.stack.jaeger import BOARD, READS, SELF
from mixins.thresholds import Thresholds

INSTANCE = "environment, job, instance"


def received(thresholds: Thresholds) -> str:
    """Name of the recorded spans per second that an instance accepts."""
    return f"instance:jaeger_spans_received:rate{thresholds.window}"


def stored(thresholds: Thresholds) -> str:
    """Name of the recorded spans per second that an instance writes to its store."""
    return f"instance:jaeger_spans_stored:rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 95th percentile of the time a read of the store takes, seconds."""
    return f"operation:jaeger_storage_latency_seconds:p95_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on slow searches and on spans that stopped coming."""

    def rate(by: str, metric: str, of: str = SELF) -> str:
        return f"sum by ({by}) (rate({metric}{{{of}}}[{thresholds.window}]))"

    buckets = rate(f"{INSTANCE}, operation, le", "jaeger_storage_latency_seconds_bucket", READS)
    came = received(thresholds)
    return (
        RuleGroup(
            "jaeger-load",
            (
                RecordingRule(came, rate(INSTANCE, "otelcol_receiver_accepted_spans_total")),
                RecordingRule(stored(thresholds), rate(INSTANCE, "otelcol_exporter_sent_spans_total")),
                RecordingRule(latency(thresholds), f"histogram_quantile(0.95, {buckets})"),
                Alert(
                    "JaegerStorageSlow",
                    expr=f"{latency(thresholds)} > {thresholds.trace_query_duration}",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Searching traces takes long.",
                    description=(
                        "One in twenty reads ({{ $labels.operation }}) of {{ $labels.instance }} takes "
                        "{{ $value | humanizeDuration }} or longer."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "JaegerSpansMissing",
                    # At this time yesterday there were some, so services that sleep at night are no fault.
                    expr=(
                        f"{came} == 0 and avg_over_time({came}[30m] offset 1h) > 1 "
                        f"and avg_over_time({came}[1h] offset 1d) > 1"
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="No traces arrive any more.",
                    description="{{ $labels.instance }} receives no spans; an hour ago it did.",
                    dashboard=BOARD,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of Jaeger."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import telemetry_dashboards  # noqa: PLC0415

    return (telemetry_dashboards.jaeger(thresholds),)


MIXIN = Mixin(name="jaeger-load", requires=frozenset({"jaeger"}), rules=rules, dashboards=dashboards)
