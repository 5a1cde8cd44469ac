"""The containers of an engine, seen by cAdvisor."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "containers"
"""UID of the dashboard."""
BY = "environment, service, team, container"
"""What a container is told by, whichever deployment of it that is."""
CONTAINER = 'job="cadvisor", container!=""'
MEMORY_LIMIT = "container:memory_limit_utilisation:ratio"
"""Name of the recorded share of its memory limit that a container uses; absent without a limit."""
MEMORY = "container:memory_working_set_bytes:max"
"""Name of the recorded memory that a container uses, bytes."""
STARTED = "container:start_time_seconds:max"
"""Name of the recorded start of a container."""


def cpu(thresholds: Thresholds) -> str:
    """Name of the recorded processors that a container uses."""
    return f"container:cpu_usage:rate{thresholds.window}"


def cpu_limit(thresholds: Thresholds) -> str:
    """Name of the recorded share of its processor limit that a container uses; absent without a limit."""
    return f"container:cpu_limit_utilisation:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Processor and memory against the limits, restarts, health and network of every container."""
    return (
        RuleGroup(
            "containers",
            (*_recordings(thresholds), *_limits(thresholds), *_lives(thresholds), *_network(thresholds)),
        ),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    used = f"sum by ({BY}) (rate(container_cpu_usage_seconds_total{{{CONTAINER}}}[{thresholds.window}]))"
    quota = f"container_spec_cpu_quota{{{CONTAINER}}} / container_spec_cpu_period{{{CONTAINER}}}"
    allowed = f"max by ({BY}) ({quota} > 0)"
    return (
        RecordingRule(cpu(thresholds), used),
        RecordingRule(cpu_limit(thresholds), f"{used} / {allowed}"),
        RecordingRule(MEMORY, f"max by ({BY}) (container_memory_working_set_bytes{{{CONTAINER}}})"),
        RecordingRule(
            MEMORY_LIMIT,
            f"{MEMORY} / max by ({BY}) (container_spec_memory_limit_bytes{{{CONTAINER}}} > 0)",
        ),
        RecordingRule(STARTED, f"max by ({BY}) (container_start_time_seconds{{{CONTAINER}}})"),
    )


def _limits(thresholds: Thresholds) -> tuple[Alert, ...]:
    kinds = (
        ("CPU", "processor time", cpu_limit(thresholds), thresholds.container_cpu_ratio,
         thresholds.container_cpu_exhausted_ratio),
        ("Memory", "memory", MEMORY_LIMIT, thresholds.container_memory_ratio,
         thresholds.container_memory_exhausted_ratio),
    )  # fmt: skip
    return tuple(
        Alert(
            f"Container{kind}{word}",
            expr=f"{used} > {limit}",
            for_=for_,
            severity=severity,
            summary=f"A container has {state} of the {what} it may use.",
            description=(
                "{{ $labels.container }} of {{ $labels.service }} uses {{ $value | humanizePercentage }} "
                f"of the {what} it may use."
            ),
            dashboard=OVERVIEW,
        )
        for kind, what, used, high, exhausted in kinds
        for word, limit, for_, severity, state in (
            ("High", high, thresholds.saturation_for, Severity.WARNING, "used most"),
            ("Exhausted", exhausted, "5m", Severity.CRITICAL, "used nearly all"),
        )
    )


def _lives(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "ContainerRestarting",
            expr=f"changes({STARTED}[15m]) > {thresholds.container_restarts:g}",
            for_="1m",
            severity=Severity.WARNING,
            summary="A container restarts again and again.",
            description=(
                "{{ $labels.container }} of {{ $labels.service }} restarted {{ $value }} times in 15 minutes."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "ContainerCrashLooping",
            expr=f"changes({STARTED}[1h]) >= {thresholds.container_crash_loop:g}",
            for_="1m",
            severity=Severity.CRITICAL,
            summary="A container does not stay up.",
            description=(
                "{{ $labels.container }} of {{ $labels.service }} restarted {{ $value }} times in an hour."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "ContainerUnhealthy",
            expr=f"max by ({BY}) (container_health_state{{{CONTAINER}}}) == 0",
            for_=thresholds.target_down_for,
            severity=Severity.CRITICAL,
            summary="A container runs, and says itself that it cannot do its work.",
            description="The health check of {{ $labels.container }} of {{ $labels.service }} fails.",
            dashboard=OVERVIEW,
        ),
    )


def _network(thresholds: Thresholds) -> tuple[Alert, ...]:
    def rate(direction: str, what: str) -> str:
        metric = f"container_network_{direction}_{what}_total{{{CONTAINER}}}"
        return f"sum by ({BY}) (rate({metric}[{thresholds.window}]))"

    broken = " or ".join(
        f"{rate(direction, 'errors')} / ({rate(direction, 'packets')} > 1) > {thresholds.failure_ratio}"
        for direction in ("receive", "transmit")
    )
    return (
        Alert(
            "ContainerNetworkErrors",
            expr=broken,
            for_="15m",
            severity=Severity.WARNING,
            summary="A container fails to receive or send packets.",
            description=(
                "{{ $labels.container }} of {{ $labels.service }} loses {{ $value | humanizePercentage }} "
                "of its packets."
            ),
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the containers."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.infrastructure.containers_dashboard import overview  # noqa: PLC0415

    return (overview(thresholds),)


MIXIN = Mixin(name="containers", requires=frozenset({"cadvisor"}), rules=rules, dashboards=dashboards)
