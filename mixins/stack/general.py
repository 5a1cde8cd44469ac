"""What holds for every scrape target, and the alert that proves that alerting works."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RuleGroup, Severity
from mixins.stack.targets import ALERTS, TARGETS
from mixins.thresholds import Thresholds


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Alerts on ``up``, the process metrics that every client library exports, and the Watchdog."""
    return (
        RuleGroup(
            "general",
            (
                Alert(
                    "Watchdog",
                    expr="vector(1)",
                    severity=Severity.NONE,
                    summary="Always firing, so that its absence shows that alerting is broken.",
                    description="Nothing is wrong. Route it to a dead man's switch that calls when it stops.",
                    dashboard=ALERTS,
                ),
                Alert(
                    "TargetDown",
                    # A pod that is scraped by its annotation is PodDown.
                    expr='up{job!="kubernetes-pods"} == 0',
                    for_=thresholds.target_down_for,
                    severity=Severity.CRITICAL,
                    summary="A scrape target cannot be reached.",
                    description=(
                        "Prometheus gets no metrics from {{ $labels.job }} at {{ $labels.instance }}."
                    ),
                    dashboard=TARGETS,
                ),
                Alert(
                    "ProcessFileDescriptorsExhausted",
                    expr=f"process_open_fds / process_max_fds > {thresholds.descriptor_ratio}",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="A process is about to run out of file descriptors.",
                    description=(
                        "{{ $labels.job }} at {{ $labels.instance }} uses {{ $value | humanizePercentage }} "
                        "of the file descriptors it may open."
                    ),
                    dashboard=TARGETS,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="general", requires=frozenset(), rules=rules)
