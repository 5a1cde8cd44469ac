"""Pods: whether they start, stay up and are ready, and what they ask for."""

from __future__ import annotations

from mixins.kubernetes.jobs import CONTAINER, NAMESPACE, POD, STATE
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "kubernetes-pods"
"""UID of the dashboard."""
SELF = f'job="{STATE}"'
PHASES = "namespace_phase:kube_pods:sum"
"""Name of the recorded pods of a namespace, by phase."""
NOT_READY = "namespace:kube_pods_not_ready:count"
"""Name of the recorded pods of a namespace that should serve and are not ready."""
RESTARTS = "namespace_pod_container:kube_pod_restarts:increase15m"
"""Name of the recorded restarts of a container within 15 minutes."""
WAITING = "namespace_reason:kube_containers_waiting:sum"
"""Name of the recorded containers that wait to be started, by reason."""
NO_START = "ErrImagePull|ImagePullBackOff|InvalidImageName|CreateContainer.*Error|RunContainerError"
"""Reasons for waiting that do not go away by themselves."""


def requested(resource: str) -> str:
    """Name of the recorded amount that a pod reserves; ``resource`` is cpu (cores) or memory (bytes)."""
    return f"namespace_pod:kube_{resource}_requests:sum"


def limit(resource: str) -> str:
    """Name of the recorded amount that a pod may use; ``resource`` is cpu (cores) or memory (bytes)."""
    return f"namespace_pod:kube_{resource}_limits:sum"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Phases, restarts, reservations and limits of every pod."""
    return (RuleGroup("kubernetes-pods", (*_recordings(), *_starts(), *_lives(thresholds))),)


def _unready() -> str:
    finished = f'max by ({POD}) (kube_pod_status_phase{{{SELF}, phase=~"Succeeded|Failed"}}) == 1'
    ready = f'kube_pod_status_ready{{{SELF}, condition="false"}}'
    return f"max by ({POD}) ({ready}) == 1 unless on ({POD}) {finished}"


def _recordings() -> tuple[RecordingRule, ...]:
    # What has ended reserves nothing any more.
    alive = f'max by ({POD}) (kube_pod_status_phase{{{SELF}, phase=~"Pending|Running"}}) == 1'

    def amount(kind: str, resource: str) -> str:
        metric = f'kube_pod_container_resource_{kind}{{{SELF}, resource="{resource}"}}'
        return f"sum by ({POD}, node) ({metric}) and on ({POD}) {alive}"

    return (
        RecordingRule(PHASES, f"sum by ({NAMESPACE}, phase) (kube_pod_status_phase{{{SELF}}})"),
        RecordingRule(NOT_READY, f"count by ({NAMESPACE}) ({_unready()})"),
        RecordingRule(
            RESTARTS,
            f"sum by ({CONTAINER}) (increase(kube_pod_container_status_restarts_total{{{SELF}}}[15m]))",
        ),
        RecordingRule(
            WAITING, f"sum by ({NAMESPACE}, reason) (kube_pod_container_status_waiting_reason{{{SELF}}})"
        ),
        *(
            RecordingRule(name(resource), amount(kind, resource))
            for resource in ("cpu", "memory")
            for name, kind in ((requested, "requests"), (limit, "limits"))
        ),
    )


def _starts() -> tuple[Alert, ...]:
    waiting = f"kube_pod_container_status_waiting_reason{{{SELF}, reason"
    where = "{{ $labels.container }} of {{ $labels.pod }} in {{ $labels.namespace }}"
    return (
        Alert(
            "PodCrashLooping",
            # Attempts are up to five minutes apart, and during one the reason is gone.
            expr=f'max by ({CONTAINER}) (max_over_time({waiting}="CrashLoopBackOff"}}[6m])) == 1',
            for_="10m",
            severity=Severity.WARNING,
            summary="A container ends as soon as it starts, again and again.",
            description=f"{where} does not stay up; Kubernetes waits longer before each attempt.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PodCannotStart",
            expr=f'max by ({CONTAINER}, reason) (max_over_time({waiting}=~"{NO_START}"}}[6m])) == 1',
            for_="10m",
            severity=Severity.WARNING,
            summary="A container cannot be started: its image or configuration is not there.",
            description=f"{where} waits: {{{{ $labels.reason }}}}.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PodNotReady",
            expr=_unready(),
            for_="15m",
            severity=Severity.WARNING,
            summary="A pod is not ready, so it gets no traffic.",
            description="{{ $labels.pod }} in {{ $labels.namespace }} has not been ready for 15 minutes.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PodStuckTerminating",
            expr=f"time() - kube_pod_deletion_timestamp{{{SELF}}} > 3600",
            for_="5m",
            severity=Severity.WARNING,
            summary="A pod was told to end and does not.",
            description=(
                "{{ $labels.pod }} in {{ $labels.namespace }} should have ended {{ $value | "
                "humanizeDuration }} ago."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _lives(thresholds: Thresholds) -> tuple[Alert, ...]:
    killed = f'kube_pod_container_status_last_terminated_reason{{{SELF}, reason="OOMKilled"}}'
    restarted = f"increase(kube_pod_container_status_restarts_total{{{SELF}}}[10m])"
    return (
        Alert(
            "PodRestartingTooOften",
            expr=f"{RESTARTS} > {thresholds.pod_restarts}",
            for_="5m",
            severity=Severity.WARNING,
            summary="A container of a pod restarts too often.",
            description=(
                "{{ $labels.container }} of {{ $labels.pod }} in {{ $labels.namespace }} restarted "
                "{{ $value | humanize }} times in 15 minutes."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "PodMemoryKill",
            expr=f"{restarted} > 0 and on ({CONTAINER}) {killed} == 1",
            severity=Severity.WARNING,
            summary="A container was killed because it used more memory than its limit.",
            description=(
                "{{ $labels.container }} of {{ $labels.pod }} in {{ $labels.namespace }} was killed at its "
                "memory limit within the last 10 minutes."
            ),
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the pods."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import pods_dashboard  # noqa: PLC0415

    return (pods_dashboard.pods(thresholds),)


MIXIN = Mixin(name="kubernetes-pods", requires=frozenset({STATE}), rules=rules, dashboards=dashboards)
