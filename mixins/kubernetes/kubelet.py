"""The kubelets: whether each node can start and look after its pods."""

from __future__ import annotations

from mixins.counters import grew
from mixins.kubernetes.jobs import CLUSTER, KUBELET
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "kubelet"
"""UID of the dashboard."""
SELF = f'job="{KUBELET}"'
INSTANCE = f"{CLUSTER}, job, instance"


def runtime_errors(thresholds: Thresholds) -> str:
    """Name of the recorded share of a kubelet's requests to its container runtime that failed."""
    return f"instance:kubelet_runtime_operation_errors:ratio_rate{thresholds.window}"


def duration(what: str, thresholds: Thresholds) -> str:
    """Name of the recorded 99th percentile, seconds; ``what`` is pleg_relist or pod_start."""
    return f"instance:kubelet_{what}_duration_seconds:p99_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Container runtime, pod starts, evictions and certificates of every kubelet."""
    return (RuleGroup("kubelet", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window = thresholds.window
    made = f"sum by ({INSTANCE}) (rate(kubelet_runtime_operations_total{{{SELF}}}[{window}]))"
    failed = f"sum by ({INSTANCE}) (rate(kubelet_runtime_operations_errors_total{{{SELF}}}[{window}]))"
    return (
        # Errors have series only for operations that failed once.
        RecordingRule(runtime_errors(thresholds), f"({failed} or {made} * 0) / ({made} > 0)"),
        *(
            RecordingRule(
                duration(what, thresholds),
                f"histogram_quantile(0.99, sum by ({INSTANCE}, le) "
                f"(rate(kubelet_{what}_duration_seconds_bucket{{{SELF}}}[{window}])))",
            )
            for what in ("pleg_relist", "pod_start")
        ),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    evictions = f"kubelet_evictions{{{SELF}}}"
    return (
        Alert(
            "KubeletRuntimeErrors",
            expr=f"{runtime_errors(thresholds)} > {thresholds.error_ratio}",
            for_="15m",
            severity=Severity.WARNING,
            summary="A node's container runtime fails what the kubelet asks of it.",
            description=(
                "{{ $value | humanizePercentage }} of the requests of {{ $labels.instance }} to its "
                "container runtime fail."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "KubeletRelistSlow",
            expr=f"{duration('pleg_relist', thresholds)} > {thresholds.kubelet_relist_duration}",
            for_="15m",
            severity=Severity.WARNING,
            summary="A node takes long to find out what its containers do.",
            description=(
                "{{ $labels.instance }} needs {{ $value | humanizeDuration }} to list its containers; a node "
                "that needs minutes is declared not ready."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "KubeletPodStartSlow",
            expr=f"{duration('pod_start', thresholds)} > {thresholds.pod_start_duration}",
            for_="15m",
            severity=Severity.WARNING,
            summary="Pods start slowly on a node.",
            description="A pod takes {{ $value | humanizeDuration }} to start on {{ $labels.instance }}.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "KubeletEvictions",
            expr=f"sum by ({INSTANCE}, eviction_signal) {grew(evictions, '15m')} > 0",
            severity=Severity.WARNING,
            keep_firing_for="15m",
            summary="A node evicted pods because it ran short of something.",
            description=(
                "{{ $labels.instance }} evicted about {{ $value | humanize }} pods: "
                "{{ $labels.eviction_signal }}."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "KubeletCertificateRenewalFailing",
            expr=f"increase(kubelet_certificate_manager_client_expiration_renew_errors{{{SELF}}}[15m]) > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="A kubelet cannot renew its certificate; when it ends, the node is lost.",
            description="{{ $labels.instance }} fails to renew the certificate it shows the API server.",
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the kubelets' dashboard."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import control_dashboard  # noqa: PLC0415

    return (control_dashboard.kubelets(thresholds),)


MIXIN = Mixin(name="kubelet", requires=frozenset({KUBELET}), rules=rules, dashboards=dashboards)
