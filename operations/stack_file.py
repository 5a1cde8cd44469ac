"""What stands in a stack file, for commands that need neither the engine nor a deployed stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from operations.stack import StackUnavailableError

FOLDER = Path(__file__).resolve().parent.parent


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
