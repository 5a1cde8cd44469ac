"""From a stack file and the catalogue to everything the components are given. Nothing is registered here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import catalogue
from catalogue import Service
from components.collector import CollectorArgs, LogFiles
from components.grafana import GrafanaContent
from components.prometheus import PrometheusArgs
from mixins import applying
from mixins.model import Links
from placement import Placement
from runtimes import Runtime, runtime_for
from scraping import SERVICES, own_jobs, service_jobs
from settings import Settings, StackFileError, load
from targets import TARGETS

PROJECT = Path(__file__).resolve().parent
PRODUCTS = ("prometheus", "alertmanager", "loki", "jaeger", "collector", "node-exporter", "grafana")
"""Every product of the stack, by the name of its workload."""


@dataclass(frozen=True)
class Plan:
    """A stack that can be deployed."""

    settings: Settings
    runtime: Runtime
    products: tuple[str, ...]
    """What runs, by the name of its workload."""
    notices: tuple[str, ...]
    """What is left out or limited here, a line each."""
    prometheus: PrometheusArgs
    collector: CollectorArgs
    grafana: GrafanaContent


def make_plan(config: Mapping[str, str], secret_keys: Collection[str], stack: str) -> Plan:
    """Read and check everything; raises `StackFileError` with every problem at once."""
    settings = load(config, secret_keys, stack)
    services, problems = catalogue.load([PROJECT / folder for folder in settings.catalog])
    runtime = runtime_for(TARGETS[settings.target], settings)
    left_out = runtime.unavailable(PRODUCTS)
    products = tuple(name for name in PRODUCTS if name not in left_out)
    problems += runtime.problems(products)
    if problems:
        raise StackFileError(problems)

    placement, thresholds = runtime.placement, settings.thresholds
    jobs = own_jobs(products, placement) + service_jobs(services)
    scraped = {job.name for job in jobs} | {SERVICES for service in services if service.metrics}
    mixins = applying(scraped)
    grafana_url = placement.public_url("grafana") if "grafana" in products else ""
    return Plan(
        settings,
        runtime,
        products,
        (*left_out.values(), *runtime.notices(), *_silent_alerts(settings)),
        {
            "environment": settings.environment_label,
            "metrics": settings.metrics,
            "jobs": jobs,
            "mixins": mixins,
            "thresholds": thresholds,
            "links": Links(settings.runbooks, grafana_url),
        },
        {
            "environment": settings.environment_label,
            "logs": _log_files(settings, products, services, placement),
        },
        {"dashboards": settings.dashboards, "mixins": mixins, "thresholds": thresholds},
    )


def _silent_alerts(settings: Settings) -> tuple[str, ...]:
    if settings.alerting.receivers:
        return ()
    return ("alerts reach nobody: alerting.receivers is empty, so they are only kept as log lines",)


def _log_files(
    settings: Settings, products: Collection[str], services: Sequence[Service], placement: Placement
) -> tuple[LogFiles, ...]:
    own = [LogFiles(name, (placement.log(name),)) for name in products if placement.log(name)]
    applications = [
        LogFiles(
            service.service,
            tuple(str(PROJECT / file) for file in service.logs.files),
            {"team": service.team},
        )
        for service in services
        if service.logs and TARGETS[settings.target].follows_files
    ]
    return (*own, *applications)
