"""Which alerts are not sent while another one fires, because it says the same or says why.

A warning never holds back a critical alert: whoever is paged is paged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from settings import Alerting


@dataclass(frozen=True)
class Rule:
    """Alerts that are held back while another one fires in the same place."""

    source: tuple[str, ...]
    """Matchers of the alert that says it better."""
    target: tuple[str, ...]
    """Matchers of those that are held back."""
    equal: tuple[str, ...]
    """Labels of the place, besides the environment. One that neither has counts as equal."""

    def configuration(self) -> dict[str, Any]:
        """Return the rule as an entry of ``inhibit_rules``."""
        return {
            "source_matchers": list(self.source),
            "target_matchers": list(self.target),
            "equal": list(dict.fromkeys(("environment", *self.equal))),
        }


OWN = (
    # The same service, more severe.
    Rule(('severity="critical"', 'service!=""'), ('severity=~"warning|info"',), ("service",)),
    Rule(('severity="warning"', 'service!=""'), ('severity="info"',), ("service",)),
    # Of one objective: the page of another one must not hide its ticket.
    Rule(('slo_severity="page"',), ('slo_severity="ticket"',), ("slo_id",)),
    # What cannot be scraped has symptoms wherever its metrics are read.
    Rule(
        ('alertname="TargetDown"', 'instance!=""'), ('alertname!~"TargetDown|Watchdog"',), ("job", "instance")
    ),
    # A node takes everything on it along.
    Rule(
        ('alertname="KubernetesNodeNotReady"', 'node!=""'),
        ('alertname!~"KubernetesNodeNotReady|Watchdog"',),
        ("node",),
    ),
    # A deployment that lacks replicas says what its pods say one by one.
    Rule(
        ('alertname=~"DeploymentReplicaMismatch|DeploymentRolloutStuck"',),
        (
            'alertname=~"PodCrashLooping|PodCannotStart|PodNotReady|PodRestartingTooOften"',
            'severity!="critical"',
        ),
        ("namespace",),
    ),
    # What starts over and over is busy starting.
    Rule(
        ('alertname=~"PodCrashLooping|PodRestartingTooOften"',),
        ('alertname=~"PodCPUHigh|PodCPUThrottled"', 'severity!="critical"'),
        ("namespace", "pod"),
    ),
    Rule(
        ('alertname=~"ContainerRestarting|ContainerCrashLooping"',),
        ('alertname=~"ContainerCPUHigh|ContainerCPUThrottled"', 'severity!="critical"'),
        ("service", "container"),
    ),
)
"""The stack's own rules."""


def inhibit_rules(alerting: Alerting) -> list[dict[str, Any]]:
    """Return ``inhibit_rules``: the stack's own, then those of the stack file."""
    further = (Rule(r.source_matchers, r.target_matchers, r.equal) for r in alerting.inhibitions)
    return [rule.configuration() for rule in (*OWN, *further)]
