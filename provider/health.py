"""Whether a process is healthy, and whether it took a reload."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable

from provider.definition import ReloadCheck
from provider.errors import ProviderError
from provider.supervision import ProgramState
from provider.waiting import Cancellation

REQUEST_TIMEOUT_SECONDS = 2.0
MOST_STARTS = 3
"""A process that ended this often before it was healthy is given up."""

# Without the user's proxies: what is asked is on this machine.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class UnhealthyError(ProviderError):
    """The process did not become healthy; the text says what was seen instead."""


def _get(url: str) -> tuple[str, str]:
    """Return the body, and what is wrong with the answer (empty when it is a 2xx)."""
    try:
        with _open(url, timeout=REQUEST_TIMEOUT_SECONDS) as response:
            return response.read().decode(errors="replace"), ""
    except urllib.error.HTTPError as error:
        return "", f"{url} answered {error.code}"
    except (OSError, http.client.HTTPException) as error:
        return "", f"{url} did not answer ({getattr(error, 'reason', None) or error})"


def is_healthy(url: str) -> bool:
    """Whether the URL answers with a 2xx now."""
    return not _get(url)[1]


def wait_healthy(
    state: Callable[[], ProgramState | None], url: str, timeout_seconds: float, cancellation: Cancellation
) -> None:
    """Wait until the process runs and its URL, when it has one, answers with a 2xx; raises UnhealthyError."""
    seen: set[int] = set()
    problem = "it was not started"
    for _ in cancellation.attempts(timeout_seconds):
        found = state()
        if found is None or found.status == "FATAL":
            raise UnhealthyError("cannot be started")
        seen |= {found.pid} - {0}
        if not found.alive:
            problem = "its process ends right after its start"
            if len(seen) >= MOST_STARTS:
                raise UnhealthyError(f"ended {len(seen)} times right after its start")
            continue
        problem = (
            _get(url)[1]
            if url
            else ("" if found.status == "RUNNING" else "its process has only just started")
        )
        # The answer counts only when it came from this process and not from one that ended meanwhile.
        if not problem and (now := state()) and now.alive and now.pid == found.pid:
            return
    raise UnhealthyError(f"did not become healthy within {timeout_seconds:g} s: {problem}")


def last_reload(check: ReloadCheck) -> tuple[bool, float] | None:
    """Say whether the last reload was accepted, and when the last accepted one was; None if unreadable."""
    text, problem = _get(check.url)
    successful, timestamp = _sample(text, check.metric), _sample(text, check.timestamp_metric)
    return None if problem or successful is None or timestamp is None else (successful == 1, timestamp)


def _sample(text: str, metric: str) -> float | None:
    found = re.search(rf"^{re.escape(metric)}(?:\{{[^}}]*\}})?\s+(\S+)", text, re.MULTILINE)
    return float(found[1]) if found else None


def wait_reloaded(
    check: ReloadCheck, before: tuple[bool, float], timeout_seconds: float, cancellation: Cancellation
) -> bool:
    """Wait until the process has taken its configuration again; False when it refused it."""
    for _ in cancellation.attempts(timeout_seconds):
        now = last_reload(check)
        if now is None:
            continue
        if now[0] and now[1] > before[1]:
            return True
        if before[0] and not now[0]:
            return False
    return False
