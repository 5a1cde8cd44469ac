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
from functools import partial
from time import monotonic, sleep
from typing import Any
from urllib.request import OpenerDirector

from operations.login import opener

TIMEOUT_SECONDS = 5.0
FIRST_SCRAPE_SECONDS = 20.0
"""Longer than the usual scrape interval of 15 s."""
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens a stack's own addresses, which are never behind a proxy."""

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
    """Look at every address of a stack side by side, in at most about ten seconds.

    Where they are behind a login, its passwords must be among the outputs.
    """
    opened = opener(outputs)
    addresses = {name: str(outputs[name]) for name in _PROBES if name in outputs}
    with ThreadPoolExecutor(max_workers=len(addresses) or 1) as pool:
        problems = pool.map(partial(_answer, opened), addresses.keys(), addresses.values())
        found = [
            Check(name, address, problem)
            for (name, address), problem in zip(addresses.items(), problems, strict=True)
        ]
    if "prometheus_url" in addresses:
        found += _targets(opened, addresses["prometheus_url"])
    return found


def _answer(opened: OpenerDirector, name: str, address: str) -> str:
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
        opened.open(request, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as error:
        # An intake that takes only POST with a payload says so; that is an answer.
        answers = name.endswith(("push_url", "write_url")) and error.code < 500 and error.code != 401
        return "" if answers else f"answers {error.code}"
    except OSError as error:
        return f"does not answer: {getattr(error, 'reason', error)}"
    return ""


def _targets(opened: OpenerDirector, prometheus: str) -> list[Check]:
    """Return a check for each of the stack's own scrape targets that is not up, or one that says all is well.

    After a start, targets are unknown until their first scrape; that is waited for.
    """
    deadline = monotonic() + FIRST_SCRAPE_SECONDS
    try:
        own = own_targets(opened, prometheus)
        while (not own or any(target["health"] == "unknown" for target in own)) and monotonic() < deadline:
            sleep(0.5)
            own = own_targets(opened, prometheus)
    except (OSError, ValueError, KeyError) as error:
        return [Check("scrape targets", prometheus, f"cannot be listed: {error}")]
    if not own:
        return [Check("scrape targets", prometheus, "Prometheus scrapes no part of the stack")]
    ill = [
        Check(
            f"scrape {target['labels']['job']}", target["scrapeUrl"], target["lastError"] or "not scraped yet"
        )
        for target in own
        if target["health"] != "up"
    ]
    return ill or [Check("scrape targets", f"{len(own)} of the stack's own parts", "")]


def own_targets(opened: OpenerDirector, prometheus: str) -> list[dict[str, Any]]:
    """Return the scrape targets of the stack itself, as a Prometheus tells them."""
    url = f"{prometheus}/api/v1/targets?state=active"
    with opened.open(url, timeout=TIMEOUT_SECONDS) as response:
        targets = json.load(response)["data"]["activeTargets"]
    return [target for target in targets if "team" not in target["labels"]]
