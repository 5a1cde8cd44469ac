"""Loki: log lines, found by labels and by what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

import versions
from components import loki_parts
from components.buckets import MadeBucket
from components.loki_parts import PARTS, PEERS
from components.loki_storage import stores
from placement import PORTS, Placement
from rendering import to_yaml
from runtimes import Runtime
from settings.model import Logs
from targets import ObjectStorage
from units import go_duration
from workload import Probe, Resources, Volume, Workload

NAME = "loki"
_FILE = "loki.yaml"
_SCRATCH = "/tmp/loki"  # noqa: S108
"""Folder of a part that keeps nothing: empty whenever it starts."""
LABELS = (
    "service", "level", "team", "environment", "container", "image", "namespace", "pod", "app", "component",
)  # fmt: skip
"""Attributes that become labels; every other attribute is structured metadata of its line."""


class LokiStorage(TypedDict):
    """What a Loki keeps, and where."""

    logs: Logs
    object_storage: NotRequired[ObjectStorage]
    """Which object storage its bucket is in."""
    rate: NotRequired[int | None]
    """Lines that it lets in, megabytes per second; its own default where nothing is said."""
    resources: NotRequired[Mapping[str, Resources]]
    """Workload → what is reserved for it, where the declared load says more than is usual."""


class LokiArgs(LokiStorage):
    """What a Loki needs to know."""

    secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Configuration key → value of every secret that its bucket needs."""
    made: NotRequired[MadeBucket | None]
    """The bucket, where the program makes it."""


