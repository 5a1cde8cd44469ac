"""Which alerts are not sent while another one fires, because it says the same or says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from settings import Alerting

HERE = "environment"
"""Nothing in one environment says anything about another one."""


def inhibit_rules(alerting: Alerting) -> list[dict[str, Any]]:
    """Return ``inhibit_rules``: the stack's own, then those of the stack file.

    A label that neither alert has counts as equal, so each rule asks for the one that it is about.
    """
    own = [
        # The same service, more severe.
        _rule(['severity="critical"', 'service!=""'], ['severity=~"warning|info"'], "service"),
        _rule(['severity="warning"', 'service!=""'], ['severity="info"'], "service"),
        # What cannot be scraped has symptoms wherever its metrics are read.
        _rule(
            ['alertname="TargetDown"', 'instance!=""'],
            ['alertname!~"TargetDown|Watchdog"'],
            "job",
            "instance",
        ),
    ]
    return own + [
        {
            "source_matchers": list(rule.source_matchers),
            "target_matchers": list(rule.target_matchers),
            "equal": list(rule.equal),
        }
        for rule in alerting.inhibitions
    ]


def _rule(source: Sequence[str], target: Sequence[str], *equal: str) -> dict[str, Any]:
    return {"source_matchers": [*source], "target_matchers": [*target], "equal": [HERE, *equal]}
