"""Command line for the people who run a stack: ``python -m operations COMMAND --stack STACK``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from operations import deploy, health, images, password, review, routes
from operations.backup import commands as backups
from operations.stack import StackUnavailableError, outputs, unlock
from outputs import DESCRIPTIONS


@dataclass(frozen=True)
class Command:
    """What can be asked for."""

    run: Callable[[argparse.Namespace], int]
    """Does it; returns the exit status."""
    text: str
    options: Callable[[argparse.ArgumentParser], object] = lambda _: None
    """Adds what it takes besides ``--stack``."""
    stack: str | None = "local"
    """The stack that is meant where none is named."""


def main(arguments: list[str]) -> int:
    """Run a command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m operations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        options = commands.add_parser(name, help=command.text, description=command.text)
        meant = command.stack or "all that there are"
        options.add_argument("--stack", default=command.stack, help=f"the Pulumi stack (default: {meant})")
        command.options(options)
        options.set_defaults(run=command.run)
    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except StackUnavailableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return status


def run(arguments: list[str]) -> int:
    """Run a command; return its exit status: 141, as in a shell, once nobody reads on (``| head``)."""
    try:
        try:
            return main(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter writes out at its end what is left, and is not to find out once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _outputs(chosen: argparse.Namespace) -> int:
    found = outputs(chosen.stack, show_secrets=os.environ.get("SHOW_SECRETS") == "1")
    ordered = {name: found[name] for name in DESCRIPTIONS if name in found}
    print(json.dumps({**ordered, **found}, indent=2))
    return 0


def _images(chosen: argparse.Namespace) -> int:
    print(images.as_json(chosen.stack) if chosen.json else images.as_text(chosen.stack))
    return 0


def _route(chosen: argparse.Namespace) -> int:
    labels = routes.labels_of(chosen.labels)
    print(routes.as_json(chosen.stack, labels) if chosen.json else routes.as_text(chosen.stack, labels))
    return 0


def _content(chosen: argparse.Namespace) -> int:
    # Imported here because no other command needs the whole program.
    from operations import content  # noqa: PLC0415

    found = content.of_stack(chosen.stack) if chosen.stack else content.content()
    print(content.as_json(found) if chosen.json else content.as_text(found))
    return 0


def _grow(chosen: argparse.Namespace) -> int:
    from operations.grow import grow  # noqa: PLC0415 - brings the client of clusters

    lines = list(grow(chosen.stack))
    print("\n".join(lines) or "every volume is as large as the stack file says")
    return 0


def _rotate_password(chosen: argparse.Namespace) -> int:
    print(password.rotate(chosen.stack, chosen.url))
    return 0


def _unlock(chosen: argparse.Namespace) -> int:
    for reason in unlock(chosen.stack):
        print(reason)
    return 0


def _up(chosen: argparse.Namespace) -> int:
    return deploy.up(chosen.stack) or _health(chosen)


def _health(chosen: argparse.Namespace) -> int:
    stack: str = chosen.stack
    found = outputs(stack, show_secrets=True)
    checks = [*health.check(found), *password.check(stack, found)]
    width = max(len(check.name) for check in checks)
    print(f"\nStack {stack}")
    for check in checks:
        mark = "ok  " if check.healthy else "FAIL"
        print(
            f"  {mark}  {check.name:<{width}}  {check.subject}{'' if check.healthy else f'  {check.problem}'}"
        )
    for notice in found.get("notices", []):
        print(f"  note  {notice}")
    failed = sum(not check.healthy for check in checks)
    print(f"{failed} of {len(checks)} checks failed" if failed else f"all {len(checks)} checks passed")
    return 1 if failed else 0


def _json(options: argparse.ArgumentParser) -> None:
    options.add_argument("--json", action="store_true", help="print JSON")


def _labels(options: argparse.ArgumentParser) -> None:
    _json(options)
    options.add_argument("labels", nargs="+", metavar="LABEL=VALUE", help="labels of an alert")


def _url(options: argparse.ArgumentParser) -> None:
    options.add_argument("--url", default="", help="where Grafana answers (default: its output)")


COMMANDS: Mapping[str, Command] = {
    "up": Command(_up, "deploy a stack, repair what has changed since, then check that it is healthy"),
    "health": Command(_health, "check every address of a stack; exit status 0 when all answer"),
    "outputs": Command(_outputs, "print a stack's outputs as JSON; secrets only with SHOW_SECRETS=1"),
    "images": Command(_images, "print every image as the stack pulls it, to mirror them", _json),
    "route": Command(
        _route, "print who hears of an alert with the labels given, such as severity=critical", _labels
    ),
    "content": Command(
        _content,
        "count alerts, rules and dashboards, of all or of one stack, and name what is missing",
        _json,
        stack=None,
    ),
    "grow": Command(_grow, "grow the volumes of a stack in a cluster to what its file says"),
    "rotate-password": Command(_rotate_password, "give Grafana's administrator another password", _url),
    "backup": Command(
        backups.backup,
        "back up what products store, each held still for the moment",
        partial(backups.arguments, "backup"),
    ),
    "verify-backup": Command(
        backups.verify,
        "restore the newest backups into a fresh place and compare",
        partial(backups.arguments, "verify-backup"),
    ),
    "restore": Command(
        backups.restore, "put a backup where the product finds it", partial(backups.arguments, "restore")
    ),
    "report": Command(
        review.write_report,
        "write the error budgets as an HTML page, for a review",
        partial(review.arguments, "report"),
    ),
    "policy": Command(
        review.write_policy,
        "write the stack's error budget policy as a page (Markdown)",
        partial(review.arguments, "policy"),
    ),
    "freeze": Command(
        review.ask_for_freeze,
        "exit status 1 where a spent budget stops releases, 2 if unknown",
        partial(review.arguments, "freeze"),
    ),
    "unlock": Command(_unlock, "remove the lock that a killed update left on a stack"),
}
"""Every command, in the order in which help shows them."""


if __name__ == "__main__":
    # A time limit or a shutdown ends a command as Ctrl-C does: a backup lets go of what it holds still.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(run(sys.argv[1:]))
