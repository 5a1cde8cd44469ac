"""Which images a deployment takes from a registry, and whether there is room for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping

from runtimes.docker import engine
from versions import Image

_UNPACKED = 3
"""How many times its download an image takes on disk, about."""
_FIRST_DATA_MB = 1024
"""Room for what the products write before anybody looks at the disk again, megabytes."""
_HUB = "docker.io/"


def missing(host: str, images: Mapping[str, Image]) -> tuple[Image, ...]:
    """Return those of the images, given by their references, that the engine does not have.

    None where it does not answer: that is said elsewhere.
    """
    try:
        present = engine.references(host)
    except engine.EngineError:
        return ()
    return tuple(image for reference, image in images.items() if not _names(reference) & present)


def _names(reference: str) -> set[str]:
    """Return how engines list an image that was pulled by that reference: Docker leaves out its own hub."""
    tagged, _, digest = reference.partition("@")
    repository = tagged.rpartition(":")[0]
    written = f"{repository}@{digest}" if digest else tagged
    return {written, written.removeprefix(_HUB), written.removeprefix(f"{_HUB}library/")}


def announcement(images: Iterable[Image]) -> str:
    """Return one line that says which images are pulled, and how much that is."""
    pulled = sorted(images, key=lambda image: -image.download_mb)
    names = ", ".join(f"{image.repository.rpartition('/')[2]} {image.tag}" for image in pulled)
    size = sum(image.download_mb for image in pulled)
    return (
        f"{len(pulled)} {'image is' if len(pulled) == 1 else 'images are'} pulled, about {size} MB: {names}"
    )


def no_room(host: str, images: Iterable[Image]) -> list[str]:
    """Return a problem where the engine's disk is too small for these images. Raises `EngineError`."""
    download = sum(image.download_mb for image in images)
    folder = engine.data_folder(host) if download else None
    if folder is None:
        return []
    needed, free = download * _UNPACKED + _FIRST_DATA_MB, shutil.disk_usage(folder).free // 10**6
    if free >= needed:
        return []
    lacks = f"has {free} MB free, and the images to pull with their first data need about {needed} MB"
    return [f"docker: {folder} {lacks}; make room (docker system prune), or move the engine's data elsewhere"]
