"""The services' audit logs."""

from __future__ import annotations

from mixins.counters import grew
from mixins.model import Alert, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services import http
from mixins.services.agents import AGENTS
from mixins.thresholds import Thresholds


def writes(thresholds: Thresholds) -> str:
    """Name of the recorded entries per second that a service writes."""
    return f"service:audit_log_writes:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Entries written, entries lost, and a log that fell silent."""
    level, written, enough = http.LEVEL, writes(thresholds), thresholds.minimum_request_rate
    return (
        RuleGroup(
            "audit",
            (
                RecordingRule(
                    written, f"sum by ({level}) (rate(audit_log_writes_total[{thresholds.window}]))"
                ),
                Alert(
                    "AuditLogFailures",
                    # One lost entry is a gap in the evidence, so nothing is tolerated.
                    expr=f"sum by ({level}) {grew('audit_log_errors_total', thresholds.window)} > 0",
                    keep_firing_for="10m",
                    severity=Severity.CRITICAL,
                    summary="A service could not write to its audit log.",
                    description=(
                        "{{ $labels.service }} lost about {{ $value | humanize }} audit log entries within "
                        f"{thresholds.window}."
                    ),
                    dashboard=AGENTS,
                ),
                Alert(
                    "AuditLogSilent",
                    # A service that only reads at night is quiet then, so yesterday's same hour must have had
                    # entries and today's must have requests.
                    expr=(
                        f"{written} == 0 and avg_over_time({written}[1h] offset 1d) > {enough} "
                        f"and on ({level}) {http.request_rate(thresholds)} > {enough}"
                    ),
                    for_="30m",
                    severity=Severity.WARNING,
                    summary="A service serves requests and writes nothing to its audit log.",
                    description=(
                        "{{ $labels.service }} has written no audit log entry for half an hour; at this time "
                        "yesterday it did."
                    ),
                    dashboard=AGENTS,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="audit", requires=frozenset({"services"}), rules=rules)
