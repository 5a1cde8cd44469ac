"""Who a workload is to the cluster."""

from __future__ import annotations

from pulumi_kubernetes.core.v1 import ServiceAccount

from runtimes.kubernetes.site import Children, Site
from workload import Workload


def service_account(workload: Workload, site: Site, children: Children) -> None:
    """Give a workload an account of its own; `permissions` says what it may, and pods ask for its token."""
    ServiceAccount(
        f"{children.prefix}-account",
        metadata=site.named(workload.name),
        automount_service_account_token=False,
        opts=children.options,
    )
