"""What keeps a stack from being deployed, and what is silently missing in it, as far as its files tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import profiles
from catalogue import Service
from components import buckets, jaeger_storage, loki_storage, object_storage
from mixins.model import Severity
from plan import sizing
from scraping import OWN_JOBS
from settings import PROJECT, Alerting, Settings
from targets import TARGETS, RuntimeKind, Target
from units import seconds

CHECKOUT = Path(__file__).resolve().parent.parent


def problems(
    settings: Settings,
    target: Target,
    services: Sequence[Service],
    products: Collection[str],
    wanted: Collection[str],
) -> list[str]:
    """Return what is wrong with a stack, a line each; of what is ``wanted`` the target runs ``products``."""
    created = settings.create_buckets is not None
    found = [
        *_unheard(services, products, target),
        *_reserved(services, wanted),
        *_forgotten(services, settings),
        *_dead_links(settings),
        *_never_missed(settings),
        *loki_storage.problems(settings.logs.object_storage, target, created=created),
    ]
    if bucket := settings.metrics.object_storage:
        found += object_storage.problems("metrics.objectStorage", bucket, target, created=created)
    return [
        *found,
        *_itself(settings),
        *_one_bucket(settings),
        *buckets.problems(settings, target),
        *jaeger_storage.problems(settings.traces, target),
        *profiles.problems(settings, target),
        *sizing.problems(settings),
    ]


def unused(settings: Settings, target: Target) -> tuple[str, ...]:
    """Return the sections that say something to another kind of target only, a line each."""
    sections = {
        "kubernetes": (settings.kubernetes, (RuntimeKind.KUBERNETES,)),
        "docker": (settings.docker, (RuntimeKind.DOCKER,)),
        "images": (settings.images, (RuntimeKind.DOCKER, RuntimeKind.KUBERNETES)),
    }
    return tuple(
        f"{key}: is not used on target {target.name!r}"
        for key, (section, kinds) in sections.items()
        if target.runtime not in kinds and section != type(section)()
    )


def silent_alerts(settings: Settings, services: Sequence[Service]) -> tuple[str, ...]:
    """Return which alerts reach nobody, a line each."""
    alerting = settings.alerting
    teams = {*(service.team for service in services), *settings.kubernetes.teams.values()}
    if not alerting.receivers:
        return ("alerts reach nobody: alerting.receivers is empty, so they are only kept as log lines",)
    unwatched = "nobody is told when alerting itself stops: alerting.deadMansSwitch is not set"
    return (
        *(
            f"no route leads to the receiver {name!r}, and there is no team of that name"
            for name in alerting.unheard
            if name not in teams
        ),
        *_severities(alerting),
        *([] if alerting.dead_mans_switch else [unwatched]),
    )


def _itself(settings: Settings) -> list[str]:
    """Return that a stack is its own hub."""
    if settings.hub and settings.hub.stack.split("/")[1:] == [PROJECT, settings.stack]:
        return [f"hub.stack: {settings.hub.stack!r} is this stack itself; name another one"]
    return []


def _one_bucket(settings: Settings) -> list[str]:
    """Return that log lines and samples would share a bucket, whose rules and rights differ."""
    logs, metrics = settings.logs.object_storage, settings.metrics.object_storage
    if not logs or not metrics:
        return []
    where = [(b.bucket, b.account, b.namespace, b.region, b.endpoint) for b in (logs, metrics)]
    if where[0] != where[1]:
        return []
    return [
        f"metrics.objectStorage.bucket: {metrics.bucket!r} holds the log lines as well; give each its own"
    ]


def _severities(alerting: Alerting) -> Iterator[str]:
    """Yield the routes that wait for a severity that no alert of the stack has; rules of others may."""
    known = [severity.value for severity in Severity if severity is not Severity.NONE]
    for index, route in enumerate(alerting.routes):
        for condition in route.conditions:
            strange = not any(condition.matches({"severity": severity}) for severity in known)
            if condition.name == "severity" and condition.operator in ("=", "=~") and strange:
                yield (
                    f"alerting.routes.{index}: no alert of the stack has {condition}; "
                    f"severities are {', '.join(known)}"
                )


def _unheard(services: Sequence[Service], products: Collection[str], target: Target) -> list[str]:
    """Return the probes that nothing would make at this target."""
    if "blackbox-exporter" in products:
        return []
    able = ", ".join(name for name, other in TARGETS.items() if "blackbox-exporter" in other.products)
    return [
        f"{service.service}.probes: target {target.name} does not run blackbox_exporter; "
        f"remove the probes from the catalogue, or use one of the targets {able}"
        for service in services
        if service.probes
    ]


def _reserved(services: Sequence[Service], products: Collection[str]) -> list[str]:
    """Return the services that have the name of something of the stack's own."""
    names = {*products, *OWN_JOBS, "notifications"}
    return [
        f"{service.service}: is the name of a part of the stack itself; give the service another name"
        for service in services
        if service.service in names
    ]


def _dead_links(settings: Settings) -> list[str]:
    """Return why the runbook links of alerts would lead nowhere."""
    place = settings.runbooks
    if place.startswith(("https://", "http://")) or (CHECKOUT / place).is_dir():
        return []
    return [f"runbooks: {place!r} is no folder of the project and no URL; write docs/runbooks or https://…"]


def _forgotten(services: Sequence[Service], settings: Settings) -> list[str]:
    """Return the objectives whose period is longer than metrics are kept; a month is added up as it goes."""
    kept = settings.metrics.retention
    return [
        f"{slo.id}: its budget counts over {slo.period}, but metrics are kept for {kept}; "
        f"raise metrics.retention, or choose a shorter period"
        for service in services
        for slo in service.objectives
        if slo.period != "month" and seconds(slo.period) > seconds(kept)
    ]


def _never_missed(settings: Settings) -> list[str]:
    """Return why an expected backup could be missing unnoticed: its alert waits for samples that old."""
    kept, tolerated = settings.metrics.retention, settings.thresholds.backup_age
    if not settings.backups.expected or seconds(kept) > tolerated:
        return []
    late = f"a backup may be {tolerated / 3600:g} hours old, but metrics are kept for {kept}"
    return [f"backups.expected: {late}; raise metrics.retention, or lower thresholds.backupAge"]
