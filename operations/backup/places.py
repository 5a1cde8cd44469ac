"""Where a product keeps its data, as far as backups need to know."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from operations.backup.archive import Member


class PlaceError(Exception):
    """Data cannot be read or written there; the message says why and what to do."""


@dataclass(frozen=True)
class Snapshot:
    """The data of one moment."""

    members: Iterator[Member]
    held_seconds: float
    """How long the product was held still; 0 where it was not running."""


class Places(Protocol):
    """The data of a stack's products at one kind of target. Everything raises `PlaceError`."""

    def products(self) -> Collection[str]:
        """Return the products that have data."""

    def snapshot(self, product: str, scratch: Path) -> AbstractContextManager[Snapshot]:
        """Copy a product's data below ``scratch``, with the product held still, and hand the copy out.

        So its files are those of one moment, what a power failure would leave: every product takes that up
        again. What takes its time, compressing, comes afterwards.
        """

    def restore(self, product: str, archive: Path, into: str = "") -> str:
        """Put an archive's content where the product finds it, or ``into`` another fresh place; return where.

        Refuses a place that has data already.
        """

    def trial(self, product: str, archive: Path) -> AbstractContextManager[Iterator[Member]]:
        """Restore an archive into a fresh place, hand out what is there then, and remove it again."""
