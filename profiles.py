"""What a profile runs, and how many of each: what it asks for, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping

from settings import Settings
from targets import Target

_REPLICAS: Mapping[str, Mapping[str, int]] = {
    "single": {},
    # Two of what repeats everything, three of what needs a majority or should survive a loss during a change.
    "ha": {
        "prometheus": 2,
        "alertmanager": 3,
        "loki": 3,
        "grafana": 2,
        "login-proxy": 2,
        "jaeger": 2,
        "jaeger-collector": 2,
        "jaeger-ingester": 2,
        "thanos-query": 2,
        "thanos-store": 2,
    },
}
"""Profile → product → replicas; of what is not named there is one."""
ADDED = (
    "thanos-sidecar",
    "thanos-query",
    "thanos-store",
    "thanos-compactor",
    "jaeger-collector",
    "jaeger-ingester",
)
"""Everything that runs only where `products` says so."""


def replicas(settings: Settings) -> Mapping[str, int]:
    """Return product → replicas; a Jaeger with traces on its own volume stays alone."""
    wanted = _REPLICAS[settings.profile]
    return {name: n for name, n in wanted.items() if name != "jaeger" or settings.traces.store}


def products(settings: Settings) -> tuple[str, ...]:
    """Return what runs beside what every stack runs.

    Thanos gives one answer from several Prometheus, or from a bucket; a queue makes three products of Jaeger.
    """
    bucket = settings.metrics.object_storage
    several = "prometheus" in replicas(settings)
    return (
        *(("thanos-sidecar", "thanos-query") if several or bucket else ()),
        *(("thanos-store", "thanos-compactor") if bucket else ()),
        *(("jaeger-collector", "jaeger-ingester") if settings.traces.queue else ()),
    )


def metrics(settings: Settings) -> str:
    """Return the product that answers PromQL to people."""
    return "thanos-query" if "thanos-query" in products(settings) else "prometheus"


def traces(settings: Settings) -> str:
    """Return the product that takes traces in."""
    return "jaeger-collector" if settings.traces.queue else "jaeger"


def problems(settings: Settings, target: Target) -> list[str]:
    """Return what keeps a profile from being deployed to a target, a line each."""
    if not replicas(settings):
        return []
    profile = f"profile: {settings.profile!r}"
    if not target.replicates:
        return [f"{profile} takes a cluster; on target {target.name!r} use single"]
    found = []
    if not settings.logs.object_storage:
        found.append(f"{profile} runs several Loki, which need object storage: set logs.objectStorage")
    if not settings.dashboards.database:
        found.append(
            f"{profile} runs several Grafana, which need a database to share: set dashboards.database"
        )
    return found
