"""Horizontal pod autoscalers: whether they can still follow the load."""

from __future__ import annotations

from mixins.kubernetes.jobs import NAMESPACE, STATE
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "kubernetes-autoscaling"
"""UID of the dashboard."""
SELF = f'job="{STATE}"'
SCALER = f"{NAMESPACE}, horizontalpodautoscaler"
USED = "namespace_hpa:kube_hpa_replicas:ratio"
"""Name of the recorded share of an autoscaler's largest number of replicas that runs, 0 to 1."""


def replicas(kind: str) -> str:
    """Return the query of an autoscaler's replicas: spec_min, spec_max, status_current, status_desired."""
    return f"max by ({SCALER}) (kube_horizontalpodautoscaler_{kind}_replicas{{{SELF}}})"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on autoscalers at their end, behind, or blind."""
    where = "{{ $labels.horizontalpodautoscaler }} in {{ $labels.namespace }}"
    blind = (
        f'kube_horizontalpodautoscaler_status_condition{{{SELF}, condition="ScalingActive", status="false"}}'
    )
    return (
        RuleGroup(
            "kubernetes-autoscaling",
            (
                RecordingRule(USED, f"{replicas('status_current')} / {replicas('spec_max')}"),
                Alert(
                    "HPAMaxedOut",
                    # One whose bounds are equal has been fixed on purpose.
                    expr=f"{USED} >= 1 and {replicas('spec_max')} > {replicas('spec_min')}",
                    for_=thresholds.autoscaler_maxed_for,
                    severity=Severity.WARNING,
                    summary="An autoscaler has reached its largest number of replicas.",
                    description=f"{where} cannot add replicas any more, whatever the load does.",
                    dashboard=OVERVIEW,
                ),
                Alert(
                    "HPAReplicaMismatch",
                    expr=f"{replicas('status_desired')} - {replicas('status_current')} > 0",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="An autoscaler asks for replicas that do not come.",
                    description=f"{where} has waited 15 minutes for {{{{ $value }}}} replicas.",
                    dashboard=OVERVIEW,
                ),
                Alert(
                    "HPAInactive",
                    # One that was scaled to zero is switched off by that.
                    expr=(
                        f"max by ({SCALER}) ({blind}) == 1 and on ({SCALER}) {replicas('status_desired')} > 0"
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="An autoscaler cannot read the metric it scales by.",
                    description=f"{where} does not scale because its metric is missing.",
                    dashboard=OVERVIEW,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the autoscalers' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import workloads_dashboard  # noqa: PLC0415

    return (workloads_dashboard.autoscaling(thresholds),)


MIXIN = Mixin(name="kubernetes-autoscaling", requires=frozenset({STATE}), rules=rules, dashboards=dashboards)
