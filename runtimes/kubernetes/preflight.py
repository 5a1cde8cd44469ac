"""What is wrong or limited, told by the stack file alone: a preview needs no cluster for it."""

from __future__ import annotations

import re

from placement import PORTS
from runtimes.kubernetes import definitions
from runtimes.kubernetes.site import ASKS_WHO, Site
from runtimes.kubernetes.storage import asked, claimed_size
from targets import Exposure

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")
"""Name of an object that further names are made of, which may have 63 characters."""


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
    return found


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
