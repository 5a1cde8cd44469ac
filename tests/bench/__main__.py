"""`make bench`: ratios of times measured side by side in one run, and what the idle stack takes of memory.

Absolute times say more about the machine than about the project; ratios of runs in turns hold on any machine.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from tests.bench.generation import measure_generation
from tests.bench.measurements import (
    Bench,
    measure_previews,
    measure_starts,
    modules_of_other_targets,
    prepared,
)
from tests.bench.overhead import measure_overhead


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    what: str
    value: float
    aim: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the aim is reached."""
        return self.value <= self.aim

    def __str__(self) -> str:
        digits = 0 if self.unit else 2
        value, aim = f"{self.value:.{digits}f}{self.unit}", f"{self.aim:g}{self.unit}"
        return f"{self.what:<78} {value:>7}   at most {aim:<7} {'met' if self.met else 'MISSED'}"


def results(bench: Bench) -> list[Result]:
    """Return the table's lines."""
    empty, running = bench.median("preview of empty"), bench.median("preview of the running stack")
    alone = {name: bench.median(name) for name in bench.times if name.endswith("by itself")}
    slowest = max(alone, key=alone.__getitem__)
    up = bench.median("up")
    started = up - bench.median("no-change up")
    local, prod = bench.median("preview of local"), bench.median("preview of prod")
    return [
        Result("preview of local / preview of an empty program", local / empty, 1.5),
        Result("preview of prod / preview of an empty program", prod / empty, 1.5),
        Result("no-change up of local / preview of it", bench.median("no-change up") / running, 1.2),
        Result(f"up of local until all is healthy / {slowest}", up / alone[slowest], 1.5),
        Result(f"the same without the time of a no-change up / {slowest}", started / alone[slowest], 1.5),
        Result("packages of other targets that local imports", len(modules_of_other_targets(bench)), 0),
        Result("resident memory of the idle stack, supervisor included", max(bench.memory), 700, " MB"),
    ]


def generation_results(rounds: int) -> list[Result]:
    """Return the lines about generating everything for `prod`."""
    found = measure_generation(rounds)
    if not found:
        print("Not measured: go, which builds the template engine that is compared with, is not on PATH.")
        return []
    return [
        Result(
            "everything for prod / a Go template engine that writes the same", found["ours"] / found["go"], 1
        )
    ]


def overhead_results(rounds: int) -> list[Result]:
    """Return the lines about the SDK."""
    found = measure_overhead(rounds)
    what = "of a request to an instrumented service / to the bare one"
    return [Result(f"{name} {what}", found[name], 2.5) for name in ("time", "processor time")]


def main() -> int:
    """Measure and print; the exit status is 1 only where a step failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: %(default)s)")
    rounds = parser.parse_args().rounds
    try:
        with prepared(rounds) as bench:
            measure_previews(bench)
            measure_starts(bench)
            table = results(bench)
        table += generation_results(rounds) + overhead_results(rounds)
    except AssertionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\nMedian times in seconds, of this machine at this moment:")
    for what in bench.times:
        print(f"  {what:<76} {bench.median(what):7.2f}")
    print("\nRatios and sizes:")
    for line in table:
        print(f"  {line}")
    missed = [line.what for line in table if not line.met]
    print(f"\nMissed: {'; '.join(missed)}" if missed else "\nEvery aim is met.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
