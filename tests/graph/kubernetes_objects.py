"""What the program registers for a stack file of a Kubernetes target; Pulumi's mocks stand for the engine."""

from __future__ import annotations

import asyncio
import functools
import json
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pulumi
import pytest
import yaml
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc, settings

from settings import SECTIONS_WITH_SECRETS, Settings

PROJECT = Path(__file__).parents[2]
SCALE: dict[str, Any] = {
    "observability:profile": "scale",
    "observability:traces": {
        "store": {"kind": "opensearch", "address": "search.example.org:9200"},
        "queue": {"brokers": ["kafka.example.org:9093"], "username": "jaeger"},
    },
}
"""What the stack file of `prod` says differently to become the profile `scale`, which none of them has."""
STACKS = ("minikube", "oke", "aks", "gke", "autopilot", "prod", "scale")
CANARY = "0123456789abcdef-canary-of-a-secret"
SECRETS = {
    "slackApiUrl": f"https://hooks.example.org/{CANARY}",
    "pagerdutyRoutingKey": CANARY[:32],
    "grafanaDatabasePassword": CANARY,
    "lokiAccessKeyId": CANARY,
    "lokiSecretAccessKey": CANARY,
    "jaegerStorePassword": CANARY,
    "kafkaPassword": CANARY,
    "thanosAccessKeyId": CANARY,
    "thanosSecretAccessKey": CANARY,
    "loginPassword": CANARY,
    "pushPassword": CANARY,
}

MADE: dict[str, dict[str, str]] = {
    "observability:index:Password": {"result": CANARY},
    "azure-native:managedidentity:UserAssignedIdentity": {"clientId": "made-client", "principalId": "made"},
    "oci:Identity/customerSecretKey:CustomerSecretKey": {"key": CANARY},
}
"""Token → outputs that a provider makes."""
HUB = {
    "contract_version": "1",
    "environment": "central",
    "prometheus_remote_write_url": "https://prometheus.hub.example.org/api/v1/write",
    "otlp_http_endpoint": "https://collector.hub.example.org",
    "push_username": "push",
    "push_password": CANARY,
}
"""Outputs of every stack that is referred to."""


@dataclass(frozen=True)
class Resource:
    """A resource as the engine is asked for it."""

    urn: str
    token: str
    name: str
    parent: str
    inputs: dict[str, Any]
    """Without the marks of secrets."""
    wire: dict[str, Any]
    """Inputs as they go to the engine, where secrets are marked."""
    retained: bool
    dependencies: frozenset[str] = frozenset()
    """URNs of what has to be there before it."""


