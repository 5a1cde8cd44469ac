"""Pods that ask to be scraped: their own metrics are the proof that they run."""

from __future__ import annotations

from mixins.kubernetes.jobs import PODS
from mixins.kubernetes.pods import OVERVIEW
from mixins.model import Alert, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alert on pods that do not answer."""
    return (
        RuleGroup(
            "kubernetes-annotated-pods",
            (
                Alert(
                    "PodDown",
                    expr=f'up{{job="{PODS}"}} == 0',
                    for_=thresholds.target_down_for,
                    severity=Severity.CRITICAL,
                    summary="A pod does not answer.",
                    description=(
                        "Prometheus gets no metrics from {{ $labels.pod }} in {{ $labels.namespace }}."
                    ),
                    dashboard=OVERVIEW,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="kubernetes-annotated-pods", requires=frozenset({PODS}), rules=rules)
