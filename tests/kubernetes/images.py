"""The images of the stack for the runtime of the cluster, made on this machine as for the Docker tier."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

import versions
from tests.docker import images
from tests.kubernetes.cluster import PAUSE, Cluster
from versions import Image

APPLICATION = f"{versions.LOADER.repository}:{versions.LOADER.tag}"
"""Image with a shell, for pods of the tests."""
PROGRAMS = (
    versions.PROMETHEUS,
    versions.LOKI,
    versions.COLLECTOR,
    versions.ALERTMANAGER,
    versions.JAEGER,
    versions.NODE_EXPORTER,
    versions.BLACKBOX_EXPORTER,
    versions.KUBE_STATE_METRICS,
    versions.PROMETHEUS_OPERATOR,
    versions.CONFIG_RELOADER,
    versions.GRAFANA,
    versions.LOADER,
)
"""What runs in pods, and a shell for pods of the tests."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def make(cluster: Cluster) -> None:
    """Make every image of the stack, and the one that every pod needs."""
    busybox = images.contents(versions.LOADER)
    _import(cluster, PAUSE, busybox, ["/bin/busybox", "sleep", "infinity"])
    for image in PROGRAMS:
        _import(cluster, f"{image.repository}:{image.tag}", images.contents(image), list(image.entrypoint))


def make_as(cluster: Cluster, image: Image, tag: str) -> None:
    """Make an image under another tag as well, as a later version has."""
    name = f"{image.repository}:{image.tag}"
    cluster.ctr("images", "tag", name, f"{image.repository}:{tag}")


def _import(cluster: Cluster, name: str, files: Mapping[str, Path | str], command: list[str]) -> None:
    file = cluster.folder / "image.tar"
    layer = images.archive(files)
    configuration = json.dumps(
        {
            "architecture": _ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": {"Entrypoint": command, "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(file, "w") as saved:
        for member, content in {
            "layer.tar": layer,
            "config.json": configuration,
            "manifest.json": manifest,
        }.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            saved.addfile(entry, io.BytesIO(content))
    cluster.ctr("images", "import", file)
    file.unlink()
