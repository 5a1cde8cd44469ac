"""Volumes: how large a claim is, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_kubernetes.core.v1 import PersistentVolumeClaimArgsDict

import profiles
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import Target
from units import size_in_bytes
from workload import Volume

CLAIM = "data"
"""Name of the claim and of the volume in the pod."""


def claimed_size(size: str, target: Target) -> str:
    """Return a size that the target's storage makes: ``size``, or its minimum where that is larger."""
    return max(size, target.minimum_volume, key=size_in_bytes)


def asked(settings: Settings) -> Mapping[str, tuple[str, str]]:
    """Return workload → the setting that sizes its volume, and what it says."""
    bucket = settings.metrics.object_storage
    compactor = {"thanos-compactor": ("metrics.objectStorage.storage", bucket.storage)} if bucket else {}
    return {
        **compactor,
        "prometheus": ("metrics.storage", settings.metrics.storage),
        "loki-ingester" if profiles.in_parts(settings) else "loki": ("logs.storage", settings.logs.storage),
        **({} if settings.traces.store else {"jaeger": ("traces.storage", settings.traces.storage)}),
        **(
            {}
            if settings.dashboards.database
            else {"grafana": ("dashboards.storage", settings.dashboards.storage)}
        ),
    }


def claim(volume: Volume, workload: str, site: Site) -> PersistentVolumeClaimArgsDict:
    """Return the claim template of a workload's volume."""
    return {
        "metadata": {"name": CLAIM, "labels": site.selector(workload)},
        "spec": {
            "access_modes": ["ReadWriteOnce"],
            **({"storage_class_name": site.storage_class} if site.storage_class else {}),
            "resources": {"requests": {"storage": claimed_size(volume.size, site.target)}},
        },
    }
