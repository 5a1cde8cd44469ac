"""The provider's side of the engine's protocol: requests in, one resource's semantics called, answers out."""

# ruff: noqa: ARG002, N802  (the names and the arguments are the protocol's)

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from provider import checks, ownership, password, process
from provider.changes import Change
from provider.errors import ProviderError
from provider.values import contains_unknown, from_struct, to_struct
from provider.waiting import Cancellation

VERSION: Final = "1.0.0"
PASSWORD, PROCESS = "observability:index:Password", "observability:index:Process"

Answer = TypeVar("Answer")
_Difference = provider_pb2.DiffResponse
_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _old_inputs(request: Any) -> dict[str, Any]:
    """Return the recorded inputs."""
    return from_struct(request.old_inputs)


def difference(changes: Mapping[str, Change]) -> provider_pb2.DiffResponse:
    """Return the engine's form of a set of changes."""
    top = {path: path.split("[", 1)[0] for path in changes}
    return _Difference(
        changes=_Difference.DIFF_SOME if changes else _Difference.DIFF_NONE,
        diffs=sorted(set(top.values())),
        replaces=sorted({top[path] for path, change in changes.items() if change.replace}),
        # A process cannot exist twice: both would want the same ports.
        deleteBeforeReplace=any(change.replace for change in changes.values()),
        detailedDiff={
            path: provider_pb2.PropertyDiff(
                kind=_KINDS[change.kind, change.replace], inputDiff=change.of_input
            )
            for path, change in changes.items()
        },
        hasDetailedDiff=True,
    )


class Service(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine; operations run side by side in the server's threads."""

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation
        self._active = 0
        self._idle = threading.Condition()

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no operation is under way; False when the time is over before."""
        with self._idle:
            return self._idle.wait_for(lambda: self._active == 0, timeout_seconds)

    @contextmanager
    def _operation(self) -> Iterator[None]:
        with self._idle:
            self._active += 1
        try:
            yield
        finally:
            with self._idle:
                self._active -= 1
                self._idle.notify_all()

    def _answer(self, context: grpc.ServicerContext, work: Callable[[], Answer]) -> Answer:
        """Return the work's answer, or its problem as one clear message."""
        try:
            with self._operation():
                return work()
        except ProviderError as error:
            message = str(error)
        except OSError as error:
            message = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        except Exception as error:  # noqa: BLE001 (people get a message, never a traceback)
            where = traceback.extract_tb(sys.exc_info()[2])[-1]
            place = f"{where.filename.rsplit('/', 1)[-1]}:{where.lineno}"
            defect = f"{type(error).__name__}: {error}; {place}"
            message = f"a defect in the observability provider ({defect}); please report it"
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
        raise AssertionError("abort does not return")

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Agree on the protocol."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Our version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No SDK is generated from this provider, so its schema is only a name."""
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "observability", "version": "{VERSION}"}}')

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return the provider has no configuration."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return the provider has no configuration, so nothing about it ever changes."""
        return difference({})

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say what we understand."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Validate inputs."""

        def work() -> provider_pb2.CheckResponse:
            check = {PASSWORD: password.check, PROCESS: checks.check}.get(_type(request.urn))
            if check is None:
                raise ProviderError(
                    f"{_type(request.urn)} does not exist; there are {PASSWORD} and {PROCESS}"
                )
            inputs, problems = check(from_struct(request.news))
            failures = [provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in problems]
            return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

        return self._answer(context, work)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return what changes, and what is not as the state says."""

        def work() -> provider_pb2.DiffResponse:
            old, new = _old_inputs(request), from_struct(request.news)
            compare = password.diff if _type(request.urn) == PASSWORD else process.diff
            return difference(compare(old, new))

        return self._answer(context, work)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Make the resource."""

        def work() -> provider_pb2.CreateResponse:
            inputs = from_struct(request.properties)
            if _type(request.urn) == PASSWORD:
                identifier, made = password.create(inputs, preview=request.preview)
                return provider_pb2.CreateResponse(id=identifier, properties=to_struct(made))
            if not contains_unknown(inputs["directory"]):
                ownership.claim(Path(inputs["directory"]), request.urn, preview=request.preview)
            if request.preview:
                process.preview(inputs)
            else:
                process.create(inputs, self._cancellation)
            identifier = "" if contains_unknown(inputs["name"]) else inputs["name"]
            return provider_pb2.CreateResponse(id=identifier, properties=to_struct(process.outputs(inputs)))

        return self._answer(context, work)

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return the state as it is; a process that is gone stays a resource, which does not run."""

        def work() -> provider_pb2.ReadResponse:
            properties, inputs = from_struct(request.properties), from_struct(request.inputs)
            if not inputs:
                raise ProviderError("these resources cannot be imported; declare them and run `pulumi up`")
            if _type(request.urn) == PROCESS:
                properties = process.outputs(inputs, running=process.is_current(inputs))
            return provider_pb2.ReadResponse(
                id=request.id, properties=to_struct(properties), inputs=request.inputs
            )

        return self._answer(context, work)

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Change the resource in place."""

        def work() -> provider_pb2.UpdateResponse:
            inputs = from_struct(request.news)
            if request.preview:
                process.preview(inputs)
            else:
                process.update(inputs, self._cancellation)
            return provider_pb2.UpdateResponse(properties=to_struct(process.outputs(inputs)))

        return self._answer(context, work)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remove the resource; one that is already gone is fine."""

        def work() -> empty_pb2.Empty:
            if _type(request.urn) == PROCESS:
                process.delete(_old_inputs(request))
            return empty_pb2.Empty()

        return self._answer(context, work)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """End every wait."""
        self._cancellation.cancel()
        return empty_pb2.Empty()
