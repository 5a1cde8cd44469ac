"""What a stack file may say about container images."""

from __future__ import annotations

from typing import Annotated

from settings.section import Section
from units import matching

Registry = Annotated[
    str,
    matching(
        r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(/[a-z0-9][a-z0-9._-]*)*)?",
        "use a host with a path where there is one, registry.example.org:5000/mirror, no https://",
    ),
]


class Images(Section):
    """Where container images come from."""

    registry: Registry = ""
    """Registry that mirrors every image, ``registry.example.org/mirror``; empty for the images' own."""
    digests: bool = True
    """Whether images are pinned by digest as well; false for a mirror that rewrites them."""
