"""Jaeger accepts what is written for each store, and for the queue in front of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from components import jaeger
from components.jaeger_storage import QUEUE_PASSWORD, STORE_PASSWORD, login
from placement import ContainerPlacement
from rendering import to_yaml
from settings.traces import Traces

PLACEMENT = ContainerPlacement(homes={}, public_urls={})
STORES = {
    "opensearch": {"kind": "opensearch", "address": "search.example.org:9200"},
    "clickhouse": {"kind": "clickhouse", "address": "house.example.org:9000", "tls": False},
}
QUEUES = {
    "with a password": {"brokers": ["kafka.example.org:9093"], "username": "jaeger"},
    "open": {"brokers": ["kafka-0:9092", "kafka-1:9092"], "tls": False},
}


def accepted(name: str, content: Mapping[str, Any], folder: Path, tool: Callable[..., str]) -> None:
    """Show a part of Jaeger its file, with secrets where it looks for them."""
    text = to_yaml(content)
    for file, more in {STORE_PASSWORD: {}, QUEUE_PASSWORD: {"mechanism": "SCRAM-SHA-512"}}.items():
        (folder / file).write_text(login("a: secret", username="jaeger", **more))
        text = text.replace(PLACEMENT.secret(name, file), str(folder / file))
    (folder / f"{name}.yaml").write_text(text)
    tool("jaeger", "validate", f"--config={folder / name}.yaml")


@pytest.mark.parametrize("store", STORES)
def test_jaeger_accepts_a_store(store: str, tmp_path: Path, tool: Callable[..., str]) -> None:
    args: jaeger.JaegerArgs = {"traces": Traces.model_validate({"store": STORES[store]})}
    accepted(jaeger.NAME, jaeger.configuration(args, PLACEMENT), tmp_path, tool)


@pytest.mark.parametrize("queue", QUEUES)
def test_every_part_of_jaeger_accepts_a_queue(queue: str, tmp_path: Path, tool: Callable[..., str]) -> None:
    traces = Traces.model_validate({"store": STORES["opensearch"], "queue": QUEUES[queue]})
    args: jaeger.JaegerArgs = {"traces": traces}
    for name, content in {
        jaeger.NAME: jaeger.configuration(args, PLACEMENT),
        jaeger.COLLECTOR: jaeger.collector_configuration(args, PLACEMENT),
        jaeger.INGESTER: jaeger.ingester_configuration(args, PLACEMENT),
    }.items():
        accepted(name, content, tmp_path, tool)
