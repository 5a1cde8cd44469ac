"""Processor, memory and network of the pods, against what they reserve and may use."""

from __future__ import annotations

from mixins.kubernetes import pods
from mixins.kubernetes.jobs import CADVISOR, CONTAINER, NAMESPACE, POD, STATE
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW, NAMESPACES = "kubernetes-resources", "kubernetes-namespaces"
"""UIDs of the dashboards."""
SELF = f'job="{CADVISOR}", container!=""'
MEMORY = "namespace_pod:container_memory_working_set_bytes:sum"
"""Name of the recorded memory that a pod uses, bytes."""
MEMORY_LIMIT = "namespace_pod:memory_limit_utilisation:ratio"
"""Name of the recorded share of its memory limit that a pod uses; absent without a limit."""
NAMESPACE_MEMORY = "namespace:container_memory_working_set_bytes:sum"
"""Name of the recorded memory that a namespace uses, bytes."""
QUOTA = "namespace_resource:kube_quota_utilisation:ratio"
"""Name of the recorded share of a quota that a namespace has used up."""


def cpu(thresholds: Thresholds) -> str:
    """Name of the recorded processors that a pod uses."""
    return f"namespace_pod:container_cpu_usage:rate{thresholds.window}"


def cpu_limit(thresholds: Thresholds) -> str:
    """Name of the recorded share of its processor limit that a pod uses; absent without a limit."""
    return f"namespace_pod:cpu_limit_utilisation:ratio_rate{thresholds.window}"


def namespace_cpu(thresholds: Thresholds) -> str:
    """Name of the recorded processors that a namespace uses."""
    return f"namespace:container_cpu_usage:rate{thresholds.window}"


def throttled(thresholds: Thresholds) -> str:
    """Name of the recorded share of time in which a container was held back by its processor limit."""
    return f"namespace_pod_container:cpu_throttled:ratio_rate{thresholds.window}"


def traffic(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded bytes per second of a pod; ``direction`` is receive or transmit."""
    return f"namespace_pod:network_{direction}_bytes:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return what pods and namespaces use, and the alerts on what they may use."""
    return (RuleGroup("kubernetes-resources", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window, used = thresholds.window, cpu(thresholds)

    def periods(kind: str) -> str:
        return f"sum by ({CONTAINER}) (rate(container_cpu_cfs_{kind}_total{{{SELF}}}[{window}]))"

    def quota(kind: str) -> str:
        return f'sum by ({NAMESPACE}, resourcequota, resource) (kube_resourcequota{{type="{kind}"}})'

    return (
        RecordingRule(used, f"sum by ({POD}) (rate(container_cpu_usage_seconds_total{{{SELF}}}[{window}]))"),
        RecordingRule(MEMORY, f"sum by ({POD}) (container_memory_working_set_bytes{{{SELF}}})"),
        RecordingRule(cpu_limit(thresholds), f"{used} / sum by ({POD}) ({pods.limit('cpu')} > 0)"),
        RecordingRule(MEMORY_LIMIT, f"{MEMORY} / sum by ({POD}) ({pods.limit('memory')} > 0)"),
        RecordingRule(namespace_cpu(thresholds), f"sum by ({NAMESPACE}) ({used})"),
        RecordingRule(NAMESPACE_MEMORY, f"sum by ({NAMESPACE}) ({MEMORY})"),
        RecordingRule(throttled(thresholds), f"{periods('throttled_periods')} / ({periods('periods')} > 0)"),
        RecordingRule(QUOTA, f"{quota('used')} / ({quota('hard')} > 0)"),
        # A pod's network belongs to no container of it.
        *(
            RecordingRule(
                traffic(direction, thresholds),
                f'sum by ({POD}) (rate(container_network_{direction}_bytes_total{{job="{CADVISOR}", pod!=""}}'
                f"[{window}]))",
            )
            for direction in ("receive", "transmit")
        ),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    share = "{{ $labels.pod }} in {{ $labels.namespace }} uses {{ $value | humanizePercentage }} "
    return (
        Alert(
            "PodCPUHigh",
            expr=f"{cpu_limit(thresholds)} > {thresholds.container_cpu_ratio}",
            for_=thresholds.saturation_for,
            severity=Severity.WARNING,
            summary="A pod uses most of the processor time it may use.",
            description=f"{share}of its processor limit.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PodMemoryHigh",
            expr=f"{MEMORY_LIMIT} > {thresholds.container_memory_ratio}",
            for_=thresholds.saturation_for,
            severity=Severity.WARNING,
            summary="A pod uses most of the memory it may use.",
            description=f"{share}of its memory limit; at the limit it is killed.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "PodCPUThrottled",
            expr=f"{throttled(thresholds)} > {thresholds.throttled_ratio}",
            for_="15m",
            severity=Severity.INFO,
            summary="A container is held back by its processor limit.",
            description=(
                "{{ $labels.container }} of {{ $labels.pod }} in {{ $labels.namespace }} is held back "
                "{{ $value | humanizePercentage }} of the time."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "NamespaceQuotaNearLimit",
            expr=f"{QUOTA} > {thresholds.requests_ratio}",
            for_="15m",
            severity=Severity.WARNING,
            summary="A namespace has used most of its quota; soon nothing more can be created in it.",
            description=(
                "{{ $labels.namespace }} uses {{ $value | humanizePercentage }} of the "
                "{{ $labels.resource }} that {{ $labels.resourcequota }} allows."
            ),
            dashboard=NAMESPACES,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboards of the pods' and the namespaces' resources."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import resources_dashboard  # noqa: PLC0415

    return (resources_dashboard.by_pod(thresholds), resources_dashboard.by_namespace(thresholds))


MIXIN = Mixin(
    name="kubernetes-resources", requires=frozenset({STATE, CADVISOR}), rules=rules, dashboards=dashboards
)
