"""Objectives without a stack: ``python -m slo generate FILE… [--out DIR]``, ``python -m slo validate FILE…``.

A file is a catalogue entry, one of the usual generators' (prometheus/v1 or its resource), or OpenSLO v1.
"""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path
from typing import Any, get_args

from mixins.model import Links, rule_file
from rendering import to_yaml
from slo import openslo, reading
from slo.links import ServiceLinks
from slo.mixin import rule_groups
from slo.model import Slo, burn_rates
from slo.policy import BudgetPolicy, Period


def main(arguments: list[str]) -> int:
    """Run a command; return its exit status: 0, 1 where a file is wrong, 2 for a wrong command line."""
    chosen = _parser().parse_args(arguments)
    # What is built here lives until the end; looking for what does not costs a third of the time.
    gc.disable()
    slos, problems = reading.objectives(_files(chosen.files), chosen.period)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        print(f"{len(problems)} problems; nothing was written", file=sys.stderr)
        return 1
    policy = BudgetPolicy()
    for slo in slos:
        for rate in burn_rates(slo, policy):
            if rate.notice:
                print(f"note: {slo.id}: {rate.notice}", file=sys.stderr)
    if chosen.command == "validate":
        print(f"{len(slos)} objectives are well")
        return 0
    if chosen.to == "openslo":
        files = {"openslo.yaml": "---\n".join(to_yaml(each) for each in openslo.documents_of(slos))}
    else:
        links = Links(chosen.runbooks, chosen.grafana)
        files = {name: to_yaml(content) for name, content in rule_files(slos, policy, links).items()}
    if chosen.out is None:
        print("---\n".join(files.values()), end="")
        return 0
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (chosen.out / name).write_text(text, encoding="utf-8")
    print(f"{len(slos)} objectives: {len(files)} files in {chosen.out}")
    return 0


def rule_files(slos: list[Slo], policy: BudgetPolicy, links: Links) -> dict[str, dict[str, Any]]:
    """Return the rule files of objectives: one a service, and one for what all share."""
    named = rule_groups(slos, policy, ServiceLinks(links.grafana))
    return {f"{name}.yaml": rule_file(groups, links) for name, groups in named.items()}


def _files(given: list[Path]) -> list[Path]:
    """Return the files, and those of the folders among them."""
    return [
        file
        for path in given
        for file in (
            sorted(inner for inner in path.rglob("*") if inner.suffix in (".yaml", ".yml"))
            if path.is_dir()
            else [path]
        )
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m slo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "generate": "write Prometheus rule files",
        "validate": "list every problem with file, line and column; exit status 1 where there is one",
    }.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="file or folder")
        command.add_argument(
            "--period",
            choices=get_args(Period),
            default="30d",
            help="period of objectives whose format has none (default: %(default)s)",
        )
        if name == "generate":
            command.add_argument("--out", type=Path, help="folder to write to; standard output when left out")
            command.add_argument("--to", choices=("prometheus", "openslo"), default="prometheus")
            command.add_argument("--runbooks", default="docs/runbooks", help="base of the runbook links")
            command.add_argument("--grafana", default="", help="base URL of Grafana, for links")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
