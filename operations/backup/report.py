"""What backups tell the stack that they are of: gauges, pushed to its collector."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time_ns

from operations.backup import archive
from operations.health import DIRECT, TIMEOUT_SECONDS

_JOB = "backup"
"""Becomes the label ``job`` of every series."""
_PROVEN = ".proven"


@dataclass(frozen=True)
class Outcome:
    """How a backup of one product stands."""

    product: str
    succeeded: bool | None = None
    """Whether the backup that was just tried succeeded; None where none was."""


def prove(folder: Path, product: str, now: datetime) -> None:
    """Note that a restore of the product's backup was compared and found equal."""
    (folder / f"{product}{_PROVEN}").write_text(now.isoformat(), encoding="utf-8")


def gauges(folder: Path, outcome: Outcome) -> Mapping[str, float]:
    """Return metric → value for a product from what lies in the folder of its backups."""
    archives, proven = archive.found(folder, outcome.product), folder / f"{outcome.product}{_PROVEN}"
    values: dict[str, float] = {}
    if outcome.succeeded is not None:
        values["backup_last_status"] = float(outcome.succeeded)
    if archives:
        values["backup_last_success_timestamp_seconds"] = archives[-1].made.timestamp()
        values["backup_size_bytes"] = float(archives[-1].path.stat().st_size)
    if proven.exists():
        moment = datetime.fromisoformat(proven.read_text(encoding="utf-8"))
        values["backup_restore_test_last_success_timestamp_seconds"] = moment.timestamp()
    return values


def push(endpoint: str, folder: Path, outcomes: Iterable[Outcome]) -> None:
    """Send how backups stand to an OTLP endpoint; raises OSError where it does not take them."""
    now = str(time_ns())
    metrics = [
        {"name": name, "gauge": {"dataPoints": [_point(outcome.product, value, now)]}}
        for outcome in outcomes
        for name, value in gauges(folder, outcome).items()
    ]
    resource = {"attributes": [_attribute("service.name", _JOB)]}
    content = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}
    request = urllib.request.Request(  # noqa: S310 - the stack's own http address
        f"{endpoint.rstrip('/')}/v1/metrics",
        data=json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
    )
    DIRECT.open(request, timeout=TIMEOUT_SECONDS).close()


def _point(product: str, value: float, now: str) -> dict[str, object]:
    return {"timeUnixNano": now, "asDouble": value, "attributes": [_attribute("volume", product)]}


def _attribute(key: str, value: str) -> dict[str, object]:
    return {"key": key, "value": {"stringValue": value}}
