"""What a selected stack scrapes, records, alerts on and shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from catalogue import Service
from catalogue.mixin import mixin as service_mixin
from components.collector_logs import LogFiles
from mixins.model import Links, Mixin
from mixins.shipped import applying
from mixins.stack import backup
from mixins.stack.hub import HUB, SPOKES
from placement import Placement
from plan.checks import CHECKOUT
from plan.selection import Selection
from scraping import SERVICES, ScrapeJob, container_jobs, own_jobs, probe_jobs
from scraping.kubernetes import cluster_jobs, own_pods
from scraping.services import declared_containers, declared_pods, service_jobs
from slo.links import ServiceLinks
from slo.mixin import mixins as slo_mixins
from targets import Target


def scrape_jobs(chosen: Selection) -> tuple[ScrapeJob, ...]:
    """Return what Prometheus scrapes: the stack itself, services, probes, containers or the cluster."""
    services, placement = chosen.services, chosen.runtime.placement
    engine, cluster = chosen.engine, chosen.cluster
    return (
        *(own_pods(chosen.products, cluster) if cluster else own_jobs(chosen.products, placement)),
        *service_jobs(services, placement, engine, cluster),
        *probe_jobs(services, placement),
        *container_jobs(engine, placement, declared_containers(services)),
        *(cluster_jobs(cluster, declared_pods(services)) if cluster else ()),
    )


def mixins(chosen: Selection, jobs: Collection[ScrapeJob]) -> tuple[Mixin, ...]:
    """Return the rules and dashboards for what these jobs scrape, and what the catalogue asks for."""
    settings, services, links = chosen.settings, chosen.services, ServiceLinks(chosen.grafana_url)
    objectives = [slo for service in services for slo in service.objectives]
    return (
        *applying({*(job.name for job in jobs), *_without_a_job(chosen)}),
        *backup.expected(settings.backups.expected, settings.environment_label),
        *slo_mixins(objectives, settings.error_budget, links),
        *(service_mixin(service, links) for service in services),
    )


def _without_a_job(chosen: Selection) -> set[str]:
    """Return what there are series of by other ways than a job of that name."""
    has_services = chosen.engine or chosen.cluster or any(service.metrics for service in chosen.services)
    there = {SERVICES: has_services, HUB: chosen.settings.hub, SPOKES: chosen.settings.spokes}
    return {name for name, present in there.items() if present}


def links(chosen: Selection) -> Links:
    """Return where the links of alerts lead: on the machine itself, the checkout will do for runbooks."""
    runbooks = chosen.settings.runbooks
    here = "://" not in runbooks and chosen.target.follows_files
    return Links((CHECKOUT / runbooks).as_uri() if here else runbooks, chosen.grafana_url)


def log_files(
    target: Target, products: Collection[str], services: Sequence[Service], placement: Placement
) -> tuple[LogFiles, ...]:
    """Return the files that the collector follows: the stack's own, and those of services."""
    own = [LogFiles(name, (placement.log(name),)) for name in products if placement.log(name)]
    applications = [
        LogFiles(
            service.service,
            tuple(str(CHECKOUT / file) for file in service.logs.files),
            {"team": service.team},
        )
        for service in services
        if service.logs and target.follows_files
    ]
    return (*own, *applications)
