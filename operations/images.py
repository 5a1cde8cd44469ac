"""Which images a stack pulls, for those who mirror them into a registry of their own."""

from __future__ import annotations

import json
from pathlib import Path

import versions
from operations.stack_file import FOLDER, section
from settings import Images


def pulled(stack: str, folder: Path = FOLDER) -> list[tuple[str, str]]:
    """Return each image as it is published, and as the stack pulls it, in the order of their names.

    Only the stack file is read: neither the engine nor a deployed stack is needed. Raises
    `StackUnavailableError` where there is no such file or its ``images`` cannot be used.
    """
    images = section(stack, "images", Images, folder)
    return sorted(
        (versions.reference(image, Images()), versions.reference(image, images)) for image in versions.every()
    )


def as_text(stack: str) -> str:
    """Return one line an image: as the stack pulls it."""
    return "\n".join(reference for _, reference in pulled(stack))


def as_json(stack: str) -> str:
    """Return a JSON list of objects with ``published`` and ``pulled``."""
    return json.dumps(
        [{"published": source, "pulled": reference} for source, reference in pulled(stack)], indent=2
    )
