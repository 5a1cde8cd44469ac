"""Files in volumes: a short-lived container that brings them in and hands them to the product's user.

A product's container takes no uploads: its root file system is read-only, and uploaded files would be root's
(``docs/adr/docker-files.md``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_docker as docker

from runtimes.docker import lowering
from runtimes.docker.lowering import volume_mount
from versions import LOADER

_STAGE = "/stage"
_VOLUME = "/volume"
_DATA = "/data"
SCRIPT = """
mkdir -p "$2" "$3/.new"
cp -Rf "$2/." "$3/.new/"
chown -R "$1:$1" "$3/.new"
chmod -R u=rwX,go= "$3/.new"
cd "$3/.new"
find . -type f -exec chmod 0400 {} +
find . -type d | while read -r folder; do mkdir -p "$3/$folder"; done
find . -type f | while read -r file; do mv -f "$file" "$3/$file"; done
cd "$3"
rm -rf .new
find . -type f | while read -r file; do [ -e "$2/$file" ] || rm -f "$file"; done
find . -type d -exec chown "$1:$1" {} + -exec chmod 0700 {} +
[ -z "${4-}" ] || chown "$1:$1" "$4"
"""
"""Arguments: the user's id, the folder of the uploads, the volume, and the data volume where there is one.

New files first, each in one step, then what is no longer wanted goes: a product that looks meanwhile never
misses a file, sees half of one, or meets one that it may not read.
"""


def check_end(status: int | None, name: str) -> None:
    """Raise where a loader has failed: the plugin only waits for its end."""
    if status:
        raise pulumi.RunError(
            f"{name} could not bring a product its files, status {status}; see: docker logs {name}. "
            f"Once the reason is gone: docker rm {name}, then pulumi up --refresh"
        )


def digest(files: Mapping[str, Any]) -> str:
    """Return what tells one set of files, path → text, from another; for files without secrets only."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def loader(
    image: pulumi.Input[str],
    volume: docker.Volume,
    files: Mapping[str, pulumi.Input[str]],
    user: int,
    labels: Mapping[str, pulumi.Input[str]],
    *,
    data: docker.Volume | None = None,
) -> docker.ContainerArgs:
    """Return the container that makes the volume hold exactly these files, for that user alone.

    It has ended when its resource is there. ``data`` is a volume that becomes the user's as well. When a file
    changes, the container is replaced: its id stands for what is in the volume without telling it.
    """
    mounts = [volume_mount(volume, _VOLUME)]
    if data:
        mounts.append(volume_mount(data, _DATA))
    return docker.ContainerArgs(
        image=image,
        entrypoints=list(LOADER.entrypoint),
        labels=lowering.labels(labels),
        command=["-euc", SCRIPT, "loader", str(user), _STAGE, _VOLUME, *([_DATA] if data else [])],
        uploads=[
            docker.ContainerUploadArgs(file=f"{_STAGE}/{path}", content=content, permissions="0400")
            for path, content in sorted(files.items())
        ],
        mounts=mounts,
        # Root without what makes root powerful: all it may do is give files away.
        user="0:0",
        capabilities=docker.ContainerCapabilitiesArgs(
            drops=["ALL"], adds=["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"]
        ),
        security_opts=["no-new-privileges:true"],
        network_mode="none",
        attach=True,
        must_run=False,
        restart="no",
    )
