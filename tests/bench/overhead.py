"""What the SDK costs a service: the same one bare and instrumented, asked in turns, on the same machine."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from time import perf_counter

import psutil

from tests.project import CHECKOUT, free_offset, until
from tests.serving import serving

REQUESTS = 500
"""In a turn; one after the other, on one connection."""
PORT = 8080


@dataclass
class Service:
    """A running service and what its turns took."""

    port: int
    process: psutil.Process
    seconds: list[float] = field(default_factory=list)
    """Of a request, as its client sees it, by turn."""
    processor: list[float] = field(default_factory=list)
    """Processor seconds of a request, by turn."""

    def get(self, path: str) -> str:
        """Return what it answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    def turn(self) -> None:
        """Ask it REQUESTS times."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        before, begin = sum(self.process.cpu_times()[:2]), perf_counter()
        for number in range(REQUESTS):
            connection.request("GET", f"/orders/{number + 1}")
            response = connection.getresponse()
            assert response.status == 200
            assert len(response.read()) > 500
        self.seconds.append((perf_counter() - begin) / REQUESTS)
        self.processor.append((sum(self.process.cpu_times()[:2]) - before) / REQUESTS)
        connection.close()


def measure_overhead(rounds: int) -> dict[str, float]:
    """Return ratios of the instrumented service to the bare one, by what they are of."""
    offset = free_offset()
    with (
        _collecting() as collector,
        _serving(PORT + offset) as bare,
        _serving(PORT + offset + 1, "--instrumented", traces=collector) as instrumented,
    ):
        for service in (bare, instrumented):
            service.turn()
            service.seconds.clear()
            service.processor.clear()
        for _ in range(rounds):
            bare.turn()
            instrumented.turn()
        counted = (
            f'http_requests_total{{method="GET",route="/orders/{{id}}",status="200"}} {_served(rounds)}.0\n'
        )
        assert counted in instrumented.get("/metrics"), "not every request was measured"
        return {
            "time": median(instrumented.seconds) / median(bare.seconds),
            "processor time": median(instrumented.processor) / median(bare.processor),
            "extra milliseconds": (median(instrumented.processor) - median(bare.processor)) * 1000,
        }


def _served(rounds: int) -> int:
    """Requests of every round, of the one to warm up, and of the check that the service answers."""
    return REQUESTS * (rounds + 1) + 1


@contextmanager
def _collecting() -> Iterator[str]:
    """Take traces, whatever is in them; return the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}/"


@contextmanager
def _serving(port: int, *arguments: str, traces: str = "") -> Iterator[Service]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'sdk'}",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces,
    }
    command = [sys.executable, "-m", "tests.bench.orders_service", f"--port={port}", *arguments]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL)

    def answers() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", "/orders/1")
        return connection.getresponse().status == 200

    try:
        until(answers, seconds=30, what="the service answers")
        yield Service(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(30)
