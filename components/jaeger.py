"""Jaeger: traces, in one product, or in three with a queue between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

import versions
from components import jaeger_storage
from components.jaeger_storage import BACKEND
from components.telemetry import own_telemetry
from placement import PORTS, Placement
from rendering import to_yaml
from runtimes import Runtime
from settings.traces import TraceQueue, Traces
from workload import Probe, Resources, Volume, Workload

NAME, COLLECTOR, INGESTER = "jaeger", "jaeger-collector", "jaeger-ingester"
_FILE = "jaeger.yaml"
_RESOURCES = Resources("200m", "1000m", "256Mi", "1Gi")


class JaegerArgs(TypedDict):
    """What a Jaeger needs to know."""

    traces: Traces
    secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Configuration key → value of every secret that store and queue need."""


class Jaeger(pulumi.ComponentResource):
    """Stores traces that the collector forwards and shows them."""

    url: pulumi.Output[str] | None
    """Its page and HTTP API."""

    def __init__(
        self, name: str, args: JaegerArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Jaeger", name, None, opts)
        self.url = runtime.deploy(workload(args, runtime.placement), parent=self).url()
        self.register_outputs({"url": self.url})


class JaegerCollector(pulumi.ComponentResource):
    """Puts traces into the queue."""

    def __init__(
        self, name: str, args: JaegerArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:JaegerCollector", name, None, opts)
        runtime.deploy(collector(args, runtime.placement), parent=self)
        self.register_outputs({})


class JaegerIngester(pulumi.ComponentResource):
    """Takes traces from the queue to the store."""

    def __init__(
        self, name: str, args: JaegerArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:JaegerIngester", name, None, opts)
        runtime.deploy(ingester(args, runtime.placement), parent=self)
        self.register_outputs({})


def workload(args: JaegerArgs, placement: Placement) -> Workload:
    """Return Jaeger as one process: with traces on its own volume, or in a store that others share."""
    traces = args["traces"]
    return Workload(
        name=NAME,
        image=versions.JAEGER,
        arguments=(f"--config={placement.config(NAME)}/{_FILE}",),
        ports=PORTS[NAME],
        probe=Probe("health", "/status"),
        resources=_RESOURCES,
        files={_FILE: to_yaml(configuration(args, placement))},
        secrets=jaeger_storage.secret_files(traces, args.get("secrets", {}), store=True, queue=False),
        volume=None if traces.store else Volume(traces.storage),
        outbound=traces.store is not None,
        replicas=len(placement.replicas(NAME)) or 1,
    )


def collector(args: JaegerArgs, placement: Placement) -> Workload:
    """Return what takes traces from the collector and puts them into the queue."""
    return _part(COLLECTOR, collector_configuration(args, placement), args, placement, store=False)


def ingester(args: JaegerArgs, placement: Placement) -> Workload:
    """Return what takes traces from the queue as fast as the store takes them."""
    return _part(INGESTER, ingester_configuration(args, placement), args, placement, store=True)


def _part(
    name: str, content: Mapping[str, Any], args: JaegerArgs, placement: Placement, *, store: bool
) -> Workload:
    return Workload(
        name=name,
        image=versions.JAEGER,
        arguments=(f"--config={placement.config(name)}/{_FILE}",),
        ports=PORTS[name],
        probe=Probe("health", "/status"),
        resources=_RESOURCES,
        files={_FILE: to_yaml(content)},
        secrets=jaeger_storage.secret_files(args["traces"], args.get("secrets", {}), store=store, queue=True),
        outbound=True,
        replicas=len(placement.replicas(name)) or 1,
    )


def configuration(args: JaegerArgs, placement: Placement) -> Mapping[str, Any]:
    """Return ``jaeger.yaml``, which has the shape of an OpenTelemetry Collector's configuration."""
    queued = args["traces"].queue is not None
    receivers = {"nop": None} if queued else _otlp(NAME, placement)
    exporters = {"nop": None} if queued else _STORED
    return {
        "service": _service(NAME, placement, ("jaeger_storage", "jaeger_query"), [*receivers], [*exporters]),
        "extensions": {
            **_health(NAME, placement),
            "jaeger_query": {
                "storage": {"traces": BACKEND},
                "http": {"endpoint": placement.listen(NAME, "http")},
                "grpc": {"endpoint": placement.listen(NAME, "grpc")},
            },
            "jaeger_storage": jaeger_storage.backend(args["traces"], NAME, placement),
        },
        "receivers": receivers,
        "exporters": exporters,
    }


def collector_configuration(args: JaegerArgs, placement: Placement) -> Mapping[str, Any]:
    """Return ``jaeger.yaml`` of what fills the queue; where there is none, it cannot be asked for."""
    return {
        "service": _service(COLLECTOR, placement, (), ["otlp"], ["kafka"]),
        "extensions": _health(COLLECTOR, placement),
        "receivers": _otlp(COLLECTOR, placement),
        "exporters": {"kafka": jaeger_storage.kafka(_queue(args), COLLECTOR, placement)},
    }


def ingester_configuration(args: JaegerArgs, placement: Placement) -> Mapping[str, Any]:
    """Return ``jaeger.yaml`` of what empties the queue."""
    queue = {
        **jaeger_storage.kafka(_queue(args), INGESTER, placement),
        "group_id": INGESTER,
        # What came before the first of them did is wanted as well.
        "initial_offset": "earliest",
        # A message is done with when the store has taken it (OpenSearch: the batch for it), else tried again.
        "message_marking": {"after": True, "on_error": False},
    }
    return {
        "service": _service(INGESTER, placement, ("jaeger_storage",), ["kafka"], [*_STORED]),
        "extensions": {
            **_health(INGESTER, placement),
            "jaeger_storage": jaeger_storage.backend(args["traces"], INGESTER, placement),
        },
        "receivers": {"kafka": queue},
        "exporters": _STORED,
    }


_STORED: Mapping[str, Any] = {"jaeger_storage_exporter": {"trace_storage": BACKEND}}


def _queue(args: JaegerArgs) -> TraceQueue:
    if args["traces"].queue is None:
        raise ValueError("without traces.queue Jaeger is one product")
    return args["traces"].queue


def _service(
    name: str, placement: Placement, extensions: tuple[str, ...], receivers: list[str], exporters: list[str]
) -> Mapping[str, Any]:
    return {
        "extensions": ["healthcheckv2", *extensions],
        "pipelines": {"traces": {"receivers": receivers, "exporters": exporters}},
        "telemetry": own_telemetry(name, placement),
    }


def _health(name: str, placement: Placement) -> Mapping[str, Any]:
    return {"healthcheckv2": {"use_v2": True, "http": {"endpoint": placement.listen(name, "health")}}}


def _otlp(name: str, placement: Placement) -> Mapping[str, Any]:
    return {"otlp": {"protocols": {"grpc": {"endpoint": placement.listen(name, "otlp-grpc")}}}}
