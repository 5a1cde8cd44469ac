"""Where Jaeger keeps traces, and the queue in front: on its volume, in OpenSearch or ClickHouse, by Kafka."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from placement import Placement
from settings.traces import TraceQueue, Traces
from targets import Target
from units import go_duration

STORE_PASSWORD, QUEUE_PASSWORD = "store-password", "queue-password"
BACKEND = "traces"
"""Name of the store in Jaeger's configuration."""


def problems(traces: Traces, target: Target) -> list[str]:
    """Return what a target cannot run, a line each."""
    if traces.queue and not target.replicates:
        return [f"traces.queue: takes a cluster; on target {target.name!r} Jaeger is one product; remove it"]
    return []


def secret_files(
    traces: Traces, secrets: Mapping[str, pulumi.Input[str]], *, store: bool, queue: bool
) -> Mapping[str, pulumi.Input[str]]:
    """Return the secret files of a part of Jaeger that talks to the store, the queue or both."""
    files: dict[str, pulumi.Input[str]] = {}
    if store and traces.store:
        password, username = secrets[traces.store.password_secret], traces.store.username
        alone = traces.store.kind == "opensearch"
        files[STORE_PASSWORD] = password if alone else _login(password, username=username)
    if queue and traces.queue and (username := traces.queue.username):
        password, mechanism = secrets[traces.queue.password_secret], traces.queue.mechanism
        files[QUEUE_PASSWORD] = _login(password, username=username, mechanism=mechanism)
    return files


def login(password: str, **more: str) -> str:
    """Return what the file has to hold that Jaeger's configuration includes as a mapping with a password.

    Included by itself, a password would be read as YAML as well: quotes stay, and ``a: b`` is a mapping.
    """
    return json.dumps({"password": password, **more}, ensure_ascii=False).replace("$", "$$")


def _login(password: pulumi.Input[str], **more: str) -> pulumi.Input[str]:
    return pulumi.Output.from_input(password).apply(lambda text: login(text, **more))


def backend(traces: Traces, workload: str, placement: Placement) -> Mapping[str, Any]:
    """Return the extension ``jaeger_storage`` of a part of Jaeger."""
    store, data = traces.store, placement.data(workload)
    if store is None:
        badger = {
            "directories": {"keys": f"{data}/keys", "values": f"{data}/values"},
            # Ephemeral is the default, and forgets every trace at a restart.
            "ephemeral": False,
            "ttl": {"spans": go_duration(traces.retention)},
        }
        return {"backends": {BACKEND: {"badger": badger}}}
    password = placement.secret(workload, STORE_PASSWORD)
    if store.kind == "opensearch":
        opensearch = {
            "server_urls": [f"{'https' if store.tls else 'http'}://{store.address}"],
            "indices": {"index_prefix": store.name},
            "auth": {"basic": {"username": store.username, "password_file": password}},
        }
        return {"backends": {BACKEND: {"opensearch": opensearch}}}
    clickhouse = {
        "addresses": [store.address],
        "database": store.name,
        "auth": {"basic": _from_file(password)},
        "create_schema": True,
    }
    return {"backends": {BACKEND: {"clickhouse": clickhouse}}}


def kafka(queue: TraceQueue, workload: str, placement: Placement) -> Mapping[str, Any]:
    """Return how the queue is talked to; topic and encoding are the same defaults on both sides."""
    sasl = _from_file(placement.secret(workload, QUEUE_PASSWORD))
    return {
        "brokers": list(queue.brokers),
        **({"tls": {"insecure": False}} if queue.tls else {}),
        **({"auth": {"sasl": sasl}} if queue.username else {}),
    }


def _from_file(path: str) -> str:
    return f"${{file:{path}}}"
