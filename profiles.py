"""What a profile runs, and how many of each: what it asks for, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping

from settings import Settings
from targets import Target

# Two of what repeats everything, three of what needs a majority or should survive a loss during a change.
_HA = {
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
}
_REPLICAS: Mapping[str, Mapping[str, int]] = {
    "single": {},
    "ha": _HA,
    "scale": {**_HA, "loki": 2, "loki-ingester": 3, "loki-querier": 2, "loki-index-gateway": 2},
}
"""Profile → product → replicas; of what is not named there is one."""
_LOKI_PARTS = ("loki-ingester", "loki-querier", "loki-index-gateway", "loki-compactor")
ADDED = (
    "thanos-sidecar",
    "thanos-query",
    "thanos-store",
    "thanos-compactor",
    "jaeger-collector",
    "jaeger-ingester",
    *_LOKI_PARTS,
)
"""Everything that runs only where `products` says so."""


def replicas(settings: Settings) -> Mapping[str, int]:
    """Return product → replicas; a Jaeger with traces on its own volume stays alone."""
    wanted = _REPLICAS[settings.profile]
    return {name: n for name, n in wanted.items() if name != "jaeger" or settings.traces.store}


def products(settings: Settings) -> tuple[str, ...]:
    """Return what runs beside what every stack runs.

    Thanos gives one answer from several Prometheus, or from a bucket; a queue makes three products of Jaeger,
    and the profile ``scale`` five of Loki.
    """
    bucket = settings.metrics.object_storage
    several = "prometheus" in replicas(settings)
    return (
        *(("thanos-sidecar", "thanos-query") if several or bucket else ()),
        *(("thanos-store", "thanos-compactor") if bucket else ()),
        *(("jaeger-collector", "jaeger-ingester") if settings.traces.queue else ()),
        *(_LOKI_PARTS if in_parts(settings) else ()),
    )


def in_parts(settings: Settings) -> bool:
    """Whether Loki's parts are products of their own."""
    return settings.profile == "scale"


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
    if settings.profile == "scale":
        found += _missing_at_scale(settings)
    return found


def _missing_at_scale(settings: Settings) -> list[str]:
    """Return what the stores are that outgrow one machine, as far as they are not named."""
    needed = {
        "keeps samples in a bucket: set metrics.objectStorage": settings.metrics.object_storage,
        "keeps traces in OpenSearch or ClickHouse: set traces.store": settings.traces.store,
        "takes traces in by Kafka: set traces.queue": settings.traces.queue,
    }
    return [f"profile: 'scale' {what}" for what, given in needed.items() if not given]
