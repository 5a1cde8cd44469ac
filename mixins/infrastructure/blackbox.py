"""Addresses as seen from outside, probed by blackbox_exporter."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds

PROBES = "probes"
"""UID of the dashboard."""
PROBE = 'job="probe"'


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return alerts on answers, their duration and certificates."""
    return (RuleGroup("blackbox", (*_answers(thresholds), *_certificates(thresholds))),)


def _answers(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "HealthCheckFail",
            expr=f"probe_success{{{PROBE}}} == 0",
            for_=thresholds.target_down_for,
            severity=Severity.CRITICAL,
            summary="A probed address does not answer as it should.",
            description="{{ $labels.instance }} of {{ $labels.service }} does not answer, or not with 2xx.",
            dashboard=PROBES,
        ),
        Alert(
            "ProbeSlow",
            expr=(
                f"avg_over_time(probe_duration_seconds{{{PROBE}}}[{thresholds.window}]) "
                f"> {thresholds.probe_duration}"
            ),
            for_=thresholds.latency_for,
            severity=Severity.WARNING,
            summary="A probed address answers slowly.",
            description=(
                "{{ $labels.instance }} ({{ $labels.service }}) answers in {{ $value | humanizeDuration }}."
            ),
            dashboard=PROBES,
        ),
    )


def _certificates(thresholds: Thresholds) -> tuple[Alert, ...]:
    left = f"probe_ssl_earliest_cert_expiry{{{PROBE}}} - time()"
    ends = "The certificate of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}."
    return (
        Alert(
            "CertificateExpiresSoon",
            expr=f"{left} < {thresholds.certificate_soon:.0f}",
            for_="10m",
            severity=Severity.WARNING,
            summary="A certificate has not been renewed in time.",
            description=ends,
            dashboard=PROBES,
        ),
        Alert(
            "CertificateExpiresImminently",
            expr=f"{left} < {thresholds.certificate_imminent:.0f}",
            for_="10m",
            severity=Severity.CRITICAL,
            summary="A certificate ends within days, and with it every connection to its address.",
            description=ends,
            dashboard=PROBES,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the probed addresses."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins import panels  # noqa: PLC0415

    chosen = f'{PROBE}, environment=~"$environment", service=~"$service"'
    return (
        panels.dashboard(
            PROBES,
            "Probes",
            "The probed addresses of the services: whether and how fast they answer, and their certificates.",
            variables=(panels.environment(), panels.service("probe_success")),
            rows={
                "Now": (
                    panels.stat(
                        "Addresses that fail",
                        f"count(probe_success{{{chosen}}} == 0) or vector(0)",
                        limit=1,
                    ),
                    panels.stat(
                        "Addresses that answer", f"count(probe_success{{{chosen}}} == 1) or vector(0)"
                    ),
                    panels.stat(
                        "Slowest answer",
                        f"max(probe_duration_seconds{{{chosen}}})",
                        panels.Unit.SECONDS,
                        limit=thresholds.probe_duration,
                    ),
                    panels.stat(
                        "Next certificate to end",
                        f"min(probe_ssl_earliest_cert_expiry{{{chosen}}}) - time()",
                        panels.Unit.SECONDS,
                    ),
                ),
                "Answers": (
                    panels.timeseries(
                        "Availability",
                        [(f"avg_over_time(probe_success{{{chosen}}}[{thresholds.window}])", "{{instance}}")],
                        panels.Unit.RATIO,
                    ),
                    panels.timeseries(
                        "Duration of probes",
                        [(f"probe_duration_seconds{{{chosen}}}", "{{instance}}")],
                        panels.Unit.SECONDS,
                        limit=thresholds.probe_duration,
                    ),
                    panels.timeseries(
                        "Duration by phase",
                        [(f"avg by (phase) (probe_http_duration_seconds{{{chosen}}})", "{{phase}}")],
                        panels.Unit.SECONDS,
                        stacked=True,
                    ),
                    panels.table("Status codes", f"probe_http_status_code{{{chosen}}}"),
                ),
                "Certificates": (
                    panels.table(
                        "Time until certificates end",
                        f"probe_ssl_earliest_cert_expiry{{{chosen}}} - time()",
                        panels.Unit.SECONDS,
                    ),
                ),
            },
        ),
    )


MIXIN = Mixin(name="blackbox", requires=frozenset({"probe"}), rules=rules, dashboards=dashboards)
