"""Larger volumes for a stack in a cluster: claims are grown in place, and no pod is restarted for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient, ApiException, AppsV1Api, CoreV1Api, StorageV1Api

from operations.stack import StackUnavailableError
from operations.stack_file import FOLDER, settings
from runtimes.kubernetes import stateful
from runtimes.kubernetes.connection import UnusableClusterError, connect
from runtimes.kubernetes.site import Site
from runtimes.kubernetes.storage import CLAIM, asked, claimed_size
from targets import TARGETS, RuntimeKind
from units import size_in_bytes

_SECONDS = 10


def grow(stack: str, folder: Path = FOLDER) -> Iterator[str]:
    """Grow every volume that the stack file asks to be larger than it is; yield what was done, a line each.

    A StatefulSet cannot change the size it asks for, so it is deleted without its pods; the next update makes
    it anew, and it takes its pods back. Raises `StackUnavailableError` where the stack has no cluster, or its
    storage cannot grow volumes.
    """
    site = _site(stack, folder)
    try:
        connection = connect(site)
        for workload, (key, size) in asked(site.settings).items():
            yield from _grown(connection, workload, key, claimed_size(size, site.target), site)
    except (UnusableClusterError, ApiException, OSError) as error:
        reason = str(error.reason if isinstance(error, ApiException) else error)
        raise StackUnavailableError(f"stack {stack}: {reason}") from None


def _grown(connection: ApiClient, workload: str, key: str, wanted: str, site: Site) -> Iterator[str]:
    apps, core = AppsV1Api(connection), CoreV1Api(connection)
    found = _read(apps.read_namespaced_stateful_set, workload, site.namespace)
    if found is None or size_in_bytes(wanted) <= size_in_bytes(had := stateful.claimed(found)):
        return
    _refuse_rigid(connection, found, key)
    for number in range(found.spec.replicas):
        name = f"{CLAIM}-{workload}-{number}"
        change = {"spec": {"resources": {"requests": {"storage": wanted}}}}
        core.patch_namespaced_persistent_volume_claim(name, site.namespace, change, _request_timeout=_SECONDS)
        yield f"{name}: grows from {had} to {wanted}"
    apps.delete_namespaced_stateful_set(
        workload, site.namespace, propagation_policy="Orphan", _request_timeout=_SECONDS
    )
    yield f"{workload}: runs on; make up STACK={site.settings.stack} takes its pods back"


def _refuse_rigid(connection: ApiClient, found: Any, key: str) -> None:
    (template,) = found.spec.volume_claim_templates
    name = template.spec.storage_class_name
    storage_class = _read(StorageV1Api(connection).read_storage_class, name)
    if storage_class is None or not storage_class.allow_volume_expansion:
        raise UnusableClusterError(f"{key}: volumes of the class {name!r} cannot grow; write what it was")


def _read(function: Any, *names: str) -> Any:
    try:
        return function(*names, _request_timeout=_SECONDS)
    except ApiException as error:
        if error.status == 404:
            return None
        raise


def _site(stack: str, folder: Path) -> Site:
    found = settings(stack, folder)
    target = TARGETS[found.target]
    if target.runtime is not RuntimeKind.KUBERNETES:
        raise StackUnavailableError(
            f"stack {stack}: only volumes in a cluster are grown; this is {target.name}"
        )
    return Site(target, found)
