"""Test code: a provider plugin that records everything, and applies it only where it is told to."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2

from provider.protocol import skip_the_sdk
from provider.values import from_struct, plain, to_struct
from tests.standin import applying, kubernetes_applying
from tests.standin.docker_api import Docker, DockerError
from tests.standin.flavours import (
    FLAVOURS,
    Properties,
    digest,
    masked,
    takes_the_name_of_its_predecessor,
    urn_type,
)
from tests.standin.kubernetes_api import Kubernetes, KubernetesError

skip_the_sdk()

from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc  # noqa: E402

RECORD = "OBSERVABILITY_STANDIN_RECORD"
"""Environment variable: the file that operations are appended to."""
APPLY = "OBSERVABILITY_STANDIN_APPLY"
"""Environment variable: where the plugin does what it is asked for; Docker's socket, a kubeconfig."""


# ruff: noqa: N802 - the engine's protocol gives the methods their names
class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine."""

    def __init__(self, plugin: str) -> None:
        self._plugin, self._flavour = plugin, FLAVOURS[plugin]
        self._version = version(f"pulumi-{plugin}")
        self._applying = _applying(plugin, os.environ.get(APPLY, ""))

    def _record(self, operation: str, urn: str, inputs: Properties, *, preview: bool = False) -> None:
        if not (path := os.environ.get(RECORD)):
            return
        line = {
            "plugin": self._plugin,
            "operation": operation,
            "preview": preview,
            "urn": urn,
            "type": urn_type(urn),
            "name": urn.rsplit("::", 1)[1],
            "inputs": masked(inputs),
        }
        # One write of a whole line in append mode: two plugins and many threads share the file.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, (json.dumps(line) + "\n").encode())
        finally:
            os.close(file)

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.GetSchemaResponse(
            schema=json.dumps({"name": self._plugin, "version": self._version})
        )

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        return self._difference("", old, new)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._record(
            "configure", f"::::pulumi:providers:{self._plugin}::{self._plugin}", from_struct(request.args)
        )
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        given, old = from_struct(request.news), from_struct(request.olds)
        # The engine's seed: the same in a preview and in the update, another one for a replacement.
        suffix = digest(request.urn, request.randomSeed.hex())
        inputs = self._flavour.name_properties(request.urn, given, old, suffix)
        return provider_pb2.CheckResponse(inputs=to_struct(inputs))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        answer = self._difference(urn_type(request.urn), old, new)
        if answer.diffs:
            self._record("diff", request.urn, {key: new.get(key) for key in answer.diffs}, preview=True)
        return answer

    def _difference(self, kind: str, old: Properties, new: Properties) -> Any:
        opened, given = plain(old), plain(new)
        changed = sorted(key for key in {*opened, *given} if opened.get(key) != given.get(key))
        replaced = [key for key in changed if kind and self._flavour.replaces(kind, key, opened, given)]
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=replaced,
            deleteBeforeReplace=bool(replaced) and takes_the_name_of_its_predecessor(opened),
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs, kind = from_struct(request.properties), urn_type(request.urn)
        self._record("create", request.urn, inputs, preview=request.preview)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(inputs))
        if self._applying:
            with _refusals(context):
                identifier, known = self._applying.create(kind, plain(inputs))
        else:
            identifier, known = self._flavour.identifier(kind, inputs), self._flavour.outputs(kind, inputs)
        return provider_pb2.CreateResponse(id=identifier, properties=to_struct({**inputs, **known}))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs = from_struct(request.inputs)
        self._record("read", request.urn, inputs)
        if self._applying:
            with _refusals(context):
                changed = self._applying.read(urn_type(request.urn), request.id, plain(inputs))
            if changed is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=request.id,
                properties=to_struct({**from_struct(request.properties), **changed}),
                inputs=to_struct({**inputs, **changed}),
            )
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs, kind = from_struct(request.news), urn_type(request.urn)
        self._record("update", request.urn, inputs, preview=request.preview)
        known = self._flavour.outputs(kind, inputs)
        if self._applying and not request.preview:
            with _refusals(context):
                self._applying.update(kind, request.id, plain(inputs))
            known = {k: v for k, v in from_struct(request.olds).items() if k in {"imageId", "exitCode"}}
        return provider_pb2.UpdateResponse(properties=to_struct({**inputs, **known}))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs = from_struct(request.old_inputs)
        self._record("delete", request.urn, inputs)
        if self._applying:
            with _refusals(context):
                self._applying.delete(urn_type(request.urn), request.id, plain(inputs))
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()


def _applying(plugin: str, where: str) -> applying.Applying | kubernetes_applying.Applying | None:
    """Return what does there what the plugin is asked for; None where it is to do nothing."""
    if not where:
        return None
    if plugin == "docker":
        return applying.Applying(Docker(where))
    return kubernetes_applying.Applying(Kubernetes(Path(where)))


@contextmanager
def _refusals(context: grpc.ServicerContext) -> Iterator[None]:
    """Tell the engine why something could not be done."""
    try:
        yield
    except (DockerError, KubernetesError, OSError, ValueError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def main(plugin: str) -> None:
    """Print the port, as every plugin does, and serve until the engine is gone."""
    megabytes_400 = 400 * 1024 * 1024
    options = [(f"grpc.max_{way}_message_length", megabytes_400) for way in ("receive", "send")]
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandIn(plugin), server)
    port = server.add_insecure_port("127.0.0.1:0")
    stopped = threading.Event()
    # The engine ends a plugin with SIGINT, in a process group of its own that no Ctrl-C reaches.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopped.set())
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = os.getppid()
    while not stopped.wait(1.0) and os.getppid() == parent:
        pass
    server.stop(grace=None)
