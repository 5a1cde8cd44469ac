"""From a stack file and the catalogue to everything the components are given. Nothing is registered here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import catalogue
import profiles
from catalogue import Service
from catalogue.mixin import mixin as service_mixin
from components import buckets, login_proxy
from components.buckets import BucketArgs
from components.collector import CollectorArgs
from components.collector_logs import LogFiles
from components.grafana import GrafanaContent
from components.login_proxy import LoginProxyContent
from components.loki import LokiStorage
from components.prometheus import PrometheusArgs
from components.thanos import ThanosStorage
from mixins.model import Links, Mixin
from mixins.shipped import applying
from mixins.stack import backup
from mixins.stack.hub import HUB, SPOKES
from placement import Placement
from plan import checks, sizing
from runtimes import Runtime
from runtimes.factory import runtime_for
from scraping import SERVICES, container_jobs, own_jobs, probe_jobs
from scraping.container_engine import DISCOVERY, ContainerEngine, container_engine
from scraping.kubernetes import cluster_jobs, own_pods
from scraping.kubernetes_cluster import KubernetesCluster, kubernetes_cluster
from scraping.kubernetes_monitors import RULES
from scraping.services import declared_containers, declared_pods, service_jobs
from scraping.services import problems as service_problems
from settings import Settings, StackFileError, read
from slo.links import ServiceLinks
from slo.mixin import mixins as slo_mixins
from targets import TARGETS, Target

PROJECT = Path(__file__).resolve().parent.parent
PRODUCTS = ("prometheus", "alertmanager", "loki", "jaeger", "collector", "node-exporter", "grafana")
"""The products that run at every target, by the names of their workloads."""


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
    settings, problems = read(config, secret_keys, stack)
    if settings is None:
        raise StackFileError(problems)
    services, found = catalogue.load([PROJECT / folder for folder in settings.catalog])
    problems += found
    target = TARGETS[settings.target]
    runtime, engine = runtime_for(target, settings), container_engine(target, settings)
    cluster = kubernetes_cluster(target, settings)
    published = settings.kubernetes.published_hosts if cluster else {}
    wanted = (
        *PRODUCTS,
        *(name for name in target.products if engine or name not in DISCOVERY),
        *(cluster.operated if cluster else ()),
        *([login_proxy.NAME] if published else []),
        *(profiles.products(settings) if target.replicates else ()),
    )
    left_out = runtime.unavailable(wanted)
    products = tuple(name for name in wanted if name not in left_out)
    problems += runtime.problems(products)
    problems += checks.problems(settings, target, services, products, wanted)
    problems += service_problems(services, target, engine, cluster)
    if problems:
        raise StackFileError(problems)

    placement, thresholds = runtime.placement, settings.thresholds
    jobs = (
        *(own_pods(products, cluster) if cluster else own_jobs(products, placement)),
        *service_jobs(services, placement, engine, cluster),
        *probe_jobs(services, placement),
        *container_jobs(engine, placement, declared_containers(services)),
        *(cluster_jobs(cluster, declared_pods(services)) if cluster else ()),
    )
    has_services = engine or cluster or any(service.metrics for service in services)
    scraped = {job.name for job in jobs} | ({SERVICES} if has_services else set())
    scraped |= ({HUB} if settings.hub else set()) | ({SPOKES} if settings.spokes else set())
    grafana_url = placement.public_url("grafana") if "grafana" in products else ""
    mixins = (
        *applying(scraped),
        *backup.expected(settings.backups.expected, settings.environment_label),
        *_of_services(services, settings, ServiceLinks(grafana_url)),
    )
    return Plan(
        settings,
        runtime,
        products,
        (
            *left_out.values(),
            *runtime.notices(),
            *sizing.notices(settings),
            *checks.unused(settings, target),
            *checks.silent_alerts(settings, services),
        ),
        tuple(runtime.announcements(products)),
        engine,
        cluster,
        services,
        {
            "environment": settings.environment_label,
            "metrics": settings.metrics,
            "resources": sizing.prometheus(settings),
            "jobs": jobs,
            "rule_folders": (RULES,) if cluster and cluster.operated else (),
            "mixins": mixins,
            "thresholds": thresholds,
            "links": Links(_runbooks(settings, target), grafana_url),
            "spokes": settings.spokes,
            "teams": settings.kubernetes.teams,
        },
        {"metrics": settings.metrics, "object_storage": target.object_storage}
        if "thanos-query" in products
        else None,
        {
            "environment": settings.environment_label,
            "logs": _log_files(target, products, services, placement),
            "engine": engine,
            "services": services,
            "spokes": settings.spokes,
            "traces": profiles.traces(settings),
        },
        {
            "logs": settings.logs,
            "object_storage": target.object_storage,
            "rate": sizing.log_rate(settings) if settings.load.log_gigabytes_per_day else None,
            "resources": sizing.loki(settings),
        },
        {
            "dashboards": settings.dashboards,
            "mixins": mixins,
            "thresholds": thresholds,
            "metrics": profiles.metrics(settings),
        },
        {"hosts": published, "instead": _read_instead(published, products)},
        buckets.asked(settings, target),
    )


def _read_instead(published: Collection[str], products: Collection[str]) -> Mapping[str, str]:
    """Return what of the published people read elsewhere → where, as far as it runs."""
    return {
        product: other
        for product, other in login_proxy.READ_INSTEAD.items()
        if product in published and other in products
    }


def _of_services(services: Sequence[Service], settings: Settings, links: ServiceLinks) -> tuple[Mixin, ...]:
    """Return what the entries of the catalogue ask for: rules of their objectives, and dashboards."""
    objectives = [slo for service in services for slo in service.objectives]
    return (
        *slo_mixins(objectives, settings.error_budget, links),
        *(service_mixin(service, links) for service in services),
    )


def _runbooks(settings: Settings, target: Target) -> str:
    """Return where runbook links lead: on the machine itself, the checkout will do."""
    is_url = "://" in settings.runbooks
    return settings.runbooks if is_url or not target.follows_files else (PROJECT / settings.runbooks).as_uri()


def _log_files(
    target: Target, products: Collection[str], services: Sequence[Service], placement: Placement
) -> tuple[LogFiles, ...]:
    own = [LogFiles(name, (placement.log(name),)) for name in products if placement.log(name)]
    applications = [
        LogFiles(
            service.service,
            tuple(str(PROJECT / file) for file in service.logs.files),
            {"team": service.team},
        )
        for service in services
        if service.logs and target.follows_files
    ]
    return (*own, *applications)
