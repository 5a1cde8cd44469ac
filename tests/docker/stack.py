"""A stack in containers, and how the tests ask it and its engine."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import plan
from targets import TARGETS
from tests.live.conftest import get
from tests.project import CHECKOUT, STATE_AT_THE_END, Project, until
from tests.standin.docker_api import Docker

PLUGIN = "pulumi-resource-docker"
PRODUCTS = {*plan.PRODUCTS, *TARGETS["docker"].products}
_WELL = {"healthy", "", None}
"""What engines say of a container that is well, or that has no health check."""
NOWHERE = Docker("/nonexistent/docker.sock")
_STANDIN = CHECKOUT / "tests" / "standin"


def published_plugin() -> str | None:
    """Return where the published plugin is on PATH; None where only the stand-in can be used."""
    return shutil.which(PLUGIN)


def copy(folder: Path, engine: Docker, stack: str = "dev", **settings: Any) -> Project:
    """Return a copy of the project whose stack, with the settings of `dev`, goes to this engine."""
    first = [] if published_plugin() else [_STANDIN]
    project = Project.copy(folder, stack, first_on_path=first)
    own, dev = project.path / f"Pulumi.{stack}.yaml", project.path / "Pulumi.dev.yaml"
    texts = [yaml.safe_load(file.read_text(encoding="utf-8")) or {} for file in (dev, own)]
    own.write_text(yaml.safe_dump({**texts[0], **texts[1], "config": texts[0]["config"]}), encoding="utf-8")
    project.environment = {
        **project.environment,
        **STATE_AT_THE_END,
        "OBSERVABILITY_STANDIN_APPLY": engine.path,
    }
    if engine is not NOWHERE:
        settings["docker.dataRoot"] = engine.get("/info")["DockerRootDir"]
        settings["target"] = engine.kind
    project.configure({**settings, "docker.host": engine.host, "images.digests": "false"})
    return project


@dataclass
class Stack:
    """A deployed stack."""

    project: Project
    engine: Docker
    name: str
    outputs: dict[str, Any] = field(default_factory=dict)

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return product → its container, as `inspect` shows it; without the loaders."""
        found = self.engine.containers(**{"observability.stack": self.name})
        return {
            container["Config"]["Labels"]["observability.service"]: container
            for container in found
            if container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        }

    def id(self, product: str) -> str:
        """Return the id of a product's container."""
        return str(self.containers()[product]["Id"])

    def healthy(self, seconds: float = 90) -> None:
        """Wait until every product runs and is what its health check wants."""

        def problems() -> dict[str, Any]:
            found = {name: container["State"] for name, container in self.containers().items()}
            unwell = {
                name: state["Status"]
                for name, state in found.items()
                if not state["Running"] or state.get("Health", {}).get("Status") not in _WELL
            }
            return {**unwell, **dict.fromkeys(PRODUCTS - set(found), "absent")}

        def well() -> bool:
            if found := problems():
                raise OSError(str(found))
            return True

        until(well, seconds=seconds, what="every container healthy")

    def kill(self, product: str) -> None:
        """Kill a product's process with SIGKILL, and wait until the engine has started it again."""
        before = self.containers()[product]["State"]
        os.kill(before["Pid"], signal.SIGKILL)

        def again() -> bool:
            state = self.containers()[product]["State"]
            return state["Running"] and state["Pid"] not in {0, before["Pid"]}

        until(again, seconds=30, what=f"{product} started again")
        self.healthy()

    def metric(self, query: str) -> list[dict[str, Any]]:
        """Return the result of a PromQL instant query."""
        found: list[dict[str, Any]] = get(f"{self.outputs['prometheus_url']}/api/v1/query", query=query)[
            "data"
        ]["result"]
        return found

    def logs(self, query: str) -> list[dict[str, Any]]:
        """Return the streams of a LogQL query over the last hour."""
        url = f"{self.outputs['loki_url']}/loki/api/v1/query_range"
        found: list[dict[str, Any]] = get(url, query=query, since="1h")["data"]["result"]
        return found

    def trace(self, trace_id: str) -> bool:
        """Whether Jaeger knows a trace."""
        try:
            return bool(get(f"{self.outputs['jaeger_url']}/api/traces/{trace_id}")["data"])
        except OSError:  # 404 while it does not
            return False

    def state(self) -> str:
        """Return everything in the folder of the engine's state: backups and history as well."""
        folder = self.project.path.parent / "state"
        return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def changes(preview: str) -> dict[str, str]:
    """Resource name → operation of a ``preview --json``, without what stays or is only read."""
    steps: list[dict[str, Any]] = json.loads(preview[preview.index("{") :])["steps"]
    return {
        step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] not in {"same", "refresh"}
    }


def run(
    engine: Docker,
    script: str,
    *,
    network: str = "bridge",
    name: str = "",
    labels: Mapping[str, str] | None = None,
) -> str:
    """Run a shell script in a container of the loader's image; return its id at once."""
    body = {
        "Labels": labels or {},
        "Image": "busybox:1.37.0",
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": [script],
        "HostConfig": {"NetworkMode": network},
    }
    created = engine.post("/containers/create", body, **({"name": name} if name else {}))
    engine.post(f"/containers/{created['Id']}/start")
    return str(created["Id"])


def output(engine: Docker, script: str, *, network: str = "bridge") -> str:
    """Run a shell script in a container until its end; return what it printed."""
    container = run(engine, script, network=network)
    try:
        engine.post(f"/containers/{container}/wait")
        return engine.logs(container)
    finally:
        remove(engine, container)


def remove(engine: Docker, container: str) -> None:
    """Remove a container, running or not, gone already or not."""
    engine.delete(f"/containers/{container}", force="1", v="1")


def volumes(engine: Docker, stack: str) -> set[str]:
    """Return the names of a stack's volumes."""
    found = engine.get("/volumes", filters=json.dumps({"label": [f"observability.stack={stack}"]}))["Volumes"]
    return {volume["Name"] for volume in found or []}


def clean(engine: Docker, *stacks: str) -> None:
    """Remove what is left of these stacks, volumes included."""
    for stack in stacks:
        label = {"observability.stack": stack}
        for container in engine.containers(**label):
            remove(engine, container["Id"])
        filters = json.dumps({"label": [f"observability.stack={stack}"]})
        for network in engine.get("/networks", filters=filters):
            engine.delete(f"/networks/{network['Id']}")
        for volume in volumes(engine, stack):
            engine.delete(f"/volumes/{volume}")
