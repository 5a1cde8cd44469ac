"""Secrets of a stack: what its file says, encrypted, and what is made where it says nothing."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from provider.resources import Password


class Credentials:
    """Values of secrets by their keys in the stack file; none is ever plain text in a state or a preview."""

    def __init__(self, config: pulumi.Config) -> None:
        self._config = config
        self._made: dict[str, pulumi.Output[str]] = {}

    def add(self, made: Iterable[tuple[str, pulumi.Output[str]]]) -> None:
        """Take note of secrets that the program has made itself, by the keys they would have in the file."""
        self._made.update(made)

    def of(self, keys: Iterable[str]) -> dict[str, pulumi.Output[str]]:
        """Return the secrets of these keys; a missing one ends the program with its name."""
        return {key: self._made.get(key) or self._config.require_secret(key) for key in keys}

    def password(self, key: str, resource: str) -> pulumi.Output[str]:
        """Return the password that the stack file sets, else one that is generated once as ``resource``."""
        return self._config.get_secret(key) or Password(resource).result
