"""What `python3 -m toolchain` does."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence

from toolchain import definitions, environment, installation, lookup, virtualenv
from toolchain.errors import ToolchainError
from toolchain.lookup import Installed
from toolchain.model import Program
from toolchain.programs import PROGRAMS
from toolchain.programs.stack import PULUMI
from toolchain.progress import Progress, elapsed


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python3 -m toolchain", description="Programs that the stack is made of."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="install what is missing: programs and Python packages")
    setup.add_argument(
        "--for", dest="purpose", choices=("up", "test"), default="up", help="what it is to be used for"
    )
    commands.add_parser("list", help="show programs, versions and where they come from")
    commands.add_parser("env", help="print shell exports with which plain `pulumi` works")
    options = parser.parse_args(arguments)
    run: dict[str, Callable[[], int]] = {
        "setup": lambda: _setup(with_tests=options.purpose == "test"),
        "list": _list,
        "env": _env,
    }
    try:
        return run[options.command]()
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "Interrupted; what is complete is kept, so running it again goes on from there.", file=sys.stderr
        )
        return 130
    except BrokenPipeError:
        # The reader has gone (`… | head`): what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _setup(*, with_tests: bool) -> int:
    progress, begin = Progress(sys.stdout), time.monotonic()
    programs = [program for program in PROGRAMS if with_tests or not program.tests_only]
    with installation.only_one_setup(progress):
        virtualenv.ensure(progress)
        found = installation.install_all(programs, progress)
        definitions.ensure(progress)
    _table(programs, {installed.program.name: installed for installed in found})
    print(f"Set up in {elapsed(time.monotonic() - begin)}.")
    return 0


def _list() -> int:
    _table(PROGRAMS, {program.name: found for program in PROGRAMS if (found := lookup.installed(program))})
    return 0


def _table(programs: Sequence[Program], found: dict[str, Installed]) -> None:
    print(f"{'program':<20} {'version':<9} {'from':<10} folder")
    for program in programs:
        installed = found.get(program.name)
        if installed:
            print(f"{program.name:<20} {installed.version:<9} {installed.origin:<10} {installed.folder}")
        else:
            print(f"{program.name:<20} {'-':<9} {'left out' if program.optional else 'not set up':<10} -")


def _env() -> int:
    found = [installed for program in PROGRAMS if (installed := lookup.installed(program))]
    if PULUMI not in [installed.program for installed in found]:
        raise ToolchainError("pulumi is not set up yet. Run: make setup")
    folders = [installed.folder for installed in found if installed.origin != "PATH"]
    for name, value in environment.exports(folders).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
