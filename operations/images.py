"""Which images a stack pulls, for those who mirror them into a registry of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

import versions
from operations.stack import StackUnavailableError
from settings import PROJECT, Images
from settings.loading import explain

FOLDER = Path(__file__).resolve().parent.parent


def pulled(stack: str, folder: Path = FOLDER) -> list[tuple[str, str]]:
    """Return each image as it is published, and as the stack pulls it, in the order of their names.

    Only the stack file is read: neither the engine nor a deployed stack is needed. Raises
    `StackUnavailableError` where there is no such file or its ``images`` cannot be used.
    """
    images = _images(folder / f"Pulumi.{stack}.yaml", stack)
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


def _images(file: Path, stack: str) -> Images:
    try:
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise StackUnavailableError(
            f"there is no stack file {file.name}; name a stack that has one"
        ) from None
    except yaml.YAMLError as error:
        raise StackUnavailableError(f"{file.name} is not YAML: {' '.join(str(error).split())}") from None
    try:
        return Images.model_validate((content.get("config") or {}).get(f"{PROJECT}:images") or {})
    except ValidationError as error:
        problems = "; ".join(f"images.{explain(details, Images)}" for details in error.errors())
        raise StackUnavailableError(f"stack {stack}: {problems}") from None
