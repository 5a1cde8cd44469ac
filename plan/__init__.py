"""From a stack file and the catalogue to everything the components are given. Nothing is registered here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import profiles
from catalogue import Service
from components import buckets, login_proxy
from components.buckets import BucketArgs
from components.collector import CollectorArgs
from components.grafana import GrafanaContent
from components.login_proxy import LoginProxyContent
from components.loki import LokiStorage
from components.prometheus import PrometheusArgs
from components.thanos import ThanosStorage
from plan import checks, monitoring, sizing
from plan.selection import PRODUCTS, Selection, select
from runtimes import Runtime
from scraping.container_engine import ContainerEngine
from scraping.kubernetes_cluster import KubernetesCluster
from scraping.kubernetes_monitors import RULES
from settings import Settings

__all__ = ["PRODUCTS", "Plan", "make_plan"]


@dataclass(frozen=True)
class Plan:
    """A stack that can be deployed."""

    settings: Settings
    runtime: Runtime
    products: tuple[str, ...]
    """What runs, by the name of its workload."""
    notices: tuple[str, ...]
    """What is left out or limited here, a line each."""
    announcements: tuple[str, ...]
    """What the deployment is about to do that takes its time, a line each."""
    engine: ContainerEngine | None
    """Engine whose containers are found by themselves; None where there is none."""
    cluster: KubernetesCluster | None
    """Cluster whose pods are found by themselves; None where there is none."""
    services: tuple[Service, ...]
    """The service catalogue."""
    prometheus: PrometheusArgs
    thanos: ThanosStorage | None
    """What Thanos keeps, and where; None where it does not run."""
    collector: CollectorArgs
    loki: LokiStorage
    grafana: GrafanaContent
    login_proxy: LoginProxyContent
    buckets: Mapping[str, BucketArgs]
    """Whose bucket is made, and how; empty where they are there already."""


def make_plan(config: Mapping[str, str], secret_keys: Collection[str], stack: str) -> Plan:
    """Read and check everything; raises `StackFileError` with every problem at once."""
    chosen = select(config, secret_keys, stack)
    settings, target, runtime, cluster = chosen.settings, chosen.target, chosen.runtime, chosen.cluster
    jobs = monitoring.scrape_jobs(chosen)
    mixins = monitoring.mixins(chosen, jobs)
    return Plan(
        settings=settings,
        runtime=runtime,
        products=chosen.products,
        notices=_notices(chosen),
        announcements=tuple(runtime.announcements(chosen.products)),
        engine=chosen.engine,
        cluster=cluster,
        services=chosen.services,
        prometheus={
            "environment": settings.environment_label,
            "metrics": settings.metrics,
            "resources": sizing.prometheus(settings),
            "jobs": jobs,
            "rule_folders": (RULES,) if cluster and cluster.operated else (),
            "mixins": mixins,
            "thresholds": settings.thresholds,
            "links": monitoring.links(chosen),
            "spokes": settings.spokes,
            "teams": settings.kubernetes.teams,
        },
        thanos=_thanos(chosen),
        collector={
            "environment": settings.environment_label,
            "logs": monitoring.log_files(target, chosen.products, chosen.services, runtime.placement),
            "engine": chosen.engine,
            "services": chosen.services,
            "spokes": settings.spokes,
            "traces": profiles.traces(settings),
        },
        loki={
            "logs": settings.logs,
            "object_storage": target.object_storage,
            "rate": sizing.log_rate(settings) if settings.load.log_gigabytes_per_day else None,
            "resources": sizing.loki(settings),
        },
        grafana={
            "dashboards": settings.dashboards,
            "mixins": mixins,
            "thresholds": settings.thresholds,
            "metrics": profiles.metrics(settings),
        },
        login_proxy={"hosts": chosen.published, "instead": _read_instead(chosen)},
        buckets=buckets.asked(settings, target),
    )


def _notices(chosen: Selection) -> tuple[str, ...]:
    return (
        *chosen.left_out.values(),
        *chosen.runtime.notices(),
        *sizing.notices(chosen.settings),
        *checks.unused(chosen.settings, chosen.target),
        *checks.silent_alerts(chosen.settings, chosen.services),
    )


def _thanos(chosen: Selection) -> ThanosStorage | None:
    if "thanos-query" not in chosen.products:
        return None
    return {"metrics": chosen.settings.metrics, "object_storage": chosen.target.object_storage}


def _read_instead(chosen: Selection) -> Mapping[str, str]:
    """Return what of the published people read elsewhere → where, as far as it runs."""
    return {
        product: other
        for product, other in login_proxy.READ_INSTEAD.items()
        if product in chosen.published and other in chosen.products
    }
