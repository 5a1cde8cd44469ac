"""A few products lowered by the Docker runtime under Pulumi's mocks, and what was registered for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks

import versions
from components.jaeger import Jaeger
from components.loki import Loki
from components.node_exporter import NodeExporter
from placement import PORTS
from runtimes.docker import DockerRuntime
from settings import Settings
from settings.model import Logs
from settings.traces import Traces
from targets import TARGETS
from workload import Probe, Reload, Resources, Volume, Workload

CANARY = "canary-of-a-secret"
CONTAINER = "docker:index/container:Container"


@dataclass(frozen=True)
class Registered:
    """A resource as the program registered it."""

    urn: str
    parent: str
    provider: str
    type: str
    name: str
    inputs: dict[str, Any]
    dependencies: tuple[str, ...]
    delete_before_replace: bool
    retained: bool


class _Engine(Mocks):
    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"nothing is looked up while resources are described: {args.token}")

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"id-of-{args.name}", {**args.inputs, "imageId": f"sha256:{args.name}"}


class _Recorder(MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Engine())
        self.found: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self.found.append(
            Registered(
                answer.urn,
                request.parent,
                request.provider,
                request.type,
                request.name,
                MessageToDict(request.object),
                tuple(request.dependencies),
                request.deleteBeforeReplace,
                request.retainOnDelete,
            )
        )
        return answer


class Product(pulumi.ComponentResource):
    """A component that deploys whatever it is given."""

    def __init__(self, workload: Workload, runtime: DockerRuntime) -> None:
        super().__init__("observability:index:Product", workload.name)
        self.deployed = runtime.deploy(workload, parent=self)


def workload(**changes: Any) -> Workload:
    """Return a workload that uses every field."""
    given: dict[str, Any] = {
        "name": "grafana",
        "image": versions.GRAFANA,
        "arguments": ("server",),
        "ports": PORTS["grafana"],
        "probe": Probe("http", "/api/health"),
        "resources": Resources("250m", "500m", "256Mi", "512Mi"),
        "files": {"grafana.ini": "[server]", "dashboards/a.json": "{}"},
        "secrets": {"admin-password": pulumi.Output.secret(CANARY)},
        "volume": Volume("5Gi"),
        "reload": Reload(files=("dashboards/*",), watches=True),
        "user": 472,
    }
    return Workload(**{**given, **changes})


def deploy(
    program: Callable[[DockerRuntime], object], target: str = "docker", **changes: Any
) -> list[Registered]:
    """Run a program with a runtime under the mocks; return what it registered."""
    recorder = _Recorder()
    set_mocks(_Engine(), project="observability", stack="dev", monitor=recorder)
    settings = Settings(stack="dev", target=target, **changes)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        program(DockerRuntime(TARGETS[target], settings))

    run()
    return [found for found in recorder.found if not found.type.startswith("pulumi:pulumi:")]


def stack(runtime: DockerRuntime) -> None:
    """Deploy several products."""
    Product(workload(), runtime)
    Loki("loki", {"logs": Logs()}, runtime)
    Jaeger("jaeger", {"traces": Traces()}, runtime)
    NodeExporter("node-exporter", runtime)


def named(found: list[Registered], name: str) -> Registered:
    """Return the only resource with that name."""
    (one,) = [resource for resource in found if resource.name == name]
    return one
