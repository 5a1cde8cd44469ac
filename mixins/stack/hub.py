"""A spoke and its hub: what one stack sends to another is on its way, and arrives."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RecordingRule, RuleGroup, Severity
from mixins.stack import targets
from mixins.stack.prometheus import BOARD, SELF
from mixins.thresholds import Thresholds

HUB, SPOKES = "hub", "spokes"
"""Stand for a stack that has a hub, and for one that is a hub, where mixins say what they need."""
TARGETS = "environment:up:count"
"""Name of the recorded number of scrape targets of each environment that sends its series here."""


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Watch the way to the hub, from the spoke."""
    newest, sent = (
        f'prometheus_remote_storage_queue_highest_{part}timestamp_seconds{{{SELF}, remote_name="{HUB}"}}'
        for part in ("", "sent_")
    )
    unreachable = Alert(
        "HubUnreachable",
        expr=f"{newest} - {sent} > {thresholds.hub_lag}",
        for_="5m",
        severity=Severity.CRITICAL,
        summary="The hub gets nothing, and soon what waits for it is lost.",
        description=(
            "{{ $labels.instance }} has sent the hub nothing for {{ $value | humanizeDuration }}. "
            "After about two hours samples are lost; this stack itself is complete."
        ),
        dashboard=BOARD,
    )
    return (RuleGroup(HUB, (unreachable,)),)


def rules_of_spokes(_: Thresholds) -> tuple[RuleGroup, ...]:
    """Watch from the hub that its spokes still send."""
    # The label is another one: alerts with the environment of a spoke are the spoke's own to notify of.
    gone = f"last_over_time({TARGETS}[1d]) unless {TARGETS}"
    silent = Alert(
        "SpokeSilent",
        expr=f'max by (spoke) (label_replace({gone}, "spoke", "$1", "environment", "(.+)"))',
        for_="10m",
        severity=Severity.CRITICAL,
        summary="A spoke sends nothing any more.",
        description=(
            "Nothing comes from {{ $labels.spoke }}, which had {{ $value }} scrape targets; whether it is "
            "well is not known here."
        ),
        dashboard=targets.TARGETS,
    )
    count = RecordingRule(TARGETS, 'count by (environment) (up{environment!=""})')
    return (RuleGroup(SPOKES, (count, silent)),)


MIXIN = Mixin(name=HUB, requires=frozenset({HUB}), rules=rules)
OF_SPOKES = Mixin(name=SPOKES, requires=frozenset({SPOKES}), rules=rules_of_spokes)
