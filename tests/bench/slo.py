"""`python -m tests.bench.slo`: what objectives cost, to generate and to evaluate.

Rules are generated for 1 to 5,000 objectives. Then a Prometheus with days of samples evaluates the rules of a
few objectives side by side with rules of the established shape, which read raw series over each window and
average a recorded ratio over the period.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

import toolchain
from mixins.model import Links, RecordingRule, RuleGroup, rule_file
from rendering import to_yaml
from slo import arithmetic, indicators, rules
from slo.links import ServiceLinks
from slo.model import WINDOW, Slo
from slo.policy import BudgetPolicy

NUMBERS = (1, 100, 1000, 5000)
SCRAPE, DAYS, INSTANCES = 15, 3, 4
"""Seconds between samples, days of raw samples, instances of a service (each with two status codes)."""
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def generation(number: int) -> tuple[float, float]:
    """Return processor seconds and peak MB of a process that reads and writes ``number`` objectives."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "slos.yaml")
        file.write_text(to_yaml({"version": "prometheus/v1", "service": "shop", "slos": list(_slos(number))}))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = "import resource, sys; from slo.__main__ import main; code = main(sys.argv[1:]); "
        program += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
        done = subprocess.run(
            [sys.executable, "-c", program, "generate", file, "--out", Path(folder, "out")],
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return used, int(done.stdout.split()[-1]) / 1024


def _slos(number: int) -> Iterator[dict[str, Any]]:
    for each in range(number):
        total = f'sum(rate(http_requests_total{{service="s{each}"}}[{WINDOW}]))'
        yield {
            "name": f"requests-{each}",
            "objective": 99.9,
            "sli": {
                "events": {"error_query": total.replace("}[", ', status=~"5.."}['), "total_query": total}
            },
            "alerting": {"name": "Failing", "page_alert": {"labels": {"severity": "page"}}},
        }


def established(slo: Slo) -> RuleGroup:
    """Return the rules of an objective in the established shape (without its alerts, which cost little)."""
    own, here = {"their_id": slo.id}, f'{{their_id="{slo.id}"}}'
    indicator = f"({slo.indicator.errors}) / ({slo.indicator.events})"
    records = [
        RecordingRule(f"their:ratio_rate{window}", indicator.replace(WINDOW, window), own)
        for window in WINDOWS
    ]
    mean = f"sum_over_time(their:ratio_rate5m{here}[30d]) / count_over_time(their:ratio_rate5m{here}[30d])"
    records += [
        RecordingRule("their:ratio_rate30d", mean, own),
        RecordingRule("their:budget", f"vector({slo.budget:f})", own),
        RecordingRule("their:objective", "vector(0.999)", own),
        RecordingRule("their:period", "vector(30)", own),
        RecordingRule("their:burn", f"their:ratio_rate5m{here} / on (their_id) their:budget{here}", own),
        RecordingRule(
            "their:period_burn", f"their:ratio_rate30d{here} / on (their_id) their:budget{here}", own
        ),
        RecordingRule("their:remaining", f"1 - their:period_burn{here}", own),
    ]
    return RuleGroup(f"theirs:{slo.id}", tuple(records))


def samples(slos: Sequence[Slo], now: int) -> Iterator[str]:
    """Yield raw counters of three days, and a month of what both kinds of rules record, as OpenMetrics."""
    yield "# TYPE http_requests counter"
    start = now - DAYS * 86_400
    for slo in slos:
        for instance in range(INSTANCES):
            for status, step in (("200", 150), ("500", 0.1)):
                labels = f'service="{slo.service}",instance="{instance}",status="{status}"'
                for number, at in enumerate(range(start, now, SCRAPE)):
                    yield f"http_requests_total{{{labels}}} {number * step:g} {at}"
    recorded = {
        "their:ratio_rate5m": (SCRAPE, "their_id", "0.0007"),
        "slo:errors:increase5m": (300, "slo_id", "8"),
        "slo:events:increase5m": (300, "slo_id", "12000"),
    }
    for metric, (step, label, value) in recorded.items():
        yield f"# TYPE {metric} gauge"
        for slo in slos:
            more = "" if label == "their_id" else f',service="{slo.service}",slo="{slo.name}",period="30d"'
            for at in range(now - 30 * 86_400, now, step):
                yield f'{metric}{{{label}="{slo.id}"{more}}} {value} {at}'
    yield "# EOF"


@contextmanager
def prometheus(folder: Path, slos: Sequence[Slo]) -> Iterator[str]:
    """Run a Prometheus with the samples and both kinds of rules; yield its address."""
    promtool, program = toolchain.find("promtool"), toolchain.find("prometheus")
    assert promtool, "promtool is not installed; run: make setup"
    assert program, "prometheus is not installed; run: make setup"
    now = int(time()) // 300 * 300
    with (folder / "samples.txt").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in samples(slos, now))
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (folder / "samples.txt").unlink()
    policy = BudgetPolicy()
    ours = (
        *(group for slo in slos for group in rules.groups(slo, policy, ServiceLinks())),
        *arithmetic.groups(policy, ("30d",)),
    )
    (folder / "ours.yaml").write_text(to_yaml(rule_file(ours, Links())))
    (folder / "theirs.yaml").write_text(to_yaml(rule_file(tuple(map(established, slos)), Links())))
    configuration = {
        "global": {"evaluation_interval": f"{SCRAPE}s"}, "rule_files": ["ours.yaml", "theirs.yaml"],
    }  # fmt: skip
    (folder / "prometheus.yaml").write_text(to_yaml(configuration))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            program,
            "--config.file=prometheus.yaml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=60d",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("w"),
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def evaluation(url: str) -> dict[str, float]:
    """Return the seconds of evaluation per second, of our rules and of theirs, over some evaluations.

    Raises `AssertionError` where a rule fails, or where the tiles were not evaluated within seven minutes.
    """
    deadline = monotonic() + 420
    groups: list[dict[str, Any]] = []
    while monotonic() < deadline:
        sleep(2)
        try:
            with urllib.request.urlopen(f"{url}/api/v1/rules", timeout=10) as answer:
                groups = json.load(answer)["data"]["groups"]
        except OSError:
            continue
        if groups and all(_evaluated(group) for group in groups):
            break
    assert groups, f"{url} does not answer"
    late = [group["name"] for group in groups if not _evaluated(group)]
    assert not late, f"never evaluated: {', '.join(late)}"
    ill = {
        rule["name"]: rule["lastError"]
        for group in groups
        for rule in group["rules"]
        if rule.get("lastError")
    }
    assert not ill, ill
    seconds = {"ours": 0.0, "theirs": 0.0}
    for group in groups:
        kind = "theirs" if group["file"].endswith("theirs.yaml") else "ours"
        seconds[kind] += _mean_duration(url, group) / group["interval"]
    return seconds