@dataclass
class Rendering:
    """Everything one stack registers."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Component → its outputs."""

    def manifests(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the objects of these kinds, all where none is named."""
        found = [r.inputs for r in self.resources if r.token.startswith("kubernetes:")]
        return [m for m in found if m["kind"] in kinds or not kinds]

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """Return the object with this kind and logical name's beginning."""
        (found,) = [m for m in self.manifests(kind) if m["metadata"].get("name") == name]
        return found

    def pods(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield workload, namespace and pod specification."""
        for manifest in self.manifests("StatefulSet", "Deployment", "DaemonSet"):
            metadata = manifest["metadata"]
            yield metadata["name"], metadata["namespace"], manifest["spec"]["template"]["spec"]

    def files(self, workload: str) -> dict[str, str]:
        """Return the configuration and secret files that a container sees, by absolute path."""
        ((spec, container),) = [
            (spec, container)
            for _, _, spec in self.pods()
            for container in spec["containers"]
            if container["name"] == workload
        ]
        sources = {m["metadata"]["name"]: m for m in self.manifests("ConfigMap", "Secret")}
        found: dict[str, str] = {}
        for mount in container["volumeMounts"]:
            (volume,) = [v for v in spec["volumes"] if v["name"] == mount["name"]] or [{}]
            parts = volume.get("projected", {}).get("sources", [volume])
            maps = [part["configMap"] for part in parts if "configMap" in part]
            # What may be missing is not the stack's own.
            names = [each["name"] for each in maps if not each.get("optional")]
            names += [volume["secret"]["secretName"]] if "secret" in volume else []
            for name in names:
                content = sources[name].get("data") or sources[name]["stringData"]
                found |= {str(PurePosixPath(mount["mountPath"]) / key): text for key, text in content.items()}
        return found


class _Monitor(mocks.MockMonitor):
    def __init__(self, rendering: Rendering) -> None:
        super().__init__(_Cluster())
        self.rendering = rendering

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        inputs = _unwrapped(rpc.deserialize_properties(request.object))
        wire = json_format.MessageToDict(request.object)
        if request.type.startswith("kubernetes:") and "metadata" in inputs:
            inputs["metadata"].setdefault("name", f"{request.name}-0a1b2c3d")
        self.rendering.resources.append(
            Resource(
                response.urn,
                request.type,
                request.name,
                request.parent,
                inputs,
                wire,
                request.retainOnDelete,
                frozenset(request.dependencies),
            )
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        outputs = rpc.deserialize_properties(request.outputs)
        self.rendering.outputs[request.urn.rsplit("::", 1)[-1]] = outputs
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Cluster(mocks.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            secret = [name for name in HUB if name.endswith("_password")]
            state |= {"outputs": HUB, "secretOutputNames": secret}
        state |= MADE.get(args.typ, {})
        if args.typ.startswith("kubernetes:") and "metadata" in state:
            state["metadata"] = {"name": f"{args.name}-0a1b2c3d", **state["metadata"]}
        return f"{args.name}-id", state

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(f"a preview must not ask anything: {args.token}")


def configuration(stack: str) -> dict[str, str]:
    """Return what a committed stack file says, in the engine's form, and the secrets it wants."""
    values = _written(stack)
    config = {key: v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}
    needed = settings_of(stack)
    keys = [key for section in SECTIONS_WITH_SECRETS for key in getattr(needed, section).secret_keys]
    wanted = {f"observability:{key}": SECRETS[key] for key in keys}
    return config | wanted


def settings_of(stack: str) -> Settings:
    """Return what a committed stack file says, checked."""
    values = {key.removeprefix("observability:"): value for key, value in _written(stack).items()}
    return Settings.model_validate({"stack": stack, **values})


def _written(stack: str) -> dict[str, Any]:
    if stack == "scale":
        return _written("prod") | SCALE
    return dict(yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"])


def with_kubernetes(stack: str, **values: Any) -> dict[str, str]:
    """Return what a committed stack file says, with other settings of the cluster."""
    config = configuration(stack)
    given = json.loads(config["observability:kubernetes"]) | values
    return config | {"observability:kubernetes": json.dumps(given)}


@functools.cache
def render(stack: str) -> Rendering:
    """Run the whole program for a committed stack file."""
    return rendered(stack, configuration(stack))


@functools.cache
def render_with_monitors(monitors: str = "installed") -> Rendering:
    """Run it for the stack of AKS, which then honours the objects of the Prometheus Operator."""
    return rendered("aks", with_kubernetes("aks", monitors=monitors))


def rendered(stack: str, config: dict[str, str]) -> Rendering:
    """Run the whole program for a configuration, without looking for a cluster."""
    with _an_event_loop(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("OBSERVABILITY_SKIP_PREFLIGHT", "1")
        return _rendered(stack, config)


@contextmanager
def _an_event_loop() -> Iterator[None]:
    """Give the thread a loop for the engine's calls: another test may have taken the thread's away."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def _rendered(stack: str, config: dict[str, str]) -> Rendering:
    rendering = Rendering()
    settings.reset_options()
    monitor = _Monitor(rendering)
    mocks.set_mocks(_Cluster(), project="observability", stack=stack, monitor=monitor)
    secret_keys = [f"observability:{key}" for key in SECRETS]
    pulumi.runtime.set_all_config(config, secret_keys)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        runpy.run_path(str(PROJECT / "__main__.py"))

    run()
    return rendering


def _unwrapped(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return _unwrapped(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _unwrapped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unwrapped(inner) for inner in value]
    # Numbers have no other type on their way to the engine.
    return int(value) if isinstance(value, float) and value.is_integer() else value
