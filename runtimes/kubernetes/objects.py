"""Arguments of resources as the objects that they make, for what is no resource of its own."""

from __future__ import annotations

from typing import Any


def as_object(given: Any) -> Any:
    """Return arguments with the names that their object has for them; what is None is left out."""
    if isinstance(given, dict):
        return {_word(key): as_object(value) for key, value in given.items() if value is not None}
    return [as_object(item) for item in given] if isinstance(given, list) else given


def _word(key: str) -> str:
    """Return ``run_as_user`` as ``runAsUser``; names of labels have no underscores."""
    first, *rest = key.split("_")
    return first + "".join(part.capitalize() for part in rest)
