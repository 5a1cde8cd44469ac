"""What is wrong or limited, told by the stack file alone: a preview needs no cluster for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from placement import PORTS
from runtimes.kubernetes import definitions, stateful
from runtimes.kubernetes.site import ASKS_WHO, Site
from runtimes.kubernetes.storage import asked, claimed_size
from settings.kubernetes import OUTSIDE_GATEWAY, OUTSIDE_INGRESS
from targets import Exposure
from units import size_in_bytes

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")
"""Name of an object that further names are made of, which may have 63 characters."""


_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
"""Value of a label of an object."""
_LOOPBACK = re.compile(r"(https?://)?(127\.[\d.]+|localhost|\[::1\])([:/].*)?")
"""Address that leads every pod to itself."""
_OF_A_HUB = ("prometheus", "collector")
"""What spokes send to."""
_ROOM = 0.85
"""Share of a volume that blocks of samples may take: the log and what is being joined are there as well."""


def problems(site: Site) -> list[str]:
    """Return what would keep a stack from being of use, a line each."""
    target, settings = site.target, site.settings
    found = []
    if site.exposure is not Exposure.PORT_FORWARD and not settings.kubernetes.host:
        found.append(
            f"kubernetes.host: is required on target {target.name!r}; give the DNS name under which people "
            "open the stack, for example observability.example.org"
        )
    if site.exposure is Exposure.PORT_FORWARD and settings.kubernetes.published:
        found.append(
            f"kubernetes.published: target {target.name!r} has no entrance to lead to them; remove it, or "
            "name a kubernetes.gatewayClass or kubernetes.ingressClass of the cluster"
        )
    if not settings.alerting.receivers:
        found.append(
            "alerting.receivers: is empty: alerts would go nowhere; add one, for example "
            "{name: team, webhook: {url: https://alerts.example.org/hook}}"
        )
    if settings.kubernetes.monitors == "installed" and definitions.missing():
        found.append(
            "kubernetes.monitors: installed needs the Prometheus Operator's custom resource definitions, "
            "which are not on this machine yet; run: make setup"
        )
    if settings.kubernetes.monitors != "ignored" and not _NAME.fullmatch(settings.stack):
        found.append(
            "kubernetes.monitors: what the Prometheus Operator runs is named like the stack, and "
            f"{settings.stack!r} is no name in a cluster; use lower-case letters, digits and hyphens"
        )
    return [*found, *_unusable(site)]


def _unusable(site: Site) -> Iterator[str]:
    """Yield the settings that are well written and lead to nothing."""
    target, settings, kubernetes = site.target, site.settings, site.settings.kubernetes
    if not _LABEL.fullmatch(settings.stack):
        yield (
            f"stack: {settings.stack!r} is part of the labels of every object, which begin and end with a "
            "letter or digit and have at most 63 characters; rename it with: pulumi stack rename NAME"
        )
    known = sorted({*stateful.OF_FIXED_SIZE, *stateful.IN_A_STORE, *asked(settings)})
    for name in kubernetes.replace:
        if name not in known:
            yield f"kubernetes.replace: the stack has no StatefulSet {name!r}; use one of {', '.join(known)}"
    for key, given, googles in (
        ("gatewayClass", kubernetes.gateway_class, OUTSIDE_GATEWAY),
        ("ingressClass", kubernetes.ingress_class, OUTSIDE_INGRESS),
    ):
        if given == googles and target.gateway_class != OUTSIDE_GATEWAY:
            yield f"kubernetes.{key}: {given!r} is Google's, and target {target.name!r} has another"
    if settings.spokes and (missing := [name for name in _OF_A_HUB if name not in kubernetes.published]):
        yield f"spokes: have nowhere to send to; add {' and '.join(missing)} to kubernetes.published"
    volume = claimed_size(settings.metrics.storage, target)
    if size_in_bytes(settings.metrics.max_size) > (room := size_in_bytes(volume) * _ROOM):
        yield (
            f"metrics.maxSize: {settings.metrics.max_size} leave too little of a volume of {volume} for what "
            f"is not yet in blocks; write at most {room // 2**20:.0f}Mi, or raise metrics.storage"
        )
    for key, address in _addresses(site):
        if _LOOPBACK.fullmatch(address):
            yield (
                f"{key}: {address} leads a pod to itself; name a Service (name.namespace:port), or what else "
                "the cluster reaches"
            )


def _addresses(site: Site) -> Iterator[tuple[str, str]]:
    """Yield the settings that name something outside the stack, each with its address."""
    settings = site.settings
    for key, bucket in (("logs", settings.logs.object_storage), ("metrics", settings.metrics.object_storage)):
        if bucket and bucket.endpoint:
            yield f"{key}.objectStorage.endpoint", bucket.endpoint
    if database := settings.dashboards.database:
        yield "dashboards.database.address", database.address
    if store := settings.traces.store:
        yield "traces.store.address", store.address
    for number, broker in enumerate(settings.traces.queue.brokers if settings.traces.queue else ()):
        yield f"traces.queue.brokers.{number}", broker
    for number, receiver in enumerate(settings.alerting.receivers):
        if receiver.webhook and receiver.webhook.url:
            yield f"alerting.receivers.{number}.webhook.url", receiver.webhook.url
        if receiver.email:
            yield f"alerting.receivers.{number}.email.smarthost", receiver.email.smarthost


def notices(site: Site) -> tuple[str, ...]:
    """Return what is limited or different here, a line each."""
    target, settings = site.target, site.settings
    lines = [
        f"{key}: {size} becomes {claimed_size(size, target)}, the smallest volume on target {target.name!r}"
        for key, size in asked(settings).values()
        if claimed_size(size, target) != size
    ]
    if not target.network_policies_enforced:
        lines.append(
            f"network policies are part of the stack, but a default {target.name} cluster does not enforce "
            "them; install a network plugin that does"
        )
    if site.exposure is Exposure.PORT_FORWARD:
        lines.append(
            f"{ASKS_WHO} is not exposed; open it with: kubectl port-forward --namespace "
            f"{settings.kubernetes.namespace} service/{ASKS_WHO} {PORTS[ASKS_WHO][0].number}"
        )
        if settings.kubernetes.host:
            lines.append(
                f"kubernetes.host: is not used on target {target.name!r} without a kubernetes.gatewayClass "
                "or kubernetes.ingressClass"
            )
    if settings.kubernetes.ingress_class == "nginx":
        lines.append(
            "kubernetes.ingressClass: the nginx controller of the Kubernetes project gets no security fixes "
            "since March 2026; prefer a Gateway, or another controller"
        )
    of_a_machine = {
        "ports": settings.ports,
        "portOffset": settings.port_offset,
        "dataDirectory": settings.data_directory,
    }
    lines += [
        f"{key}: is not used on target {target.name!r}, where products have their own addresses and volumes"
        for key, value in of_a_machine.items()
        if value
    ]
    return tuple(lines)
