"""Thanos in front of several Prometheus: is every one asked, and is the answer quick and whole."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

BOARD = "thanos"
"""UID of the dashboard."""
SELF, SIDECAR = 'job="thanos-query"', 'job="thanos-sidecar"'
QUERIES = f'{SELF}, handler=~"query|query_range"'
INSTANCE = "environment, job, instance"


def requests(thresholds: Thresholds) -> str:
    """Name of the recorded queries per second, by kind and status code."""
    return f"handler:thanos_query_requests:rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 99th percentile of the duration of a query, by kind, seconds."""
    return f"handler:thanos_query_duration_seconds:p99_rate{thresholds.window}"


def calls(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second to sidecars and stores, by result."""
    return f"code:thanos_query_calls:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on Prometheus that are not asked, and on queries that fail, wait or take long."""

    def rate(by: str, metric: str, of: str = SELF) -> str:
        return f"sum by ({by}) (rate({metric}{{{of}}}[{thresholds.window}]))"

    handler, asked = f"{INSTANCE}, handler", requests(thresholds)
    buckets = rate(f"{handler}, le", "http_request_duration_seconds_bucket", QUERIES)
    failed = f'sum without (code) ({asked}{{code=~"5.."}})'
    refused = f'sum without (grpc_code) ({calls(thresholds)}{{grpc_code!~"OK|Canceled"}})'
    connected = f'sum by ({INSTANCE}) (thanos_store_nodes_grpc_connections{{{SELF}, store_type="sidecar"}})'
    return (
        RuleGroup(
            "thanos",
            (
                RecordingRule(asked, rate(f"{handler}, code", "http_requests_total", QUERIES)),
                RecordingRule(latency(thresholds), f"histogram_quantile(0.99, {buckets})"),
                RecordingRule(calls(thresholds), rate(f"{INSTANCE}, grpc_code", "grpc_client_handled_total")),
                Alert(
                    "ThanosPrometheusNotAsked",
                    # A query that is connected to none of them says nothing about any.
                    expr=(
                        f"({connected} or 0 * sum by ({INSTANCE}) (up{{{SELF}}})) "
                        f"< on (environment) group_left () count by (environment) (up{{{SIDECAR}}})"
                    ),
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="Thanos does not ask every Prometheus.",
                    description=(
                        "{{ $labels.instance }} is connected to {{ $value }} of the stack's Prometheus: what "
                        "only the others have is missing from its answers."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosSidecarDisconnected",
                    expr=f"thanos_sidecar_prometheus_up{{{SIDECAR}}} == 0",
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="A sidecar of Thanos does not reach the Prometheus beside it.",
                    description="{{ $labels.instance }} answers nothing and uploads nothing.",
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosQueryErrors",
                    expr=f"{failed} / sum without (code) ({asked}) > {thresholds.error_ratio}",
                    for_="5m",
                    severity=Severity.CRITICAL,
                    summary="Queries of metrics fail: dashboards stay empty.",
                    description=(
                        "{{ $value | humanizePercentage }} of the requests to {{ $labels.handler }} of "
                        "{{ $labels.instance }} fail."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosAnswersIncomplete",
                    expr=(
                        f"{refused} / sum without (grpc_code) ({calls(thresholds)}) > "
                        f"{thresholds.failure_ratio}"
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="A Prometheus or a store does not answer Thanos: something may be missing.",
                    description=(
                        "{{ $value | humanizePercentage }} of what {{ $labels.instance }} asks sidecars and "
                        "stores fails."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosQueriesSlow",
                    expr=f"{latency(thresholds)} > {thresholds.metric_query_duration}",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Queries of metrics take long.",
                    description=(
                        "One in a hundred requests to {{ $labels.handler }} of {{ $labels.instance }} takes "
                        "{{ $value | humanizeDuration }} or longer."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosQueriesQueued",
                    expr=(
                        f"thanos_query_concurrent_gate_queries_in_flight{{{SELF}}} "
                        f"/ thanos_query_concurrent_gate_queries_max{{{SELF}}} > {thresholds.queue_ratio}"
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Thanos works on so many queries at once that others wait.",
                    description=(
                        "{{ $labels.instance }} works on {{ $value | humanizePercentage }} of the queries it "
                        "can work on at once."
                    ),
                    dashboard=BOARD,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the queries."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import thanos_dashboards  # noqa: PLC0415

    return (thanos_dashboards.queries(thresholds),)


MIXIN = Mixin("thanos", frozenset({"thanos-query", "thanos-sidecar"}), rules, dashboards)
