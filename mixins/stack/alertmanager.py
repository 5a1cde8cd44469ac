"""Alertmanager: its configuration, its deliveries, its memory of silences, its cluster."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds

BOARD = "alertmanager"
"""UID of the dashboard."""
SELF = 'job="alertmanager"'


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alerts; they reach people only through another Alertmanager or receiver."""
    window = thresholds.window
    failed = f"sum without (reason) (rate(alertmanager_notifications_failed_total{{{SELF}}}[{window}]))"
    return (
        RuleGroup(
            "alertmanager",
            (
                Alert(
                    "AlertmanagerConfigReloadFailed",
                    expr=f"alertmanager_config_last_reload_successful{{{SELF}}} == 0",
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="Alertmanager refused its new configuration and runs on the old one.",
                    description="The last reload of {{ $labels.instance }} failed; its routes are outdated.",
                    dashboard=BOARD,
                ),
                Alert(
                    "AlertmanagerNotificationsFailing",
                    expr=(
                        f"{failed} / rate(alertmanager_notifications_total{{{SELF}}}[{window}]) "
                        f"> {thresholds.failure_ratio}"
                    ),
                    for_="5m",
                    keep_firing_for="10m",
                    severity=Severity.CRITICAL,
                    summary="Notifications do not reach their receiver.",
                    description=(
                        "{{ $labels.instance }} fails to send {{ $value | humanizePercentage }} of its "
                        "notifications by {{ $labels.integration }}."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "AlertmanagerAlertsInvalid",
                    expr=f"increase(alertmanager_alerts_invalid_total{{{SELF}}}[{window}]) > 0",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Somebody sends Alertmanager alerts that it cannot accept.",
                    description="{{ $labels.instance }} refused {{ $value | humanize }} alerts.",
                    dashboard=BOARD,
                ),
                Alert(
                    "AlertmanagerStateNotSaved",
                    expr=(
                        f"increase(alertmanager_silences_maintenance_errors_total{{{SELF}}}[30m]) "
                        f"+ increase(alertmanager_nflog_maintenance_errors_total{{{SELF}}}[30m]) > 0"
                    ),
                    severity=Severity.WARNING,
                    summary="Alertmanager cannot save silences; a restart forgets them.",
                    description=(
                        "{{ $labels.instance }} fails to write its silences or notification log to disk."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "AlertmanagerPeerLost",
                    expr=f"alertmanager_cluster_failed_peers{{{SELF}}} > 0",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Alertmanagers of one cluster do not see each other and notify twice.",
                    description="{{ $labels.instance }} has lost {{ $value }} peers.",
                    dashboard=BOARD,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="alertmanager", requires=frozenset({"alertmanager"}), rules=rules)
