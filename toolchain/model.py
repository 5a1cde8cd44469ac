"""What is known about a program before it is looked for: where it comes from and which versions will do."""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Release:
    """The archives of an official release.

    URLs may use {version}, {os} (linux, darwin), {arch} (amd64, arm64) and {cpu} (x64, arm64).
    """

    version: str
    """The release, without a leading v."""
    archives: tuple[str, ...]
    """URL of each archive (.tar.gz, .tgz, .zip) or executable; none where nothing but images is released."""
    checksums: str
    """URL of the SHA-256 sums that the release itself publishes; {archive} is the archive's URL."""
    sums_of: str = "archive"
    """What the sums are of: "archive", or "members" where they are those of the archived files."""
    strip: int = 0
    """How many leading folders of the archive are dropped."""
    into: str = "bin"
    """Where the archive's content goes below the version's folder."""
    rename: tuple[tuple[str, str], ...] = ()
    """Archived names (they may use the placeholders) and the names they get."""


@dataclass(frozen=True)
class GoModule:
    """A Go module that a program is built from where its release cannot be downloaded."""

    path: str
    """Module path; empty for the module in this package's own folder `folder`."""
    tag: str
    """The module's version, with its leading v."""
    packages: tuple[str, ...]
    """The packages to build, relative to the module."""
    version: str
    """The program's own version, which `--version` prints; some projects tag their modules differently."""
    tags: str = ""
    """Build tags, separated by commas."""
    version_variable: str = ""
    """The variable that the linker sets to `version`; empty where the program finds its version itself."""
    folder: str = ""
    """A module of our own below this package."""


@dataclass(frozen=True)
class Program:
    """A program that the stack runs, or that its people and tests use."""

    name: str
    purpose: str
    """One line: what it is for."""
    binaries: tuple[str, ...]
    """The executables; the first one is the program itself, and it is asked for its version."""
    at_least: Version
    """The first version accepted on PATH."""
    below: Version
    """The first version no longer accepted on PATH."""
    release: Release
    modules: tuple[GoModule, ...] = ()
    """What it is built from; the first module gives the version. None: it exists as a release only."""
    scripts: tuple[str, ...] = ()
    """Scripts of `toolchain/engine` that a built program needs next to it and that a release brings along."""
    version_arguments: tuple[str, ...] = ("--version",)
    """What makes the program print its version."""
    optional: bool = False
    """Whether the stack runs without it."""
    tests_only: bool = False
    """Whether only tests use it."""
