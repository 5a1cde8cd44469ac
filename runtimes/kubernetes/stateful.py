"""What cannot be changed in a StatefulSet that is there: the engine would delete it and make another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import profiles
from runtimes.kubernetes.site import Site, replicas_service
from units import size_in_bytes

OF_FIXED_SIZE = ("alertmanager", "collector", "thanos-store", "loki-index-gateway", "loki-compactor")
"""Workloads with a volume that no setting sizes."""
IN_A_STORE = ("grafana", "jaeger", "loki")
"""Workloads without a volume where a setting names what keeps their data instead."""


def resize(found: Any, key: str, wanted: str, site: Site) -> Iterator[str]:
    """Yield why the volumes of a StatefulSet cannot become as large as the setting ``key`` wants them."""
    had = claimed(found)
    if size_in_bytes(wanted) < size_in_bytes(had):
        yield f"{key}: cannot shrink from {had} to {wanted}; write {had}"
    elif size_in_bytes(wanted) > size_in_bytes(had):
        yield (
            f"{key}: grows from {had} to {wanted}, which a StatefulSet cannot do by itself; grow the volume "
            f"first: python -m operations grow --stack {site.settings.stack}"
        )


def replacement(found: Any, site: Site) -> Iterator[str]:
    """Yield why a StatefulSet would be deleted, unless the settings name it as one that may be."""
    name = found.metadata.name
    if name in site.settings.kubernetes.replace:
        return
    if name == "grafana" and site.settings.dashboards.database:
        yield _deletes(name, "dashboards.database", "what was made in Grafana stays on its volume, unused")
    elif name == "jaeger" and site.settings.traces.store:
        yield _deletes(name, "traces.store", "the traces that it has stay on its volume, unused")
    elif name == "loki" and profiles.in_parts(site.settings):
        yield _deletes(name, "profile", "its pods write what they hold to the bucket as they end")
    elif found.spec.service_name != _service(name, site):
        yield _deletes(name, "profile", "its pods are restarted, its data stays")


def claimed(found: Any) -> str:
    """Return the size of the claims that a StatefulSet makes."""
    (template,) = found.spec.volume_claim_templates
    return str(template.spec.resources.requests["storage"])


def _service(name: str, site: Site) -> str:
    return replicas_service(name) if site.placement.replicas(name) else name


def _deletes(name: str, key: str, consequence: str) -> str:
    return (
        f"{key}: deletes the StatefulSet {name} of the deployed stack to make another; {consequence}; if "
        "that is meant, name it in kubernetes.replace"
    )
