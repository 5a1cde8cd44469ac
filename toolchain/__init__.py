"""The programs that the stack is made of: pinned, found, downloaded or built, and kept in a cache folder.

It uses the standard library only, because it runs before the virtual environment exists. Its modules are
imported late, and nothing comes `from __future__` here, so that an old Python gets a message of ours.
"""

from pathlib import Path


def find(name: str) -> "Path | None":
    """Return the executable of a program (`loki`) or of one of its tools (`promtool`).

    None when it is not set up: nothing is ever installed here. Raises KeyError for an unknown name.
    """
    from toolchain import lookup, programs  # noqa: PLC0415

    return lookup.executable(programs.owner_of(name), name)


def installed_version(name: str) -> "str | None":
    """Return the version ("3.13.1") of the program that `find(name)` gives; None when it is not set up."""
    from toolchain import lookup, programs  # noqa: PLC0415

    installed = lookup.installed(programs.owner_of(name))
    return installed.version if installed else None
