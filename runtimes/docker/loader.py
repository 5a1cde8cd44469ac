"""Files in volumes: a short-lived container that brings them in and hands them to the product's user.

A product's container takes no uploads: its root file system is read-only, and uploaded files would be root's
(``docs/adr/docker-files.md``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from runtimes.docker.lowering import volume_mount
from versions import LOADER

_STAGE = "/stage"
_VOLUME = "/volume"
_DATA = "/data"
SCRIPT = """
mkdir -p "$2"
cp -Rf "$2/." "$3/"
cd "$3"
find . -type f | while read -r file; do [ -e "$2/$file" ] || rm -f "$file"; done
chown -R "$1:$1" .
chmod -R u=rwX,go= .
find . -type f -exec chmod 0400 {} +
[ -z "${4-}" ] || chown "$1:$1" "$4"
"""
"""Arguments: the user's id, the folder of the uploads, the volume, and the data volume where there is one.

New files first, then what is no longer wanted goes: a product that looks meanwhile never misses a file.
"""


def digest(files: Mapping[str, str]) -> str:
    """Return what tells one set of files from another; for files without secrets only."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def loader(
    image: pulumi.Input[str],
    volume: docker.Volume,
    files: Mapping[str, pulumi.Input[str]],
    user: int,
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
        command=["-euc", SCRIPT, "loader", str(user), _STAGE, _VOLUME, *([_DATA] if data else [])],
        uploads=[
            docker.ContainerUploadArgs(file=f"{_STAGE}/{path}", content=content, permissions="0400")
            for path, content in sorted(files.items())
        ],
        mounts=mounts,
        # Root without what makes root powerful: all it may do is give files away.
        user="0:0",
        capabilities=docker.ContainerCapabilitiesArgs(
            drops=["ALL"], adds=["CHOWN", "DAC_OVERRIDE", "FOWNER"]
        ),
        security_opts=["no-new-privileges:true"],
        network_mode="none",
        attach=True,
        must_run=False,
        restart="no",
    )
