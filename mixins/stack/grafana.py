"""Grafana: whether it answers, and whether its data sources answer it."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds

SELF = 'job="grafana"'


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the alerts on Grafana's own requests and on those to its data sources."""
    window, enough = thresholds.window, thresholds.minimum_request_rate

    def ratio(by: str, metric: str, code: str) -> str:
        errors = f'sum by ({by}) (rate({metric}{{{SELF}, {code}=~"5.."}}[{window}]))'
        requests = f"sum by ({by}) (rate({metric}{{{SELF}}}[{window}]))"
        return f"{errors} / ({requests} > {enough}) > {thresholds.error_ratio}"

    return (
        RuleGroup(
            "grafana",
            (
                Alert(
                    "GrafanaRequestErrors",
                    expr=ratio(
                        "environment, job, instance",
                        "grafana_http_request_duration_seconds_count",
                        "status_code",
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Grafana fails requests.",
                    description=(
                        "{{ $labels.instance }} fails {{ $value | humanizePercentage }} of its requests."
                    ),
                ),
                Alert(
                    "GrafanaDatasourceErrors",
                    expr=ratio(
                        "environment, job, instance, datasource", "grafana_datasource_request_total", "code"
                    ),
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="A data source fails Grafana's queries, so dashboards stay empty.",
                    description=(
                        "Data source {{ $labels.datasource }} fails {{ $value | humanizePercentage }} of the "
                        "queries of {{ $labels.instance }}."
                    ),
                ),
            ),
        ),
    )


MIXIN = Mixin(name="grafana", requires=frozenset({"grafana"}), rules=rules)
