"""The Prometheus Operator and its agent: whether what teams have written is honoured, and arrives."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds

BOARD, AGENT_BOARD = "prometheus-operator", "prometheus-agent"
"""UIDs of the dashboards."""
OPERATOR, AGENT = 'job="prometheus-operator"', 'job="prometheus-agent"'
CONTROLLER = "environment, job, controller"
FAILING = 0.1
"""Share of the operator's attempts that may fail: some do whenever two change the same object."""


def operator(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alerts on the operator that comes with the stack."""
    return (
        RuleGroup(
            "prometheus-operator",
            (
                Alert(
                    "PrometheusOperatorReconcileErrors",
                    expr=_ratio(
                        "prometheus_operator_reconcile_errors_total",
                        "prometheus_operator_reconcile_operations_total",
                        thresholds,
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="The Prometheus Operator fails to do what objects ask for.",
                    description=(
                        "{{ $value | humanizePercentage }} of the attempts of its controller "
                        "{{ $labels.controller }} fail."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusOperatorSyncFailed",
                    expr=(
                        f"sum by ({CONTROLLER}) (min_over_time(prometheus_operator_syncs"
                        f'{{{OPERATOR}, status="failed"}}[{thresholds.window}])) > 0'
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="The Prometheus Operator cannot bring about what an object says.",
                    description=(
                        "Its controller {{ $labels.controller }} fails again and again for {{ $value }} "
                        "objects: they go on as they were before."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusOperatorWatchErrors",
                    expr=(
                        f"{_ratio(_LIST_FAILED, _LIST, thresholds)} "
                        f"or {_ratio(_WATCH_FAILED, _WATCH, thresholds)}"
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="The Prometheus Operator does not see objects and their changes.",
                    description=(
                        "{{ $value | humanizePercentage }} of what its controller {{ $labels.controller }} "
                        "asks the API server fails."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusOperatorNotReady",
                    expr=f"max_over_time(prometheus_operator_ready{{{OPERATOR}}}[{thresholds.window}]) == 0",
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="The Prometheus Operator runs, but does nothing yet.",
                    description="Its controller {{ $labels.controller }} has not become ready.",
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusOperatorRejectedResources",
                    expr=f'prometheus_operator_managed_resources{{{OPERATOR}, state="rejected"}} > 0',
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Objects that teams have written are not honoured, because they are wrong.",
                    description="{{ $value }} {{ $labels.resource }} objects are rejected.",
                    dashboard=BOARD,
                ),
                Alert(
                    "PrometheusOperatorRulesNotLoaded",
                    expr=(
                        "max by (environment, job, instance) (prometheus_operator_managed_resources"
                        f'{{{OPERATOR}, resource="PrometheusRule", state="selected"}}) > 0 '
                        'unless on () prometheus_rule_group_rules{rule_group=~".*/objects/.*"}'
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Rules of PrometheusRule objects are accepted, but Prometheus has none of them.",
                    description="{{ $labels.instance }} accepts {{ $value }}; none of their rules runs.",
                    dashboard=BOARD,
                ),
            ),
        ),
    )


_LIST, _LIST_FAILED = (f"prometheus_operator_list_operations{part}_total" for part in ("", "_failed"))
_WATCH, _WATCH_FAILED = (f"prometheus_operator_watch_operations{part}_total" for part in ("", "_failed"))


def _ratio(failed: str, tried: str, thresholds: Thresholds) -> str:
    def rate(metric: str) -> str:
        return f"sum by ({CONTROLLER}) (rate({metric}{{{OPERATOR}}}[{thresholds.window}]))"

    return f"{rate(failed)} / {rate(tried)} > {FAILING}"


def agent(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alerts on the agent that scrapes what monitors say, whoever's operator runs it."""
    remote, labels = "prometheus_remote_storage", "environment, job, instance"
    failed = f"rate({remote}_samples_failed_total{{{AGENT}}}[{thresholds.window}])"
    return (
        RuleGroup(
            "prometheus-agent",
            (
                Alert(
                    "PrometheusAgentMissing",
                    expr=(
                        'max by (environment, job) (up{job="prometheus"}) unless on (environment) '
                        f"up{{{AGENT}}}"
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="No operator runs the agent, so that nothing is scraped of what monitors say.",
                    description="{{ $labels.job }} sees no pod of the PrometheusAgent object.",
                    dashboard=AGENT_BOARD,
                ),
                Alert(
                    "PrometheusAgentConfigReloadFailed",
                    expr=f"prometheus_config_last_reload_successful{{{AGENT}}} == 0",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="The agent refused its new configuration and scrapes by the old one.",
                    description="The last reload of {{ $labels.instance }} failed.",
                    dashboard=AGENT_BOARD,
                ),
                Alert(
                    "PrometheusAgentSamplesLost",
                    expr=f"sum by ({labels}) ({failed}) > 0",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Prometheus refuses what the agent has scraped.",
                    description="{{ $labels.instance }} loses {{ $value | humanize }} samples per second.",
                    dashboard=AGENT_BOARD,
                ),
                Alert(
                    "PrometheusAgentBehind",
                    expr=(
                        f"{remote}_queue_highest_timestamp_seconds{{{AGENT}}} "
                        f"- {remote}_queue_highest_sent_timestamp_seconds{{{AGENT}}} "
                        f"> {thresholds.remote_write_lag}"
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="What the agent has scraped reaches Prometheus late.",
                    description="{{ $labels.instance }} is {{ $value | humanizeDuration }} behind.",
                    dashboard=AGENT_BOARD,
                ),
            ),
        ),
    )


def operator_dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the operator."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import prometheus_operator_dashboards  # noqa: PLC0415

    return (prometheus_operator_dashboards.operator(thresholds),)


def agent_dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the agent."""
    from mixins.stack import prometheus_operator_dashboards  # noqa: PLC0415

    return (prometheus_operator_dashboards.agent(thresholds),)


MIXIN = Mixin(
    "prometheus-operator", frozenset({"prometheus", "prometheus-operator"}), operator, operator_dashboards
)
AGENT_MIXIN = Mixin(
    "prometheus-agent", frozenset({"prometheus", "prometheus-agent"}), agent, agent_dashboards
)