class Loki(pulumi.ComponentResource):
    """Stores log lines and answers LogQL."""

    url: pulumi.Output[str] | None
    """Its HTTP API; it has no page of its own."""
    push_url: pulumi.Output[str] | None
    """Where clients that speak Loki's own protocol push log lines."""

    def __init__(
        self, name: str, args: LokiArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Loki", name, None, opts)
        self.url = runtime.deploy(workload(args, runtime.placement), parent=self).url()
        self.push_url = self.url and pulumi.Output.concat(self.url, "/loki/api/v1/push")
        self.register_outputs({"url": self.url, "push_url": self.push_url})


class LokiPart(pulumi.ComponentResource):
    """Does a part of Loki's work in a workload of its own."""

    def __init__(
        self, name: str, args: LokiArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        kind = "".join(word.capitalize() for word in name.split("-"))
        super().__init__(f"observability:index:{kind}", name, None, opts)
        runtime.deploy(workload(args, runtime.placement, name), parent=self)
        self.register_outputs({})


def workload(args: LokiArgs, placement: Placement, name: str = NAME) -> Workload:
    """Return Loki as one process that does everything, or the part of that name where it runs in parts."""
    storage, made = args["logs"].object_storage, args.get("made")
    part = PARTS[name] if loki_parts.apart(placement) else None
    secrets = args.get("secrets", {})
    # A key can only be said in the file itself, which so becomes a secret.
    secret_files = (
        {_FILE: pulumi.Output.all(**secrets).apply(lambda known: _text(args, placement, known, name))}
        if args["logs"].secret_keys
        else {}
    )
    text = "" if secret_files else _text(args, placement, {}, name)
    file = placement.secret(name, _FILE) if secret_files else f"{placement.config(name)}/{_FILE}"
    in_bucket = storage is not None and (part is None or part.keeps)
    return Workload(
        name=name,
        image=versions.LOKI,
        arguments=(
            f"-config.file={file}",
            *((f"-target={','.join(part.targets)}",) if part else ()),
        ),
        ports=PORTS[name],
        probe=Probe("http", "/ready", alive="/loki/api/v1/status/buildinfo"),
        resources=args.get("resources", {}).get(name)
        or (part.resources if part else Resources("200m", "1000m", "256Mi", "1Gi")),
        files={} if secret_files else {_FILE: made.once_usable(text) if made and in_bucket else text},
        secrets=secret_files,
        cloud_identity=made.client_id if made and in_bucket else "",
        volume=_volume(args["logs"], name, placement),
        outbound=in_bucket,
        replicas=len(placement.replicas(name)) or 1,
        peer_ports=(PEERS,) if loki_parts.members(placement) else (),
        peers=tuple(other for other in PARTS if other != name) if part else (),
    )


def _volume(logs: Logs, name: str, placement: Placement) -> Volume | None:
    """Return what lines wait on, or are kept on: the declared size is of whoever takes them in."""
    if not loki_parts.apart(placement) or name == loki_parts.INGESTER:
        return Volume(logs.storage)
    size = PARTS[name].volume
    return Volume(size) if size else None


def _text(args: LokiArgs, placement: Placement, secrets: Mapping[str, str], name: str) -> str:
    return to_yaml(configuration(args, placement, secrets, name))


def configuration(
    args: LokiArgs, placement: Placement, secrets: Mapping[str, str], name: str = NAME
) -> Mapping[str, Any]:
    """Return ``loki.yaml``, which differs between parts only in the folder of the data.

    ``secrets`` are those that its bucket needs, by their configuration keys.
    """
    data = placement.data(name) if _volume(args["logs"], name, placement) else _SCRATCH
    elsewhere = loki_parts.addresses(placement)
    kind = args.get("object_storage", ObjectStorage.NONE)
    kept = stores(data, args["logs"].object_storage, kind, secrets)
    rate = args.get("rate")
    http_host, http_port = placement.listen(name, "http").rsplit(":", 1)
    grpc_host, grpc_port = placement.listen(name, "grpc").rsplit(":", 1)
    return {
        "auth_enabled": False,
        "server": {
            "http_listen_address": http_host,
            "http_listen_port": int(http_port),
            "grpc_listen_address": grpc_host,
            "grpc_listen_port": int(grpc_port),
            "log_level": "warn",
        },
        **_ring(data, placement),
        "storage_config": {**kept["storage_config"], **elsewhere["storage_config"]},
        "schema_config": kept["schema_config"],
        "ingester": {
            "wal": {"enabled": True, "dir": f"{data}/wal", "flush_on_shutdown": True},
            **_readiness(placement),
        },
        # One process needs no ring to find its own scheduler, and is ready ten seconds sooner without.
        "query_scheduler": {"use_scheduler_ring": bool(loki_parts.members(placement))},
        **({"frontend": elsewhere["frontend"]} if elsewhere["frontend"] else {}),
        "compactor": {
            "working_directory": f"{data}/compactor",
            "retention_enabled": True,
            **kept["compactor"],
        },
        "limits_config": {
            "retention_period": go_duration(args["logs"].retention),
            "allow_structured_metadata": True,
            **({"ingestion_rate_mb": rate, "ingestion_burst_size_mb": 2 * rate} if rate else {}),
            "discover_service_name": [],
            "otlp_config": {
                "resource_attributes": {
                    "ignore_defaults": True,
                    "attributes_config": [{"action": "index_label", "attributes": list(LABELS)}],
                }
            },
        },
        "analytics": {"reporting_enabled": False},
    }


def _ring(data: str, placement: Placement) -> dict[str, Any]:
    """Return how replicas share the work: a line goes to three of them, and two must have it."""
    members, elsewhere = loki_parts.members(placement), loki_parts.addresses(placement)
    if not members:
        alone = {"instance_addr": "127.0.0.1", "ring": {"kvstore": {"store": "inmemory"}}}
        return {"common": {"path_prefix": data, "replication_factor": 1, **alone}}
    return {
        "common": {
            "path_prefix": data,
            "replication_factor": 3,
            "ring": {"kvstore": {"store": "memberlist"}},
            **elsewhere["common"],
        },
        "memberlist": {
            "bind_port": PEERS.number,
            "join_members": list(members),
            **elsewhere["memberlist"],
        },
    }


def _readiness(placement: Placement) -> dict[str, Any]:
    """Return what an instance waits for before it is ready; the default is 15 s, and all others."""
    if loki_parts.members(placement):
        # Pods start one after the other: the first of several that are gone must not wait for the next.
        return {"lifecycler": {"readiness_check_ring_health": False}}
    return {"lifecycler": {"min_ready_duration": "0s", "final_sleep": "0s"}}
