"""The resource `observability:index:Password`: generated once, and the same until it is asked to change."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any

from provider.changes import Change
from provider.values import UNKNOWN, Secret, plain

DEFAULT_LENGTH = 32
MINIMUM_LENGTH, MAXIMUM_LENGTH = 12, 256
IDENTIFIER = "generated"
"""The id of every password: ids are never encrypted, so they must not say anything."""

_EDGE = string.ascii_letters + string.digits
_INNER = _EDGE + "-_"


def generate(length: int) -> str:
    """Return a random password of url-safe characters, with a letter or a digit at both ends."""
    inner = "".join(secrets.choice(_INNER) for _ in range(length - 2))
    return secrets.choice(_EDGE) + inner + secrets.choice(_EDGE)


def check(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the inputs with defaults filled in, and what is wrong with them as (property, reason)."""
    checked = {"length": DEFAULT_LENGTH, **{key: value for key, value in inputs.items() if value is not None}}
    problems = [
        (key, "unknown input; a Password has: length, keepers")
        for key in inputs
        if key not in {"length", "keepers"} and not key.startswith("__")
    ]
    length = plain(checked["length"])
    whole = isinstance(length, int) and not isinstance(length, bool)
    if length is not UNKNOWN and not (whole and MINIMUM_LENGTH <= length <= MAXIMUM_LENGTH):
        reason = f"must be a whole number from {MINIMUM_LENGTH} to {MAXIMUM_LENGTH}, got {length!r}"
        problems.append(("length", reason))
    return checked, problems


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Change]:
    """Return what replaces the password: another length or other keepers."""
    return {
        key: Change.of(old.get(key), new.get(key), replace=True)
        for key in ("length", "keepers")
        if plain(old.get(key)) != plain(new.get(key))
    }


def create(inputs: Mapping[str, Any], *, preview: bool) -> tuple[str, dict[str, Any]]:
    """Return the id and the outputs; in a preview the password is not known yet."""
    result = UNKNOWN if preview else generate(int(plain(inputs["length"])))
    return IDENTIFIER, {**inputs, "result": Secret(result)}
