"""A fleet of containers on one host: all of them beside each other, and services that lose theirs."""

from __future__ import annotations

from mixins.infrastructure import containers
from mixins.infrastructure.containers import BY, CONTAINER
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

FLEET = "container-fleet"
"""UID of the dashboard."""
SERVICE = "environment, service, team"
COUNT = "service:containers:count"
"""Name of the recorded containers of a service."""
SERVICE_MEMORY = "service:container_memory_working_set_bytes:sum"
"""Name of the recorded memory that the containers of a service use, bytes."""


def service_cpu(thresholds: Thresholds) -> str:
    """Name of the recorded processors that the containers of a service use."""
    return f"service:container_cpu_usage:rate{thresholds.window}"


def throttled(thresholds: Thresholds) -> str:
    """Name of the recorded share of time in which a container was held back by its processor limit."""
    return f"container:cpu_throttled:ratio_rate{thresholds.window}"


def traffic(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded bytes per second of a container; ``direction`` is receive or transmit."""
    return f"container:network_{direction}_bytes:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return what the fleet's panels read, and the alerts on services that lose containers."""
    return (RuleGroup("fleet", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    window = thresholds.window

    def periods(kind: str) -> str:
        return f"sum by ({BY}) (rate(container_cpu_cfs_{kind}_total{{{CONTAINER}}}[{window}]))"

    return (
        RecordingRule(COUNT, f"count by ({SERVICE}) (max by ({BY}) (container_last_seen{{{CONTAINER}}}))"),
        RecordingRule(SERVICE_MEMORY, f"sum by ({SERVICE}) ({containers.MEMORY})"),
        RecordingRule(service_cpu(thresholds), f"sum by ({SERVICE}) ({containers.cpu(thresholds)})"),
        RecordingRule(throttled(thresholds), f"{periods('throttled_periods')} / ({periods('periods')} > 0)"),
        *(
            RecordingRule(
                traffic(way, thresholds),
                f"sum by ({BY}) (rate(container_network_{way}_bytes_total{{{CONTAINER}}}[{window}]))",
            )
            for way in ("receive", "transmit")
        ),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "ContainersLost",
            # For half an hour: then it is the usual number. A replacement may overlap for a moment.
            expr=f"{COUNT} < quantile_over_time(0.5, {COUNT}[1h])",
            for_="10m",
            severity=Severity.WARNING,
            summary="A service runs fewer containers than before.",
            description="{{ $labels.service }} has {{ $value }} containers; in the last hour it had more.",
            dashboard=FLEET,
        ),
        Alert(
            "ContainerCPUThrottled",
            expr=f"{throttled(thresholds)} > {thresholds.throttled_ratio}",
            for_="15m",
            severity=Severity.INFO,
            summary="A container is held back by its processor limit.",
            description=(
                "{{ $labels.container }} of {{ $labels.service }} is held back "
                "{{ $value | humanizePercentage }} of the time."
            ),
            dashboard=FLEET,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the fleet."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.infrastructure import fleet_dashboard  # noqa: PLC0415

    return (fleet_dashboard.fleet(thresholds),)


MIXIN = Mixin(name="fleet", requires=frozenset({"cadvisor"}), rules=rules, dashboards=dashboards)
