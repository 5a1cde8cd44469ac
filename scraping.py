"""What Prometheus scrapes: the stack's own parts, the machine, and the services of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue import Service
from placement import Placement

SERVICES = "services"
"""Stands for the catalogue where mixins say what they need."""

_OWN_PARTS = {
    "prometheus": ("prometheus", "http", "/metrics"),
    "alertmanager": ("alertmanager", "http", "/metrics"),
    "loki": ("loki", "http", "/metrics"),
    "jaeger": ("jaeger", "metrics", "/metrics"),
    "collector": ("collector", "metrics", "/metrics"),
    "grafana": ("grafana", "http", "/metrics"),
    "node": ("node-exporter", "http", "/metrics"),
}
"""Scrape job → workload, port and path of its metrics."""


@dataclass(frozen=True)
class ScrapeJob:
    """Targets of one kind that Prometheus scrapes alike."""

    name: str
    """Value of the label ``job``."""
    targets: tuple[str, ...]
    """``host:port`` of every instance."""
    labels: Mapping[str, str] = field(default_factory=dict)
    path: str = "/metrics"
    interval: str = ""
    """Prometheus duration; empty for the server's own."""

    def configuration(self) -> dict[str, Any]:
        """Return the job as an entry of ``scrape_configs``."""
        return {
            "job_name": self.name,
            **({"scrape_interval": self.interval} if self.interval else {}),
            **({"metrics_path": self.path} if self.path != "/metrics" else {}),
            "static_configs": [{"targets": list(self.targets), "labels": dict(self.labels)}],
        }


def own_jobs(workloads: Collection[str], placement: Placement) -> tuple[ScrapeJob, ...]:
    """Return a job for each part of the stack that is deployed."""
    return tuple(
        ScrapeJob(job, (placement.address(workload, port),), {"service": workload}, path)
        for job, (workload, port, path) in _OWN_PARTS.items()
        if workload in workloads
    )


def service_jobs(services: Sequence[Service]) -> tuple[ScrapeJob, ...]:
    """Return a job for each service of the catalogue that has metrics."""
    return tuple(
        ScrapeJob(
            service.service,
            service.metrics.targets,
            {"service": service.service, "team": service.team},
            service.metrics.path,
            service.metrics.interval or "",
        )
        for service in services
        if service.metrics
    )
