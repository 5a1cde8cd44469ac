"""What the provider tells people."""

from __future__ import annotations


class ProviderError(Exception):
    """A problem for people: its text is shown as it is, and says what is wrong and what to do."""


class CancelledError(ProviderError):
    """The engine asked to stop while an operation was waiting."""

    def __init__(self) -> None:
        super().__init__("interrupted; run `pulumi up` again to converge")
