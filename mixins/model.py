"""What a mixin is made of: recording rules, alerts and dashboards as frozen values.

Nothing here knows Pulumi, a target or a file format other than Prometheus' own rule format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixins.thresholds import Thresholds


class Severity(StrEnum):
    """How soon a person must act."""

    CRITICAL = "critical"
    """Users are affected now: pages the person on call."""
    WARNING = "warning"
    """Needs attention within a working day: a ticket or a chat message."""
    INFO = "info"
    """Worth knowing; never wakes anybody."""
    NONE = "none"
    """Not a problem: the always-firing Watchdog."""


@dataclass(frozen=True)
class RecordingRule:
    """A query that Prometheus evaluates every interval and stores as a series of its own."""

    record: str
    """Name of the new series, ``level:metric:operation``."""
    expr: str
    """PromQL."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels added to the series."""


@dataclass(frozen=True)
class Alert:
    """A condition somebody should hear of. Every alert has a page ``docs/runbooks/<name>.md``."""

    name: str
    """CamelCase, unique over all mixins."""
    expr: str
    """PromQL that returns a series while the condition holds and nothing otherwise."""
    severity: Severity
    summary: str
    """One static sentence with a full stop."""
    description: str
    """What is wrong, with values: a Prometheus template (``{{ $labels.service }}``, ``{{ $value }}``)."""
    for_: str = "0s"
    """How long the condition must hold before the alert fires, a Prometheus duration."""
    keep_firing_for: str = ""
    """How long it keeps firing after the condition ended, against flapping; empty for not at all."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels for routing."""
    dashboard: str = ""
    """UID of the dashboard that shows the problem; empty for none."""
    runbook: str = ""
    """Name of its page where that is not the alert's own name."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Further annotations; they replace those made from the fields above."""


@dataclass(frozen=True)
class RuleGroup:
    """Rules that Prometheus evaluates together, in order."""

    name: str
    rules: tuple[RecordingRule | Alert, ...]
    interval: str = ""
    """Evaluation interval, a Prometheus duration; empty for the server's own."""


@dataclass(frozen=True)
class Dashboard:
    """A Grafana dashboard."""

    uid: str
    """Stable identifier, part of its URL."""
    title: str
    model: Mapping[str, Any]
    """The dashboard as Grafana's JSON model."""


@dataclass(frozen=True)
class Mixin:
    """What is monitored about one technology."""

    name: str
    """Also the name of its rule file, ``<name>.yaml``."""
    requires: frozenset[str]
    """Scrape jobs without which none of it makes sense; the mixin is left out where one is missing.

    ``services`` stands for the applications of the service catalogue.
    """
    rules: Callable[[Thresholds], tuple[RuleGroup, ...]]
    dashboards: Callable[[Thresholds], tuple[Dashboard, ...]] = lambda _: ()


@dataclass(frozen=True)
class Links:
    """Where the links of an alert lead."""

    runbooks: str = "docs/runbooks"
    """Folder or base URL of the runbook pages."""
    grafana: str = ""
    """Base URL of Grafana; empty where there is none, which leaves the dashboard link out."""


def rule_file(groups: tuple[RuleGroup, ...], links: Links) -> dict[str, Any]:
    """Return the content of a Prometheus rule file."""
    return {
        "groups": [
            {
                "name": group.name,
                **({"interval": group.interval} if group.interval else {}),
                "rules": [_rule(rule, links) for rule in group.rules],
            }
            for group in groups
        ]
    }


def _rule(rule: RecordingRule | Alert, links: Links) -> dict[str, Any]:
    if isinstance(rule, RecordingRule):
        labels = {"labels": dict(rule.labels)} if rule.labels else {}
        return {"record": rule.record, "expr": rule.expr, **labels}
    annotations = {
        "summary": rule.summary,
        "description": rule.description,
        "runbook_url": f"{links.runbooks.rstrip('/')}/{rule.runbook or rule.name}.md",
    }
    if rule.dashboard and links.grafana:
        annotations["dashboard_url"] = f"{links.grafana.rstrip('/')}/d/{rule.dashboard}"
    annotations |= rule.annotations
    return {
        "alert": rule.name,
        "expr": rule.expr,
        **({"for": rule.for_} if rule.for_ not in ("", "0s") else {}),
        **({"keep_firing_for": rule.keep_firing_for} if rule.keep_firing_for else {}),
        "labels": {"severity": rule.severity.value, **rule.labels},
        "annotations": annotations,
    }
