"""The Dapr sidecars of the services: calls, publish and subscribe, components, certificates."""

from __future__ import annotations

from mixins.counters import grew
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "dapr"
"""UID of the dashboard."""
SELF = 'job="dapr"'
APP = "environment, team, service, namespace, app_id"


def requests(thresholds: Thresholds) -> str:
    """Name of the recorded HTTP requests per second that a sidecar served."""
    return f"app:dapr_http_requests:rate{thresholds.window}"


def error_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of a sidecar's HTTP requests that failed, 0 to 1."""
    return f"app:dapr_http_request_errors:ratio_rate{thresholds.window}"


def latency(thresholds: Thresholds) -> str:
    """Name of the recorded 95th percentile of a sidecar's HTTP requests, seconds."""
    return f"app:dapr_http_latency_seconds:p95_rate{thresholds.window}"


def messages(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded messages per second by topic; ``direction`` is published or received."""
    return f"app_topic:dapr_messages_{direction}:rate{thresholds.window}"


def failure_ratio(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded share of messages that failed; ``direction`` is published or received."""
    return f"app_topic:dapr_messages_{direction}_failed:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on calls, messages, components and certificates of every sidecar."""
    return (
        RuleGroup(
            "dapr",
            (*_recordings(thresholds), *_calls(thresholds), *_messages(thresholds), *_sidecars()),
        ),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    def rate(by: str, metric: str, where: str = "") -> str:
        return f"sum by ({by}) (rate({metric}{{{SELF}{where}}}[{thresholds.window}]))"

    def ratio(failed: str, made: str) -> str:
        return f"({failed} or {made} * 0) / ({made} > 0)"

    topic = f"{APP}, topic"
    count = "dapr_http_server_request_count"
    outcomes = {
        "published": ("dapr_component_pubsub_egress_count", ', success="false"'),
        "received": ("dapr_component_pubsub_ingress_count", ', process_status!="success"'),
    }
    buckets = rate(f"{APP}, le", "dapr_http_server_latency_bucket")
    return (
        RecordingRule(requests(thresholds), rate(APP, count)),
        RecordingRule(
            error_ratio(thresholds), ratio(rate(APP, count, ', status=~"5.."'), requests(thresholds))
        ),
        # Dapr measures in milliseconds.
        RecordingRule(latency(thresholds), f"histogram_quantile(0.95, {buckets}) / 1000"),
        *(
            rule
            for direction, (metric, failed) in outcomes.items()
            for rule in (
                RecordingRule(messages(direction, thresholds), rate(topic, metric)),
                RecordingRule(
                    failure_ratio(direction, thresholds),
                    ratio(rate(topic, metric, failed), messages(direction, thresholds)),
                ),
            )
        ),
    )


def _calls(thresholds: Thresholds) -> tuple[Alert, ...]:
    busy = f"and on ({APP}) {requests(thresholds)} > {thresholds.minimum_request_rate}"
    return (
        Alert(
            "DaprRequestErrors",
            expr=f"{error_ratio(thresholds)} > {thresholds.error_ratio} {busy}",
            for_=thresholds.error_ratio_for,
            severity=Severity.WARNING,
            summary="Calls through a Dapr sidecar fail.",
            description=(
                "{{ $value | humanizePercentage }} of the requests to the sidecar of {{ $labels.app_id }} "
                f"fail; {thresholds.error_ratio:.2%} is tolerated."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "DaprRequestsSlow",
            expr=f"{latency(thresholds)} > {thresholds.latency_p95} {busy}",
            for_=thresholds.latency_for,
            severity=Severity.WARNING,
            summary="Calls through a Dapr sidecar are slow.",
            description=(
                "One in twenty requests to the sidecar of {{ $labels.app_id }} takes "
                "{{ $value | humanizeDuration }} or longer."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _messages(thresholds: Thresholds) -> tuple[Alert, ...]:
    def failing(name: str, direction: str, summary: str, what: str) -> Alert:
        made = f"{messages(direction, thresholds)} > {thresholds.minimum_request_rate}"
        return Alert(
            name,
            expr=(
                f"{failure_ratio(direction, thresholds)} > {thresholds.delivery_failure_ratio} "
                f"and on ({APP}, topic) {made}"
            ),
            for_="5m",
            severity=Severity.WARNING,
            summary=summary,
            description=f"{{{{ $labels.app_id }}}} {what} {{{{ $labels.topic }}}}.",
            dashboard=OVERVIEW,
        )

    share = "{{ $value | humanizePercentage }} of the messages"
    return (
        failing(
            "DaprPublishFailing",
            "published",
            "A service cannot publish its messages.",
            f"fails to publish {share} to",
        ),
        failing(
            "DaprDeliveryFailing",
            "received",
            "A service does not process the messages it gets; they come again or are dropped.",
            f"does not process {share} of",
        ),
    )


def _sidecars() -> tuple[Alert, ...]:
    def rising(metric: str, where: str = "") -> str:
        return f"sum by ({APP}) {grew(f'{metric}{{{SELF}{where}}}', '15m')} > 0"

    return (
        Alert(
            "DaprComponentFailed",
            # Components are set up once: what failed then is missing as long as the sidecar lives.
            expr=f"sum by ({APP}) (dapr_runtime_component_init_fail_total{{{SELF}}}) > 0",
            for_="5m",
            severity=Severity.WARNING,
            summary="A Dapr sidecar could not set up one of its components.",
            description="The sidecar of {{ $labels.app_id }} failed to set up a component.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "DaprCertificateRotationFailing",
            expr=rising("dapr_runtime_mtls_workload_cert_rotated_fail_total"),
            for_="15m",
            severity=Severity.WARNING,
            summary="A Dapr sidecar cannot renew its certificate; when it ends, calls between services fail.",
            description="The sidecar of {{ $labels.app_id }} fails to renew its certificate.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "DaprCircuitBreakerOpen",
            expr=rising("dapr_resiliency_activations_total", ', policy="circuitbreaker", status="open"'),
            severity=Severity.WARNING,
            keep_firing_for="10m",
            summary="A circuit breaker opened: a service is not called any more because it kept failing.",
            description="{{ $labels.app_id }} stopped calling one of its targets.",
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the sidecars' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import dapr_dashboard  # noqa: PLC0415

    return (dapr_dashboard.sidecars(thresholds),)


MIXIN = Mixin(name="dapr", requires=frozenset({"dapr"}), rules=rules, dashboards=dashboards)
