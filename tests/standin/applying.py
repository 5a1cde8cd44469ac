"""What the engine asks of the Docker plugin, done with Docker's own API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from tests.standin.docker_api import Docker, DockerError
from tests.standin.docker_bodies import archive, container_body, host_configuration, labels, network_body

Properties = Mapping[str, Any]
_CONTAINER_KEYS = frozenset(
    (
        "attach",
        "capabilities",
        "command",
        "cpus",
        "destroyGraceSeconds",
        "entrypoints",
        "envs",
        "healthcheck",
        "hostname",
        "image",
        "labels",
        "logDriver",
        "logOpts",
        "memory",
        "memorySwap",
        "mounts",
        "mustRun",
        "name",
        "networkMode",
        "networksAdvanced",
        "pidMode",
        "ports",
        "readOnly",
        "restart",
        "securityOpts",
        "tmpfs",
        "uploads",
        "user",
        "wait",
        "waitTimeout",
    )
)
"""Arguments that are done; any other is an error, so that nothing asked for is left out silently."""


@dataclass(frozen=True)
class Applying:
    """Creates, reads, changes and deletes what the resources describe; secrets are given in the clear."""

    engine: Docker

    def create(self, kind: str, inputs: Properties) -> tuple[str, dict[str, Any]]:
        """Create a resource; return its id and what is only known afterwards."""
        match kind.rpartition(":")[2]:
            case "RemoteImage":
                image = str(self._image(inputs["name"])["Id"])
                return image, {"imageId": image}
            case "Volume":
                body = {"Name": inputs["name"], "Labels": labels(inputs)}
                made = self.engine.post("/volumes/create", body)
                return made["Name"], {"mountpoint": made["Mountpoint"]}
            case "Network":
                return self.engine.post("/networks/create", network_body(inputs))["Id"], {}
            case "Container":
                return self._container(inputs)
        raise ValueError(f"the stand-in does not make a {kind}")

    def read(self, kind: str, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return what differs from the inputs; None where the resource is gone."""
        plural = {
            "RemoteImage": "images",
            "Volume": "volumes",
            "Network": "networks",
            "Container": "containers",
        }
        name = kind.rpartition(":")[2]
        suffix = "/json" if name in {"RemoteImage", "Container"} else ""
        try:
            found = self.engine.get(f"/{plural[name]}/{identifier}{suffix}")
        except DockerError as error:
            if error.status == 404:
                return None
            raise
        stopped = name == "Container" and inputs.get("mustRun", True) and not found["State"]["Running"]
        return {"mustRun": False} if stopped else {}

    def update(self, kind: str, identifier: str, inputs: Properties) -> None:
        """Change what can be changed in place: a container's limits, and whether it runs."""
        if kind.rpartition(":")[2] != "Container":
            return
        host = host_configuration(inputs)
        keys = ("Memory", "MemorySwap", "RestartPolicy")
        self.engine.post(f"/containers/{identifier}/update", {key: host[key] for key in keys if key in host})
        if inputs.get("mustRun", True):
            self.engine.post(f"/containers/{identifier}/start")

    def delete(self, kind: str, identifier: str, inputs: Properties) -> None:
        """Delete a resource; images stay where they are to be kept."""
        match kind.rpartition(":")[2]:
            case "Volume":
                self.engine.delete(f"/volumes/{identifier}")
            case "Network":
                self.engine.delete(f"/networks/{identifier}")
            case "Container":
                try:
                    grace = str(inputs.get("destroyGraceSeconds", 10))
                    self.engine.post(f"/containers/{identifier}/stop", t=grace)
                except DockerError as error:
                    if error.status != 404:
                        raise
                self.engine.delete(f"/containers/{identifier}", force="1")

    def _image(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.engine.get(f"/images/{name}/json")
        except DockerError as error:
            if error.status != 404:
                raise
            try:
                self.engine.request("POST", "/images/create", None, "", fromImage=name)
            except DockerError as refused:
                raise DockerError(refused.status, f"{name}: {refused}") from None
            found = self.engine.get(f"/images/{name}/json")
        return found

    def _container(self, inputs: Properties) -> tuple[str, dict[str, Any]]:
        if unknown := set(inputs) - _CONTAINER_KEYS:
            raise ValueError(f"the stand-in does not know these arguments of a container: {sorted(unknown)}")
        created = self.engine.post("/containers/create", container_body(inputs), name=inputs["name"])
        identifier = str(created["Id"])
        try:
            return identifier, self._start(identifier, inputs)
        except (DockerError, OSError):
            self.engine.delete(f"/containers/{identifier}", force="1")
            raise

    def _start(self, identifier: str, inputs: Properties) -> dict[str, Any]:
        if networks := inputs.get("networksAdvanced", []):
            self.engine.post("/networks/bridge/disconnect", {"Container": identifier, "Force": False})
        for network in networks:
            endpoint: dict[str, Any] = {"Aliases": network.get("aliases", [])}
            if address := network.get("ipv4Address"):
                endpoint["IPAMConfig"] = {"IPv4Address": address}
            body = {"Container": identifier, "EndpointConfig": endpoint}
            self.engine.post(f"/networks/{network['name']}/connect", body)
        if uploads := inputs.get("uploads", []):
            path = f"/containers/{identifier}/archive"
            self.engine.request("PUT", path, archive(uploads), "application/x-tar", path="/")
        self.engine.post(f"/containers/{identifier}/start")
        if inputs.get("wait"):
            self._wait_until_healthy(identifier, float(inputs.get("waitTimeout", 60)))
        if inputs.get("attach"):
            return {"exitCode": self.engine.post(f"/containers/{identifier}/wait")["StatusCode"]}
        return {}

    def _wait_until_healthy(self, identifier: str, seconds: float) -> None:
        deadline = monotonic() + seconds
        while self.engine.get(f"/containers/{identifier}/json")["State"]["Health"]["Status"] != "healthy":
            if monotonic() > deadline:
                raise TimeoutError(
                    f"container failed to be in healthy state: {self.engine.logs(identifier)[-2000:]}"
                )
            sleep(0.5)
