"""Who a workload is: to the cluster, and to the cloud that its bucket is in."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount

import profiles
from components.loki_parts import IN_BUCKET
from runtimes.kubernetes.site import Children, Site
from settings.object_storage import Bucket
from targets import Identity
from workload import Workload

_AZURE = "azure.workload.identity"


def service_account(workload: Workload, site: Site, children: Children) -> None:
    """Give a workload an account of its own; `permissions` says what it may, and pods ask for its token.

    Its pods pull images with the Secrets that it names, also those that an operator makes.
    """
    metadata = site.named(workload.name)
    if client_id := _client_id(workload, site):
        metadata["annotations"] = {f"{_AZURE}/client-id": client_id}
    ServiceAccount(
        f"{children.prefix}-account",
        metadata=metadata,
        automount_service_account_token=False,
        image_pull_secrets=[{"name": name} for name in site.settings.kubernetes.image_pull_secrets] or None,
        opts=children.options,
    )


def bucket(workload: str, site: Site) -> Bucket | None:
    """Return the bucket that a workload, or its sidecar, keeps its data in."""
    if workload in (IN_BUCKET if profiles.in_parts(site.settings) else ("loki",)):
        return site.settings.logs.object_storage
    if workload in ("prometheus", "thanos-store", "thanos-compactor"):
        return site.settings.metrics.object_storage
    return None


def pod_labels(workload: Workload, site: Site) -> Mapping[str, str]:
    """Return the labels by which the cloud knows whose pod it is; Google needs none."""
    return {f"{_AZURE}/use": "true"} if _client_id(workload, site) else {}


def _client_id(workload: Workload, site: Site) -> pulumi.Input[str]:
    """Return Azure's id of who a workload is: as the stack file says, or of an identity that is made."""
    storage = bucket(workload.name, site)
    if storage and site.target.identity is Identity.AZURE_WORKLOAD_IDENTITY:
        return storage.client_id or workload.cloud_identity
    return ""
