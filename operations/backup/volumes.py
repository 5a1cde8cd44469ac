"""The data of products that run in containers: volumes of an engine on this machine."""

from __future__ import annotations

import json
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import IO, Any

from operations.backup.archive import Member, below, write_with_holes
from operations.backup.places import PlaceError, Snapshot
from runtimes.docker.engine import SERVICE_LABEL, STACK_LABEL, EngineError, call
from settings import PROJECT

_INSIDE = "/restored"
"""Where a container that is never started sees the volume that something is restored into."""


class Volumes:
    """The data volumes of a stack, by way of the engine's API; nothing is run for it."""

    def __init__(self, host: str, stack: str, image: str) -> None:
        """``image`` is any that the engine has: containers that are never started are made of it."""
        self._host, self._stack, self._image = host, stack, image

    def products(self) -> list[str]:
        filters = json.dumps({"label": [f"{STACK_LABEL}={self._stack}"]})
        volumes = self._json("GET", "/volumes", {"filters": filters})["Volumes"] or []
        products = {volume["Labels"][SERVICE_LABEL]: volume["Name"] for volume in volumes}
        names = {volume["Name"] for volume in volumes}
        return sorted(product for product in products if self._volume(product) in names)

    @contextmanager
    def snapshot(self, product: str, scratch: Path) -> Iterator[Snapshot]:
        copy, running = scratch / f"{product}.tar", self._runs(product)
        with self._mounted(self._volume(product)) as reader:
            if running:
                self._json("POST", f"/containers/{self._container(product)}/pause")
            held_since = monotonic()
            try:
                with self._asked("GET", f"/containers/{reader}/archive", {"path": _INSIDE}) as answer:
                    write_with_holes(answer, copy)
            finally:
                if running:
                    self._json("POST", f"/containers/{self._container(product)}/unpause")
            held = monotonic() - held_since if running else 0.0
        with tarfile.open(copy) as tar:
            yield Snapshot(below(_INSIDE.strip("/"), tar), held)

    def restore(self, product: str, archive: Path, into: str = "") -> str:
        name = into or self._volume(product)
        if not into and self._runs(product):
            raise PlaceError(f"{product} is running; stop it first: make down STACK={self._stack}")
        self._create(name, product)
        with self._mounted(name) as container:
            if next(self._content(container), None):
                raise PlaceError(
                    f"volume {name} has data already; remove it, or name another volume with --into"
                )
            self._fill(container, archive)
        return f"volume {name}"

    @contextmanager
    def trial(self, product: str, archive: Path) -> Iterator[Iterator[Member]]:
        name = f"{self._volume(product)}-{uuid.uuid4().hex[:8]}"
        self._json("POST", "/volumes/create", body={"Name": name})
        try:
            with self._mounted(name) as container:
                self._fill(container, archive)
                yield self._content(container)
        finally:
            self._json("DELETE", f"/volumes/{name}")

    def _volume(self, product: str) -> str:
        return f"{PROJECT}-{self._stack}-{product}-data"

    def _container(self, product: str) -> str:
        return f"{PROJECT}-{self._stack}-{product}"

    def _runs(self, product: str) -> bool:
        filters = json.dumps({"name": [f"^/?{self._container(product)}$"], "status": ["running"]})
        return bool(self._json("GET", "/containers/json", {"filters": filters}))

    def _create(self, name: str, product: str) -> None:
        labels = {STACK_LABEL: self._stack, SERVICE_LABEL: product}
        self._json("POST", "/volumes/create", body={"Name": name, "Labels": labels})

    @contextmanager
    def _mounted(self, volume: str) -> Iterator[str]:
        """Yield a container that has the volume at `_INSIDE` and is never started."""
        mount = {"Type": "volume", "Source": volume, "Target": _INSIDE}
        asked = {"Image": self._image, "Cmd": ["true"], "HostConfig": {"Mounts": [mount]}}
        container = str(self._json("POST", "/containers/create", body=asked)["Id"])
        try:
            yield container
        finally:
            self._json("DELETE", f"/containers/{container}")

    def _content(self, container: str) -> Iterator[Member]:
        with (
            self._asked("GET", f"/containers/{container}/archive", {"path": _INSIDE}) as answer,
            tarfile.open(fileobj=answer, mode="r|") as tar,
        ):
            yield from below(_INSIDE.strip("/"), tar)

    def _fill(self, container: str, archive: Path) -> None:
        with archive.open("rb") as content:
            where = {"path": _INSIDE, "noOverwriteDirNonDir": "true"}
            with self._asked("PUT", f"/containers/{container}/archive", where, content):
                pass

    def _json(
        self, method: str, resource: str, query: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        with self._asked(method, resource, query, json.dumps(body).encode() if body else None) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None

    @contextmanager
    def _asked(
        self,
        method: str,
        resource: str,
        query: Mapping[str, str] | None = None,
        body: bytes | IO[bytes] | None = None,
    ) -> Iterator[IO[bytes]]:
        try:
            with call(self._host, method, resource, query or {}, body) as answer:
                yield answer
        except EngineError as error:
            raise PlaceError(f"the container engine: {error}") from None
        except tarfile.TarError as error:
            raise PlaceError(f"what the container engine sends is no archive: {error}") from None
