"""Thanos: one answer from several Prometheus, and samples in a bucket beyond what these have room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

import versions
from components import thanos_bucket
from components.buckets import MadeBucket
from placement import PORTS, Placement, each
from rendering import to_yaml
from runtimes import Runtime
from settings.model import Metrics
from targets import ObjectStorage
from workload import Probe, Resources, Volume, Workload

SIDECAR, QUERY, STORE, COMPACTOR = "thanos-sidecar", "thanos-query", "thanos-store", "thanos-compactor"

_ENDPOINTS = "endpoints.yaml"


class ThanosStorage(TypedDict):
    """What is kept for long, and where."""

    metrics: Metrics
    object_storage: ObjectStorage
    """Which object storage the bucket is in."""


class ThanosArgs(ThanosStorage):
    """What the parts of Thanos need to know."""

    secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Configuration key → value of every secret that the bucket needs."""
    made: NotRequired[MadeBucket | None]
    """The bucket, where the program makes it."""


class ThanosQuery(pulumi.ComponentResource):
    """Answers PromQL from every Prometheus and the bucket: equal series of a pair are one."""

    def __init__(
        self, name: str, args: ThanosArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:ThanosQuery", name, None, opts)
        runtime.deploy(query(args, runtime.placement), parent=self)
        self.register_outputs({})


class ThanosStore(pulumi.ComponentResource):
    """Answers from the bucket what is older than a Prometheus keeps."""

    def __init__(
        self, name: str, args: ThanosArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:ThanosStore", name, None, opts)
        runtime.deploy(store(args, runtime.placement), parent=self)
        self.register_outputs({})


class ThanosCompactor(pulumi.ComponentResource):
    """Joins, thins out and deletes what is in the bucket."""

    def __init__(
        self, name: str, args: ThanosArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:ThanosCompactor", name, None, opts)
        runtime.deploy(compactor(args, runtime.placement), parent=self)
        self.register_outputs({})


def sidecar(args: ThanosArgs, placement: Placement) -> Workload:
    """Return what answers for one Prometheus, and uploads its blocks where there is a bucket."""
    bucket = thanos_bucket.files(SIDECAR, args, placement)
    port = placement.address("prometheus", "http").rpartition(":")[2]
    return Workload(
        name=SIDECAR,
        image=versions.THANOS,
        arguments=(
            "sidecar",
            *_listening(SIDECAR, placement, "sidecar-"),
            f"--prometheus.url=http://localhost:{port}",
            f"--tsdb.path={placement.data('prometheus')}",
            *bucket.arguments,
        ),
        ports=PORTS[SIDECAR],
        # Healthy, not ready: while it cannot reach its bucket, Prometheus is to be asked all the same.
        probe=Probe("sidecar-http", "/-/healthy"),
        resources=Resources("50m", "500m", "64Mi", "256Mi"),
        files=bucket.files,
        secrets=bucket.secrets,
    )


def query(args: ThanosArgs, placement: Placement) -> Workload:
    """Return what asks every Prometheus and the bucket, and is asked by Grafana."""
    return Workload(
        name=QUERY,
        image=versions.THANOS,
        arguments=(
            "query",
            *_listening(QUERY, placement),
            f"--endpoint.sd-config-file={placement.config(QUERY)}/{_ENDPOINTS}",
            # A replaced pod has another address.
            "--store.sd-dns-interval=10s",
            "--store.response-timeout=30s",
            "--query.replica-label=replica",
            # Years are answered from thinned samples, as far as there are some.
            "--query.auto-downsampling",
            # One of a pair that is away must not keep the other's answer from people.
            "--query.partial-response",
        ),
        ports=PORTS[QUERY],
        probe=Probe("http", "/-/ready", alive="/-/healthy"),
        resources=Resources("200m", "1000m", "256Mi", "1Gi"),
        files={_ENDPOINTS: to_yaml(endpoints(args, placement))},
        replicas=len(placement.replicas(QUERY)) or 1,
        needs=("prometheus",),
    )


def endpoints(args: ThanosArgs, placement: Placement) -> Mapping[str, Any]:
    """Return ``endpoints.yaml``: every sidecar, and what answers from the bucket where there is one."""
    addresses = each(placement, SIDECAR, "sidecar-grpc")
    if args["metrics"].object_storage:
        addresses += each(placement, STORE, "grpc")
    return {"endpoints": [{"address": f"dns+{address}"} for address in addresses]}


def store(args: ThanosArgs, placement: Placement) -> Workload:
    """Return what answers from the bucket; its volume only spares it to read the index again."""
    bucket = thanos_bucket.files(STORE, args, placement)
    return Workload(
        name=STORE,
        image=versions.THANOS,
        arguments=(
            "store",
            *_listening(STORE, placement),
            f"--data-dir={placement.data(STORE)}",
            *bucket.arguments,
        ),
        ports=PORTS[STORE],
        probe=Probe("http", "/-/ready", alive="/-/healthy"),
        resources=Resources("200m", "1000m", "512Mi", "1Gi"),
        files=bucket.files,
        secrets=bucket.secrets,
        cloud_identity=thanos_bucket.identity(args),
        volume=Volume("10Gi"),
        outbound=True,
        replicas=len(placement.replicas(STORE)) or 1,
    )


def compactor(args: ThanosArgs, placement: Placement) -> Workload:
    """Return what looks after the bucket; two of it would destroy what they join."""
    bucket, kept = thanos_bucket.files(COMPACTOR, args, placement), args["metrics"].object_storage
    if kept is None:
        raise ValueError("a compactor takes a bucket to look after")
    return Workload(
        name=COMPACTOR,
        image=versions.THANOS,
        arguments=(
            "compact",
            "--wait",
            f"--http-address={placement.listen(COMPACTOR, 'http')}",
            "--log.format=json",
            f"--data-dir={placement.data(COMPACTOR)}",
            f"--retention.resolution-raw={kept.retention}",
            f"--retention.resolution-5m={kept.retention_of_minutes}",
            f"--retention.resolution-1h={kept.retention_of_hours}",
            *bucket.arguments,
        ),
        ports=PORTS[COMPACTOR],
        probe=Probe("http", "/-/ready", alive="/-/healthy"),
        resources=Resources("200m", "1000m", "512Mi", "2Gi"),
        files=bucket.files,
        secrets=bucket.secrets,
        cloud_identity=thanos_bucket.identity(args),
        volume=Volume(kept.storage),
        outbound=True,
    )


def _listening(name: str, placement: Placement, prefix: str = "") -> tuple[str, ...]:
    return (
        f"--http-address={placement.listen(name, f'{prefix}http')}",
        f"--grpc-address={placement.listen(name, f'{prefix}grpc')}",
        "--log.format=json",
    )
