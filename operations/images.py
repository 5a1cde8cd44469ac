"""Which images a stack pulls, for those who mirror them into a registry of their own."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

import versions
from operations import stack_file
from operations.stack import StackUnavailableError
from settings import PROJECT, Images
from settings.loading import explain


def pulled(stack: str, folder: Path = stack_file.FOLDER) -> list[tuple[str, str]]:
    """Return each image as it is published, and as the stack pulls it, in the order of their names.

    Only the stack file is read: neither the engine nor a deployed stack is needed. Raises
    `StackUnavailableError` where there is no such file or its ``images`` cannot be used.
    """
    images = _images(stack, folder)
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


def _images(stack: str, folder: Path) -> Images:
    written = stack_file.configuration(stack, folder).get(f"{PROJECT}:images") or {}
    try:
        return Images.model_validate(written)
    except ValidationError as error:
        problems = "; ".join(f"images.{explain(details, Images)}" for details in error.errors())
        raise StackUnavailableError(f"stack {stack}: {problems}") from None
