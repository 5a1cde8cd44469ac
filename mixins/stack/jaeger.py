"""Jaeger v2: a collector with a store; it exports its own telemetry like any collector."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds

BOARD = "jaeger"
"""UID of the dashboard."""
SELF = 'job="jaeger"'
# A trace that does not exist counts as an error of get_trace.
READS = f'{SELF}, operation!="get_trace"'


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alerts on receiving, storing and reading spans."""
    window = thresholds.window

    def rate(without: str, metric: str) -> str:
        return f"sum without ({without}) (rate({metric}[{window}]))"

    def received(fate: str) -> str:
        return rate("transport, receiver", f"otelcol_receiver_{fate}_spans_total{{{SELF}}}")

    lost = _exported("send_failed", window)
    kept = _exported("sent", window)
    reads = rate("operation, result", f"jaeger_storage_requests_total{{{READS}}}")
    failed_reads = rate("operation, result", f'jaeger_storage_requests_total{{{READS}, result="err"}}')
    return (
        RuleGroup(
            "jaeger",
            (
                Alert(
                    "JaegerSpansRefused",
                    expr=(
                        f"{received('refused')} / ({received('refused')} + {received('accepted')}) > "
                        f"{thresholds.failure_ratio}"
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Jaeger turns spans away.",
                    description=(
                        "{{ $labels.instance }} refuses {{ $value | humanizePercentage }} of the spans it "
                        "gets."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "JaegerSpansNotStored",
                    expr=f"{lost} / (({kept} or {lost} * 0) + {lost}) > {thresholds.failure_ratio}",
                    for_="5m",
                    severity=Severity.CRITICAL,
                    summary="Jaeger cannot write spans to its store and loses them.",
                    description=(
                        "{{ $labels.instance }} loses {{ $value | humanizePercentage }} of its spans."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "JaegerStorageReadErrors",
                    expr=f"{failed_reads} / {reads} > {thresholds.error_ratio}",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Searching traces fails.",
                    description=(
                        "{{ $value | humanizePercentage }} of the reads from store {{ $labels.name }} of "
                        "{{ $labels.instance }} fail."
                    ),
                    dashboard=BOARD,
                ),
            ),
        ),
    )


def _exported(fate: str, window: str) -> str:
    # A failed export carries labels about the error that a successful one does not have.
    labels = "environment, job, instance, exporter"
    return f"sum by ({labels}) (rate(otelcol_exporter_{fate}_spans_total{{{SELF}}}[{window}]))"


MIXIN = Mixin(name="jaeger", requires=frozenset({"jaeger"}), rules=rules)
