"""Whether the applications are there at all: what has an owner counts as one."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services.http import LEVEL, OVERVIEW
from mixins.thresholds import Thresholds

APPLICATION = 'team!="", job!~"probe|dapr"'
"""Targets of applications. The prober and the sidecar of one may answer while it does not."""
UP = "service:up:ratio"
"""Name of the recorded share of a service's instances that answer, 0 to 1."""


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alerts on services that are gone, or come and go."""
    return (
        RuleGroup(
            "availability",
            (
                RecordingRule(UP, f"avg by ({LEVEL}) (up{{{APPLICATION}}})"),
                Alert(
                    "ApplicationDown",
                    expr=f"{UP} == 0",
                    for_=thresholds.application_down_for,
                    severity=Severity.CRITICAL,
                    summary="No instance of an application answers.",
                    description="{{ $labels.service }} of team {{ $labels.team }} is down.",
                    dashboard=OVERVIEW,
                ),
                Alert(
                    "ServiceReconnecting",
                    expr=f"changes(up{{{APPLICATION}}}[15m]) > {thresholds.reconnects:g}",
                    for_="1m",
                    keep_firing_for="10m",
                    severity=Severity.WARNING,
                    summary="An instance of an application comes and goes.",
                    description=(
                        "{{ $labels.instance }} of {{ $labels.service }} was lost and found "
                        "{{ $value }} times in 15 minutes."
                    ),
                    dashboard=OVERVIEW,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="availability", requires=frozenset({"services"}), rules=rules)
