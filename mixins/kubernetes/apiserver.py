"""The API servers: what they refuse, fail and delay."""

from __future__ import annotations

from mixins.kubernetes.jobs import APISERVER, CLUSTER
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "kubernetes-api-server"
"""UID of the dashboard."""
SELF = f'job="{APISERVER}"'
SHORT = f'{SELF}, verb=~"GET|POST|PUT|PATCH|DELETE", subresource!~"log|exec|attach|portforward|proxy"'
"""Requests that end by themselves; a watch or a shell lasts as long as its user likes."""


def requests(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second, by verb and status code."""
    return f"verb_code:apiserver_requests:rate{thresholds.window}"


def error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of requests that an API server failed, by verb, 0 to 1."""
    return f"verb:apiserver_request_errors:ratio_rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 99th percentile of the time that a request takes, by verb, seconds."""
    return f"verb:apiserver_request_duration_seconds:p99_rate{thresholds.window}"


def rejected(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second that fairness turned away, by priority and reason."""
    return f"priority_reason:apiserver_rejected_requests:rate{thresholds.window}"


def webhook_errors(thresholds: Thresholds) -> str:
    """Name of the recorded calls per second of admission webhooks that failed, by webhook."""
    return f"webhook:apiserver_webhook_errors:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on the requests, and on what the API servers depend on."""
    return (RuleGroup("apiserver", (*_recordings(thresholds), *_requests(thresholds), *_parts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window, made = thresholds.window, requests(thresholds)

    def rate(by: str, metric: str) -> str:
        return f"sum by ({CLUSTER}, {by}) (rate({metric}[{window}]))"

    total = f"sum by ({CLUSTER}, verb) ({made})"
    failed = f'sum by ({CLUSTER}, verb) ({made}{{code=~"5.."}})'
    buckets = rate("verb, le", f"apiserver_request_duration_seconds_bucket{{{SHORT}}}")
    turned_away = f"apiserver_flowcontrol_rejected_requests_total{{{SELF}}}"
    broken = f'apiserver_admission_webhook_rejection_count{{{SELF}, error_type="calling_webhook_error"}}'
    return (
        RecordingRule(made, rate("verb, code", f"apiserver_request_total{{{SELF}}}")),
        RecordingRule(error_ratio(thresholds), f"({failed} or {total} * 0) / ({total} > 0)"),
        RecordingRule(latency(thresholds), f"histogram_quantile(0.99, {buckets})"),
        RecordingRule(rejected(thresholds), rate("priority_level, reason", turned_away)),
        RecordingRule(webhook_errors(thresholds), rate("name", broken)),
    )


def _requests(thresholds: Thresholds) -> tuple[Alert, ...]:
    busy = f"sum by ({CLUSTER}, verb) ({requests(thresholds)}) > {thresholds.minimum_request_rate}"
    return (
        Alert(
            "ApiserverErrors",
            expr=f"{error_ratio(thresholds)} > {thresholds.error_ratio} and on ({CLUSTER}, verb) {busy}",
            for_="10m",
            severity=Severity.CRITICAL,
            summary="The API server fails requests: deployments, scaling and healing stop.",
            description=(
                "{{ $value | humanizePercentage }} of the {{ $labels.verb }} requests fail; "
                f"{thresholds.error_ratio:.2%} is tolerated."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "ApiserverSlow",
            expr=f"{latency(thresholds)} > {thresholds.apiserver_latency} and on ({CLUSTER}, verb) {busy}",
            for_="10m",
            severity=Severity.WARNING,
            summary="The API server answers slowly.",
            description=(
                "One in a hundred {{ $labels.verb }} requests takes {{ $value | humanizeDuration }} or "
                "longer."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "ApiserverRequestsRejected",
            expr=f"{rejected(thresholds)} > 0",
            for_="10m",
            severity=Severity.WARNING,
            summary="The API server turns requests away because it is overloaded.",
            description=(
                "{{ $value | humanize }} requests per second of priority {{ $labels.priority_level }} are "
                "turned away: {{ $labels.reason }}."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _parts(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "ApiserverWebhookFailing",
            expr=f"{webhook_errors(thresholds)} > 0",
            for_="10m",
            severity=Severity.WARNING,
            summary="An admission webhook does not answer, so objects cannot be created or changed.",
            description="The webhook {{ $labels.name }} could not be called for ten minutes.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "ApiserverExtensionUnavailable",
            expr=f"max by ({CLUSTER}, name) (aggregator_unavailable_apiservice{{{SELF}}}) == 1",
            for_="10m",
            severity=Severity.WARNING,
            summary="An API that another server adds, such as that of the metrics, is not available.",
            description="The API server cannot reach the server behind {{ $labels.name }}.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "ApiserverDeprecatedApiUsed",
            expr=(
                f"max by ({CLUSTER}, group, version, resource, removed_release) "
                f'(apiserver_requested_deprecated_apis{{{SELF}, removed_release!=""}}) == 1'
            ),
            for_="1h",
            severity=Severity.INFO,
            summary="Somebody uses an API that a coming version of Kubernetes removes.",
            description=(
                "{{ $labels.resource }} {{ $labels.group }}/{{ $labels.version }} is removed in "
                "{{ $labels.removed_release }}."
            ),
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the API servers' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import control_dashboard  # noqa: PLC0415

    return (control_dashboard.apiservers(thresholds),)


MIXIN = Mixin(name="apiserver", requires=frozenset({APISERVER}), rules=rules, dashboards=dashboards)
