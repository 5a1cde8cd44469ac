"""Is a stack healthy: does every address it hands out answer, and does Prometheus see every part of it."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

TIMEOUT_SECONDS = 5.0

_PROBES = {
    "grafana_url": "/api/health",
    "prometheus_url": "/-/ready",
    "prometheus_remote_write_url": "",
    "alertmanager_url": "/-/ready",
    "loki_url": "/ready",
    "loki_push_url": "",
    "jaeger_url": "/",
    "otlp_http_endpoint": "/v1/traces",
    "otlp_grpc_endpoint": "",
}
"""Output → path that answers when the product behind it can do its work."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    subject: str
    """The address or the scrape target."""
    problem: str
    """Empty when it is well."""

    @property
    def healthy(self) -> bool:
        """Whether it is well."""
        return not self.problem


def check(outputs: Mapping[str, Any]) -> list[Check]:
    """Look at every address of a stack side by side, in at most about ten seconds."""
    addresses = {name: str(outputs[name]) for name in _PROBES if name in outputs}
    with ThreadPoolExecutor(max_workers=len(addresses) or 1) as pool:
        problems = pool.map(_answer, addresses.keys(), addresses.values())
        found = [
            Check(name, address, problem)
            for (name, address), problem in zip(addresses.items(), problems, strict=True)
        ]
    if "prometheus_url" in addresses:
        found += _targets(addresses["prometheus_url"])
    return found


def _answer(name: str, address: str) -> str:
    """Return what is wrong with an address, nothing when it answers."""
    if "://" not in address:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS).close()
        except OSError as error:
            return f"does not answer: {error.strerror or error}"
        return ""
    body = b"{}" if name == "otlp_http_endpoint" else None
    request = urllib.request.Request(  # noqa: S310 - the stack's own http addresses
        address + _PROBES[name], data=body, headers={"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        # An intake that takes only POST with a payload says so; that is an answer.
        return (
            "" if name.endswith(("push_url", "write_url")) and error.code < 500 else f"answers {error.code}"
        )
    except OSError as error:
        return f"does not answer: {getattr(error, 'reason', error)}"
    return ""


def _targets(prometheus: str) -> list[Check]:
    """Return a check for each of the stack's own scrape targets that is down, or one that says all is well.

    A Prometheus that has just started knows no targets for a moment; that moment is waited for.
    """
    deadline = monotonic() + TIMEOUT_SECONDS
    try:
        while not (own := _own_targets(prometheus)) and monotonic() < deadline:
            sleep(0.2)
    except (OSError, ValueError, KeyError) as error:
        return [Check("scrape targets", prometheus, f"cannot be listed: {error}")]
    if not own:
        return [Check("scrape targets", prometheus, "Prometheus scrapes no part of the stack")]
    down = [
        Check(f"scrape {target['labels']['job']}", target["scrapeUrl"], target["lastError"])
        for target in own
        if target["health"] == "down"
    ]
    waiting = sum(target["health"] == "unknown" for target in own)
    subject = f"{len(own)} of the stack's own parts" + (f", {waiting} not scraped yet" if waiting else "")
    return down or [Check("scrape targets", subject, "")]


def _own_targets(prometheus: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(  # noqa: S310
        f"{prometheus}/api/v1/targets?state=active", timeout=TIMEOUT_SECONDS
    ) as response:
        targets = json.load(response)["data"]["activeTargets"]
    return [target for target in targets if "team" not in target["labels"]]
