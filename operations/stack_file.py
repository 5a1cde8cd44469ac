"""What stands in a stack file, for commands that need neither the engine nor a deployed stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mistakes import explain
from operations.stack import StackUnavailableError
from settings import PROJECT, Settings

FOLDER = Path(__file__).resolve().parent.parent
M = TypeVar("M", bound=BaseModel)


def configuration(stack: str, folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return the configuration in a stack's file, as it is written.

    Raises `StackUnavailableError` where there is no such file, or where it is not YAML.
    """
    file = folder / f"Pulumi.{stack}.yaml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise StackUnavailableError(
            f"there is no stack file {file.name}; name a stack that has one"
        ) from None
    except yaml.YAMLError as error:
        raise StackUnavailableError(f"{file.name} is not YAML: {' '.join(str(error).split())}") from None
    found: Mapping[str, Any] = content.get("config") or {}
    return found


def settings(stack: str, folder: Path = FOLDER) -> Settings:
    """Return the settings of a stack file; raises `StackUnavailableError` where it cannot be used."""
    fields = {field.alias for field in Settings.model_fields.values()}
    values = {key.removeprefix(f"{PROJECT}:"): value for key, value in configuration(stack, folder).items()}
    try:
        return Settings.model_validate(
            {"stack": stack, **{key: value for key, value in values.items() if key in fields}}
        )
    except ValidationError as error:
        problems = "; ".join(explain(details, Settings) for details in error.errors())
        raise StackUnavailableError(f"stack {stack}: {problems}") from None


def section(stack: str, key: str, model: type[M], folder: Path = FOLDER) -> M:
    """Return the part of a stack file below ``key``; what the file leaves out has its default.

    Raises `StackUnavailableError` as `configuration` does, and where that part of the file cannot be used.
    """
    try:
        return model.model_validate(configuration(stack, folder).get(f"{PROJECT}:{key}") or {})
    except ValidationError as error:
        texts = [explain(details, model) for details in error.errors()]
        problems = "; ".join(
            f"{key}: {whole}" if (whole := text.removeprefix("stack file: ")) != text else f"{key}.{text}"
            for text in texts
        )
        raise StackUnavailableError(f"stack {stack}: {problems}") from None
