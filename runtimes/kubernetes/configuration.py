"""Configuration and secrets as files: ConfigMaps and Secrets, and where pods see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Secret, VolumeArgsDict, VolumeMountArgsDict

from runtimes.kubernetes.site import Children, Site
from workload import Workload


@dataclass(frozen=True)
class Mounted:
    """Volumes of a pod and where its container sees them."""

    volumes: tuple[VolumeArgsDict, ...] = ()
    mounts: tuple[VolumeMountArgsDict, ...] = ()

    def __add__(self, other: Mounted) -> Mounted:
        return Mounted(self.volumes + other.volumes, self.mounts + other.mounts)


def mounted(workload: Workload, site: Site, children: Children) -> Mounted:
    """Register a ConfigMap for each folder of configuration and a Secret for all secrets.

    A change of an immutable one gives it a new name, which rolls the pods that mount it. What the running
    product takes over by itself stays mutable and keeps its name, so that a changed rule restarts nothing.
    """
    result = Mounted()
    for folder, files in sorted(_folders(workload.files).items()):
        role = "-".join(("config", *PurePosixPath(folder).parts))
        config_map = ConfigMap(
            f"{children.prefix}-{role}",
            metadata=site.autonamed(workload.name),
            data=files,
            immutable=not _taken_over(workload, folder, files),
            opts=children.options,
        )
        path = PurePosixPath(site.placement.config(workload.name)) / folder
        result += Mounted(
            ({"name": role, "config_map": {"name": config_map.metadata.name, "default_mode": 0o444}},),
            ({"name": role, "mount_path": str(path), "read_only": True},),
        )
    if workload.secrets:
        result += _secrets(workload, site, children)
    return result


def _secrets(workload: Workload, site: Site, children: Children) -> Mounted:
    secret = Secret(
        f"{children.prefix}-secrets",
        metadata=site.autonamed(workload.name),
        string_data=workload.secrets,
        immutable=True,
        opts=children.options,
    )
    path = PurePosixPath(site.placement.secret(workload.name, "any")).parent
    return Mounted(
        # The files belong to root and the pod's group.
        ({"name": "secrets", "secret": {"secret_name": secret.metadata.name, "default_mode": 0o440}},),
        ({"name": "secrets", "mount_path": str(path), "read_only": True},),
    )


def _folders(
    files: Mapping[str, pulumi.Input[str]],
) -> Mapping[str, Mapping[str, pulumi.Input[str]]]:
    """Return folder → file name → content; keys of a ConfigMap cannot contain a slash."""
    folders: dict[str, dict[str, pulumi.Input[str]]] = defaultdict(dict)
    for name, content in files.items():
        path = PurePosixPath(name)
        folders["" if len(path.parts) == 1 else str(path.parent)][path.name] = content
    return folders


def _taken_over(workload: Workload, folder: str, files: Collection[str]) -> bool:
    """Whether the running product notices a change of any of these files without a signal."""
    reload = workload.reload
    if reload is None or not reload.watches:
        return False
    paths = [str(PurePosixPath(folder) / name) for name in files]
    return all(any(fnmatch(path, pattern) for pattern in reload.files) for path in paths)
