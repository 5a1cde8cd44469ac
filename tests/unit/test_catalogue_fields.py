"""Every key of the catalogue does something: changed, it changes what is generated; and the docs name it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from catalogue import Service
from catalogue.mixin import mixin as service_mixin
from components import log_collector
from components.collector_logs import follow_containers, label_statements
from mistakes import model_in
from mixins.model import Links, rule_file
from mixins.thresholds import Thresholds
from plan.monitoring import log_files
from scraping import probe_jobs
from scraping.services import declared_containers, declared_pods, service_jobs
from slo.links import ServiceLinks
from slo.mixin import mixins as slo_mixins
from slo.policy import BudgetPolicy
from targets import TARGETS
from tests.unit.test_scraping import ENGINE, PLACEMENT
from tests.unit.test_scraping_services import CLUSTER

PROJECT = Path(__file__).parents[2]
LINKS = ServiceLinks("http://grafana:3000")
ENTRY: dict[str, Any] = {
    "service": "shop",
    "team": "storefront",
    "metrics": {"targets": ["127.0.0.1:8080"], "port": 8080},
    "logs": {"files": ["a.log"]},
    "probes": ["https://shop.example.org"],
    "slos": [
        {"name": "availability", "objective": 99.9, "availability": {}, "sla": {"objective": 99}},
        {"name": "latency", "objective": 99, "latency": {"below": "500ms"}, "sla": {"below": "1s"}},
        {"name": "fresh", "objective": 99, "freshness": {"timestamp": "sync_seconds", "within": "15m"}},
        {"name": "up", "objective": 99, "uptime": {}},
        {"name": "right", "objective": 99,
         "correctness": {"wrong": "sum(rate(w[{{.window}}]))", "checked": "sum(rate(c[{{.window}}]))"}},
        {"name": "jobs", "objective": 99,
         "events": {"good": "sum(rate(g[{{.window}}]))", "total": "sum(rate(t[{{.window}}]))"}},
        {"name": "failures", "objective": 99,
         "events": {"errors": "sum(rate(e[{{.window}}]))", "total": "sum(rate(t[{{.window}}]))"}},
        {"name": "queue", "objective": 99, "ratio": "avg_over_time(q[{{.window}}])"},
        {"name": "visit", "objective": 99, "journey": {"steps": ["shop/availability", "shop/latency"]}},
    ],
}  # fmt: skip
OTHER = "sum(rate(other[{{.window}}]))"
CHANGE = {"page.disable": True, "page.labels": {"channel": "shop"}, "ticket.annotations": {"hint": "Look."}}
CHANGES: dict[str, Any] = {
    "service": "cart",
    "team": "checkout",
    "tier": 1,
    "description": "Sells.",
    "endpoints": {"web": "https://shop.example.org/"},
    "metrics.targets": ["127.0.0.1:9090"],
    "metrics.port": "http",
    "metrics.pods": {"app": "front"},
    "metrics.namespace": "web",
    "metrics.containers": {"app": "front"},
    "metrics.path": "/m",
    "metrics.interval": "30s",
    "logs.files": ["b.log"],
    "probes": ["https://shop.example.org/health"],
    **{f"alerts.{key}": value for key, value in CHANGE.items()},
    "alerts.page.annotations": {"hint": "Look."},
    "alerts.ticket.disable": True,
    "alerts.ticket.labels": {"channel": "shop"},
    "links": {"wiki": "https://wiki.example.org/"},
    "slos.0.name": "answers",
    "slos.0.objective": 99.5,
    "slos.0.period": "7d",
    "slos.0.description": "Customers are answered.",
    "slos.0.minimumErrors": 5,
    **{f"slos.0.alerts.{key}": value for key, value in CHANGE.items()},
    "slos.0.sla.objective": 98,
    "slos.0.availability.metric": "calls_total",
    "slos.0.availability.errors": 'code="500"',
    "slos.0.availability.only": 'route!="/health"',
    "slos.1.latency.below": "100ms",
    "slos.1.latency.metric": "call_seconds",
    "slos.1.latency.native": True,
    "slos.1.latency.only": 'route!="/health"',
    "slos.1.sla.below": "5s",
    "slos.2.freshness.timestamp": "other_seconds",
    "slos.2.freshness.within": "20m",
    "slos.3.uptime.instance": "https://shop.example.org",
    "slos.4.correctness.wrong": OTHER,
    "slos.4.correctness.checked": OTHER,
    "slos.5.events.good": OTHER,
    "slos.5.events.total": OTHER,
    "slos.6.events.errors": OTHER,
    "slos.7.ratio": "avg_over_time(other[{{.window}}])",
    "slos.8.journey.steps": ["shop/latency", "shop/availability"],
}
"""Key → another value of it."""


def generated(entry: dict[str, Any]) -> str:
    """Return everything that an entry becomes, at targets of each kind, as text."""
    service, thresholds = Service.model_validate(entry), Thresholds()
    made = (*slo_mixins(service.objectives, BudgetPolicy(), LINKS), service_mixin(service, LINKS))
    jobs = [
        *service_jobs([service], PLACEMENT, None, None),
        *service_jobs([service], PLACEMENT, ENGINE, None),
        *service_jobs([service], PLACEMENT, None, CLUSTER),
        *probe_jobs([service], PLACEMENT),
    ]
    parts: list[Any] = [
        [job.configuration() for job in jobs],
        [step.configuration() for step in (*declared_pods([service]), *declared_containers([service]))],
        [rule_file(mixin.rules(thresholds), Links()) for mixin in made],
        [board.model for board in made[-1].dashboards(thresholds)],
        label_statements([service]),
        follow_containers(ENGINE, PLACEMENT, [service]),
        log_collector.configuration({"cluster": CLUSTER, "services": [service]}, PLACEMENT),
        str(log_files(TARGETS["process"], (), [service], PLACEMENT)),
    ]
    return json.dumps(parts, sort_keys=True)


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the entry with another value at a dotted path."""
    entry = copy.deepcopy(ENTRY)
    inner: Any = entry
    *parts, last = path.split(".")
    for part in parts:
        inner = inner[int(part)] if part.isdecimal() else inner.setdefault(part, {})
    inner[last] = value
    return entry


def keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield the dotted keys of a model down to its leaves."""
    for name, field in model.model_fields.items():
        key = f"{above}{field.alias or name}"
        inner = model_in(field.annotation)
        yield from keys(inner, f"{key}.") if inner else [key]


BASE = generated(ENTRY)


@pytest.mark.parametrize("path", CHANGES)
def test_a_changed_key_changes_what_is_generated(path: str) -> None:
    assert generated(changed(path, CHANGES[path])) != BASE


def test_a_percentile_is_an_objective() -> None:
    stated = changed("slos.1.latency", {"below": "500ms", "percentile": 98})
    del stated["slos"][1]["objective"]
    assert generated(stated) == generated(changed("slos.1.objective", 98)) != BASE


def test_every_key_is_changed_above() -> None:
    tried = {re.sub(r"\.\d+", "", path) for path in CHANGES} | {"slos.latency.percentile"}
    # What an objective changes about its alerts is the same as what a service does.
    tried |= {path.replace("alerts.", "slos.alerts.", 1) for path in tried if path.startswith("alerts.")}
    assert set(keys(Service)) == tried


def test_every_key_is_in_the_docs() -> None:
    text = (PROJECT / "catalog" / "README.md").read_text() + (PROJECT / "docs" / "slo.md").read_text()
    words = {word for quoted in re.findall(r"`([^`\n]+)`", text) for word in re.split(r"[^A-Za-z]+", quoted)}
    missing = {key for key in keys(Service) if not set(key.split(".")) <= words}
    assert missing == set()