def _evaluated(group: dict[str, Any]) -> bool:
    return all(not rule["lastEvaluation"].startswith("0001") for rule in group["rules"])


def _mean_duration(url: str, group: dict[str, Any]) -> float:
    """Return seconds an evaluation of the group took, the mean of its rules' last ones added up."""
    name = urllib.parse.quote(group["name"])
    durations: list[float] = []
    for _ in range(3 if group["interval"] < 60 else 1):
        with urllib.request.urlopen(f"{url}/api/v1/rules?rule_group[]={name}", timeout=10) as answer:
            (found,) = json.load(answer)["data"]["groups"]
        durations.append(sum(rule["evaluationTime"] for rule in found["rules"]))
        sleep(0.5)
    return min(durations)


def main() -> int:
    """Measure and print; the exit status is 1 where a step failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.slo", description=__doc__)
    parser.add_argument(
        "--objectives", type=int, default=5, help="evaluated side by side (default: %(default)s)"
    )
    chosen = parser.parse_args()
    print("Generated from one file, processor time of a process of its own:")
    for number in NUMBERS:
        used, memory = generation(number)
        print(f"  {number:>5} objectives {used:6.2f} s {used / number * 1000:8.2f} ms each {memory:6.0f} MB")
    slos = [
        Slo(f"s{each}", "requests", Decimal("99.9"), indicators.availability(f'service="s{each}"'))
        for each in range(chosen.objectives)
    ]
    print(f"\nEvaluated by Prometheus: {len(slos)} objectives, {INSTANCES * 2} series each")
    try:
        with tempfile.TemporaryDirectory() as folder, prometheus(Path(folder), slos) as url:
            cost = evaluation(url)
    except AssertionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for kind, seconds in cost.items():
        print(f"  {kind:<7} {seconds * 1000:8.2f} ms of evaluation a second")
    ratio = cost["ours"] / cost["theirs"]
    print(f"  ours / theirs {ratio:.2f}   at most 0.5   {'met' if ratio <= 0.5 else 'MISSED'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
