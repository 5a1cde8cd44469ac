"""What can go wrong, in words for the person who ran the set-up."""

from __future__ import annotations


class ToolchainError(Exception):
    """A message for people: what is missing, what was tried, what to do."""


class SourceError(ToolchainError):
    """A program could not be had from one source; there may be another."""


class UnreachableError(SourceError):
    """The release hosts do not answer, so that no other release needs to be tried."""
