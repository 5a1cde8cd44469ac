"""What rules cost a real Prometheus: services as the SDK exposes them, scraped, and every rule about them.

``python -m tests.bench.rule_costs`` takes about ten minutes, because a window of rates has to fill. The cost
is what Prometheus needs of processors with the rules, less what it needs without; other load does not count.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

import toolchain
from mixins.buckets import BUCKETS
from mixins.model import Links, rule_file
from mixins.shipped import applying
from mixins.thresholds import Thresholds
from rendering import to_yaml
from scraping import SERVICES
from tests.project import free_offset
from tests.serving import serving
from units import seconds

INTERVAL = "15s"
ROUTES = 48
"""Routes of a service, which make most of its series."""
STATUSES = ("200", "201", "400", "404", "500")
TABLES = ("orders", "items", "customers", "payments", "shipments")
LOOKS = 8
"""Intervals over which processor time is counted, with the rules and without."""


def series() -> list[str]:
    """Return the series of one service without their values: about two thousand."""
    bounds = [*(f"{bound:g}" for bound in BUCKETS), "+Inf"]
    sizes = ["100", "1000", "10000", "100000", "1e+06", "1e+07", "+Inf"]
    found: list[str] = []

    def histogram(name: str, labels: str, uppers: list[str]) -> None:
        found.extend(f'{name}_bucket{{{labels},le="{upper}"}}' for upper in uppers)
        found.extend((f"{name}_count{{{labels}}}", f"{name}_sum{{{labels}}}"))

    for route in range(ROUTES):
        labels = f'method="GET",route="/resource{route}/{{id}}"'
        found.extend(f'http_requests_total{{{labels},status="{status}"}}' for status in STATUSES)
        histogram("http_request_duration_seconds", labels, bounds)
        histogram("http_request_size_bytes", labels, sizes)
        histogram("http_response_size_bytes", labels, sizes)
    for table in TABLES:
        for operation in ("select", "insert", "update"):
            labels = f'operation="{operation}",table="{table}"'
            found.extend(f'database_queries_total{{{labels},status="{s}"}}' for s in ("success", "error"))
            histogram("database_query_duration_seconds", labels, bounds)
    found.extend(f"database_connections_{state}" for state in ("active", "idle", "max"))
    found.extend(f'cache_{kind}{{cache="c{n}"}}' for n in range(3) for kind in ("hits_total", "misses_total"))
    found.extend(f'task_operations_total{{operation="o{n}",status="success"}}' for n in range(10))
    found.extend(("audit_log_writes_total", "audit_log_errors_total", "websocket_connections_active"))
    return found


@contextmanager
def services() -> Iterator[int]:
    """Serve the metrics of any number of services, all counters rising; return the port."""
    names = series()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            value = int(time.monotonic() * 10)
            body = "\n".join(f"{name} {value + place}" for place, name in enumerate(names)).encode() + b"\n"
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield server.server_port


def write_rules(folder: Path) -> None:
    """Write every rule about services where the configuration looks for them."""
    (folder / "rules").mkdir()
    for mixin in applying({SERVICES}):
        if groups := mixin.rules(Thresholds()):
            (folder / "rules" / f"{mixin.name}.yaml").write_text(to_yaml(rule_file(groups, Links())))


def configuration(folder: Path, port: int, count: int) -> Path:
    """Write Prometheus' configuration for that many services."""
    targets = [
        {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {
                "service": f"s{n}",
                "team": f"t{n % 9}",
                "instance": f"s{n}",
                "__metrics_path__": f"/{n}",
            },
        }
        for n in range(count)
    ]
    file = folder / "prometheus.yaml"
    file.write_text(
        to_yaml(
            {
                "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
                "rule_files": [f"{folder}/rules/*.yaml"],
                "scrape_configs": [{"job_name": "services", "static_configs": targets}],
            }
        )
    )
    return file


def api(base: str, path: str) -> Any:
    """Return the data that Prometheus' API answers with."""
    with urllib.request.urlopen(f"{base}/api/v1/{path}", timeout=60) as response:
        return json.load(response)["data"]


def measure_rules(count: int, window: float) -> dict[str, Any]:
    """Return what the rules of that many services cost, once rates look back over a full window (seconds)."""
    program = toolchain.find("prometheus")
    assert program, "prometheus is not installed; run: make setup"
    port = 9090 + free_offset()
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="bench") as name, services() as exporter:
        folder = Path(name)
        command = [
            str(program),
            f"--config.file={configuration(folder, exporter, count)}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
        process = subprocess.Popen(command)
        try:
            server = psutil.Process(process.pid)
            time.sleep(window + seconds(INTERVAL) * 2)
            without = processor_seconds(server)
            write_rules(folder)
            process.send_signal(signal.SIGHUP)
            # The first evaluations load what the next ones find in memory.
            time.sleep(seconds(INTERVAL) * 3)
            with_rules = processor_seconds(server)
            with urllib.request.urlopen(f"{base}/metrics", timeout=60) as response:
                missed = re.findall(r"iterations_missed_total\{.*\} [1-9]", response.read().decode())
            groups = api(base, "rules")["groups"]
            head = int(api(base, "status/tsdb")["headStats"]["numSeries"])
            memory = server.memory_info().rss
        finally:
            process.terminate()
            process.wait(60)
    rules = [rule for group in groups for rule in group["rules"]]
    broken = [rule["lastError"] for rule in rules if rule.get("lastError") or rule["health"] != "ok"]
    assert rules, "no rule was evaluated"
    assert not broken, broken
    assert not missed, f"{len(missed)} groups were not evaluated every {INTERVAL}: the machine is too busy"
    return {
        "series": head,
        "rules": len(rules),
        "without": without,
        "evaluation": with_rules - without,
        "memory": memory / 1e6,
        "costly": sorted(rules, key=lambda rule: -rule["evaluationTime"])[:5],
    }


def processor_seconds(server: psutil.Process) -> float:
    """Return the processor seconds that a process needs in an interval."""
    before = sum(server.cpu_times()[:2])
    time.sleep(seconds(INTERVAL) * LOOKS)
    used: float = sum(server.cpu_times()[:2]) - before
    return used / LOOKS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rule_costs", description=__doc__)
    parser.add_argument("--services", type=int, default=105, help="how many (default: %(default)s)")
    parser.add_argument(
        "--fill", default=Thresholds().window, help="until then rates are not full (default: %(default)s)"
    )
    given = parser.parse_args()
    found = measure_rules(given.services, seconds(given.fill))
    cost, length = found["evaluation"], seconds(INTERVAL)
    print(f"{found['series']} series of {given.services} services, {found['rules']} rules")
    print(f"all rules, every {INTERVAL}: {cost:.2f} processor seconds, {cost / length:.1%} of one processor")
    print(f"of a service: {cost / given.services * 1000:.1f} ms; everything else: {found['without']:.2f} s")
    print(f"resident memory: {found['memory']:.0f} MB; the costliest rules, by their share of the time:")
    for rule in found["costly"]:
        print(f"  {rule['evaluationTime']:7.3f} s  {rule['name']}")


if __name__ == "__main__":
    main()
