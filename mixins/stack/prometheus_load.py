"""What Prometheus is asked to do: series, targets, queries and rules; and its dashboard."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.stack.prometheus import BOARD, SELF
from mixins.thresholds import Thresholds

TARGETS = "instance:prometheus_discovered_targets:sum"
"""Name of the recorded targets that a Prometheus discovered."""


def queries(thresholds: Thresholds) -> str:
    """Name of the recorded queries per second."""
    return f"instance:prometheus_queries:rate{thresholds.window}"


def query_duration(thresholds: Thresholds) -> str:
    """Name of the recorded average duration of a query, seconds."""
    return f"instance:prometheus_query_duration_seconds:avg_rate{thresholds.window}"


def rule_time(thresholds: Thresholds) -> str:
    """Name of the recorded share of a processor that evaluating the rules takes."""
    return f"instance:prometheus_rule_evaluation:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on growth, lost targets and waiting queries."""

    def rate(metric: str, where: str = "") -> str:
        return f"rate({metric}{{{SELF}{where}}}[{thresholds.window}])"

    spent = rate("prometheus_engine_query_duration_seconds_sum", ', slice="inner_eval"')
    made = rate("prometheus_engine_query_duration_seconds_count", ', slice="inner_eval"')
    series = f"prometheus_tsdb_head_series{{{SELF}}}"
    return (
        RuleGroup(
            "prometheus-load",
            (
                RecordingRule(
                    TARGETS, f"sum without (config, name) (prometheus_sd_discovered_targets{{{SELF}}})"
                ),
                RecordingRule(queries(thresholds), f"sum without (slice) ({made})"),
                RecordingRule(
                    query_duration(thresholds),
                    f"sum without (slice) ({spent}) / (sum without (slice) ({made}) > 0)",
                ),
                RecordingRule(
                    rule_time(thresholds),
                    f"sum without (rule_group) ({rate('prometheus_rule_evaluation_duration_seconds_sum')})",
                ),
                Alert(
                    "PrometheusSeriesSurge",
                    expr=(
                        f"{series} > {thresholds.series_growth} * avg_over_time({series}[1h] offset 1d) "
                        f"and {series} > 100000"
                    ),
                    for_="30m",
                    severity=Severity.WARNING,
                    summary="Prometheus holds far more series than yesterday and will need more memory.",
                    description="{{ $labels.instance }} holds {{ $value | humanize }} series.",
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusTargetsLost",
                    expr=f"{TARGETS} < {thresholds.traffic_drop_ratio} * max_over_time({TARGETS}[1h])",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Prometheus discovers far fewer targets than an hour ago.",
                    description="{{ $labels.instance }} discovers {{ $value | humanize }} targets.",
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusDiscoveryFailing",
                    expr=f"sum without (config, name) (prometheus_sd_failed_configs{{{SELF}}}) > 0",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Prometheus cannot ask one of its sources for targets.",
                    description="{{ $value }} discoveries of {{ $labels.instance }} fail.",
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusQueriesQueued",
                    expr=(
                        f"prometheus_engine_queries{{{SELF}}} "
                        f"/ prometheus_engine_queries_concurrent_max{{{SELF}}} > {thresholds.queue_ratio}"
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Prometheus works on so many queries at once that others wait, rules included.",
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
    """Return the dashboard of Prometheus."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import metrics_dashboards  # noqa: PLC0415

    return (metrics_dashboards.prometheus(thresholds),)


MIXIN = Mixin(name="prometheus-load", requires=frozenset({"prometheus"}), rules=rules, dashboards=dashboards)
