"""`python -m examples.shop.traffic`: a bounded stream of requests to a shop on this machine."""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_RATE = 100.0
"""Requests a second."""
MAX_DURATION = 3600.0
"""Seconds."""
PROGRESS_SECONDS = 5.0
TIMEOUT_SECONDS = 10.0

# A proxy named in the environment is not the way to this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Tally:
    """How the requests ended."""

    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    """Requests by HTTP status, `no answer` where there was none."""
    seconds: list[float] = field(default_factory=list)
    """How long each took."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, outcome: str, seconds: float) -> None:
        """Note one request."""
        with self._lock:
            self.outcomes[outcome] += 1
            self.seconds.append(seconds)

    def __str__(self) -> str:
        with self._lock:
            outcomes = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(self.outcomes.items()))
            seconds = sorted(self.seconds)
        p95 = seconds[int(0.95 * (len(seconds) - 1))] if seconds else 0.0
        return f"{len(seconds)} requests: {outcomes or 'none ended yet'}; p95 {p95 * 1000:.0f} ms"


def requests_for(base: str) -> Iterator[urllib.request.Request]:
    """Yield an endless mix: mostly reading, some new orders, now and then an order that does not exist."""
    order = json.dumps({"item": "tea", "quantity": 2}).encode()
    headers = {"content-type": "application/json"}
    mix = [
        ("/orders", order),
        *((path, None) for path in ("/", "/orders", "/orders/1", "/orders", "/orders/999999")),
    ]
    for path, body in itertools.cycle(mix):
        # main() admits http to this machine only.
        yield urllib.request.Request(f"{base}{path}", body, headers)  # noqa: S310


def send(request: urllib.request.Request, tally: Tally) -> None:
    """Make one request and note how it ended."""
    start = time.perf_counter()
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            response.read()
            outcome = str(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        outcome = str(error.code)
    except OSError:
        outcome = "no answer"
    tally.add(outcome, time.perf_counter() - start)


def run(base: str, rate: float, duration: float) -> Tally:
    """Send `rate` requests a second for `duration` seconds, keeping the rate also when answers are slow."""
    tally = Tally()
    start = time.monotonic()
    shown = start
    with ThreadPoolExecutor(max_workers=32) as pool:
        for number, request in zip(range(max(1, round(rate * duration))), requests_for(base), strict=False):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            pool.submit(send, request, tally)
            if time.monotonic() - shown >= PROGRESS_SECONDS:
                shown = time.monotonic()
                print(f"{shown - start:4.0f} s of {duration:g} s: {tally}", flush=True)
    return tally


def main() -> int:
    """Run and print a summary; the exit status is 1 when nothing answered."""
    parser = argparse.ArgumentParser("python -m examples.shop.traffic", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="default: http://127.0.0.1:8080")
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second, at most 100 (default: 5)")
    parser.add_argument("--duration", type=float, default=30.0, help="seconds, at most 3600 (default: 30)")
    given = parser.parse_args()
    url = urlsplit(given.url)
    if url.scheme != "http" or url.hostname not in LOOPBACK:
        parser.error(f"--url {given.url!r}: traffic goes to this machine only, such as http://127.0.0.1:8080")
    if not 0 < given.rate <= MAX_RATE:
        parser.error(f"--rate {given.rate:g}: give more than 0 and at most {MAX_RATE:g} requests a second")
    if not 0 < given.duration <= MAX_DURATION:
        parser.error(f"--duration {given.duration:g}: give more than 0 and at most {MAX_DURATION:g} seconds")
    tally = run(given.url.rstrip("/"), given.rate, given.duration)
    print(f"done: {tally}")
    return 0 if set(tally.outcomes) - {"no answer"} else 1


if __name__ == "__main__":
    sys.exit(main())
