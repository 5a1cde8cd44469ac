"""Configuration and secrets as files: ConfigMaps and Secrets, and where pods see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from zlib import crc32

import pulumi
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    Secret,
    VolumeArgsDict,
    VolumeMountArgsDict,
    VolumeProjectionArgsDict,
)

from runtimes.kubernetes.site import Children, Site
from workload import Workload

_LIMIT = 1024 * 1024
"""Bytes of a ConfigMap or Secret that an API server takes."""


class TooLargeError(pulumi.RunError):
    """A file does not fit into a ConfigMap."""

    def __init__(self, workload: str, path: str, size: int) -> None:
        super().__init__(
            f"{workload}: {path} has {size / _LIMIT:.1f} MiB, and what holds it in a cluster takes 1 MiB; "
            "spread the services of the catalogue over several stacks"
        )


@dataclass(frozen=True)
class Mounted:
    """Volumes of a pod and where its container sees them."""

    volumes: tuple[VolumeArgsDict, ...] = ()
    mounts: tuple[VolumeMountArgsDict, ...] = ()

    def __add__(self, other: Mounted) -> Mounted:
        return Mounted(self.volumes + other.volumes, self.mounts + other.mounts)

    def named(self, prefix: str) -> Mounted:
        """Return the same under names that no other container's volumes in the pod have."""
        return Mounted(
            tuple({**volume, "name": f"{prefix}-{volume['name']}"} for volume in self.volumes),
            tuple({**mount, "name": f"{prefix}-{mount['name']}"} for mount in self.mounts),
        )


def mounted(workload: Workload, site: Site, children: Children) -> Mounted:
    """Register ConfigMaps for each folder of configuration and a Secret for all secrets.

    A change of an immutable one gives it a new name, which rolls the pods that mount it. What the running
    product takes over by itself stays mutable and keeps its name, so that a changed rule restarts nothing.
    """
    result = Mounted()
    for folder, files in sorted(_folders(workload.files).items()):
        role = "-".join(("config", *PurePosixPath(folder).parts))
        immutable = not _taken_over(workload, folder, files)
        names = []
        for suffix, part in _parts(workload.name, folder, files):
            config_map = ConfigMap(
                f"{children.prefix}-{role}{suffix}",
                metadata=site.autonamed(workload.name),
                data=part,
                immutable=immutable,
                opts=children.options,
            )
            names.append(config_map.metadata.name)
        path = PurePosixPath(site.placement.config(workload.name)) / folder
        result += Mounted(
            (_volume(role, names),), ({"name": role, "mount_path": str(path), "read_only": True},)
        )
    if workload.secrets:
        result += _secrets(workload, site, children)
    return result


def _volume(role: str, config_maps: list[pulumi.Output[str]]) -> VolumeArgsDict:
    """Return the volume of a folder; of several ConfigMaps the files are seen side by side."""
    if len(config_maps) == 1:
        return {"name": role, "config_map": {"name": config_maps[0], "default_mode": 0o444}}
    sources: list[VolumeProjectionArgsDict] = [{"config_map": {"name": name}} for name in config_maps]
    return {"name": role, "projected": {"default_mode": 0o444, "sources": sources}}


def _parts(
    workload: str, folder: str, files: Mapping[str, pulumi.Input[str]]
) -> Iterator[tuple[str, Mapping[str, pulumi.Input[str]]]]:
    """Yield the suffix of each ConfigMap's name, and its files: half of what fits, or a single large one.

    Where a file belongs depends on its name, so that one that is added or goes does not move the others
    about, except where the number doubles.
    """
    # What the engine tells only later is a password or an address: it is small.
    sizes = {name: len(text.encode()) if isinstance(text, str) else 0 for name, text in files.items()}
    for name, size in sizes.items():
        if size > _LIMIT:
            raise TooLargeError(workload, str(PurePosixPath(folder) / name), size)
    number = 1
    while True:
        parts: dict[int, dict[str, pulumi.Input[str]]] = defaultdict(dict)
        for name, content in files.items():
            parts[crc32(name.encode()) % number][name] = content
        if all(len(part) == 1 or sum(sizes[name] for name in part) <= _LIMIT // 2 for part in parts.values()):
            break
        number *= 2
    for index, part in sorted(parts.items()):
        yield f"-{index}" if index else "", part


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
