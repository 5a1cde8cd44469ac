"""How one property changes, in the engine's terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from provider.values import UNKNOWN, plain


@dataclass(frozen=True)
class Change:
    """The change of one property path."""

    kind: Literal["add", "delete", "update"]
    """What happens to the value."""
    replace: bool = False
    """Whether the resource has to be made anew because of it."""
    of_input: bool = True
    """Whether the change is between inputs; false where reality differs from the recorded outputs."""

    @classmethod
    def of(cls, old: Any, new: Any, *, replace: bool = False) -> Change:
        """Return the change from one value to another, None meaning absent."""
        return cls("add" if old is None else "delete" if new is None else "update", replace)


def changes(
    old: Mapping[str, Any], new: Mapping[str, Any], *, maps: frozenset[str], replacing: frozenset[str]
) -> dict[str, Change]:
    """Return the changed property paths from the old inputs to the new ones.

    `maps` are the properties compared entry by entry, `replacing` those whose change replaces the resource.
    """
    found: dict[str, Change] = {}
    for key in sorted(old.keys() | new.keys()):
        if key.startswith("__"):
            continue
        before, after = plain(old.get(key)), plain(new.get(key))
        if before == after and before is not UNKNOWN:
            continue
        if key in maps and isinstance(before, Mapping) and isinstance(after, Mapping):
            for entry in sorted(before.keys() | after.keys()):
                if before.get(entry) != after.get(entry) or after.get(entry) is UNKNOWN:
                    found[f"{key}[{json.dumps(entry)}]"] = Change.of(before.get(entry), after.get(entry))
        else:
            found[key] = Change.of(before, after, replace=key in replacing)
    return found
