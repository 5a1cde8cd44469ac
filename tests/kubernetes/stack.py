"""The stack `minikube` in pods, and how the tests ask it and its cluster."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.kubernetes.cluster import Cluster
from tests.live.conftest import get
from tests.live.receiver import Receiver
from tests.project import CHECKOUT, STATE_AT_THE_END, Project, until

PLUGIN = "pulumi-resource-kubernetes"
NAME = "minikube"
NAMESPACE = "observability"
PORTS = {"prometheus": 9090, "alertmanager": 9093, "loki": 3100, "jaeger": 16686, "collector": 4318}
_INSTANCE = "app.kubernetes.io/instance"
_PRODUCT = "app.kubernetes.io/name"


def published_plugin() -> str | None:
    """Return where the published plugin is on PATH; None where only the stand-in can be used."""
    return shutil.which(PLUGIN)


def copy(folder: Path, cluster: Cluster, settings: Mapping[str, Any]) -> Project:
    """Return a copy of the project whose stack goes to this cluster."""
    first = [] if published_plugin() else [CHECKOUT / "tests" / "standin"]
    project = Project.copy(folder, NAME, first_on_path=first)
    kubeconfig = str(cluster.kubeconfig)
    project.environment = {
        **project.environment,
        **STATE_AT_THE_END,
        "KUBECONFIG": kubeconfig,
        "OBSERVABILITY_STANDIN_APPLY": kubeconfig,
    }
    project.configure({**settings, "images.digests": "false"})
    return project


@dataclass
class Stack:
    """A deployed stack."""

    project: Project
    cluster: Cluster
    receiver: Receiver
    outputs: dict[str, Any] = field(default_factory=dict)

    def pods(self) -> dict[str, dict[str, Any]]:
        """Return product → its pod; those that are about to end are left out."""
        found = self.cluster.api.list("v1", "Pod", labelSelector=f"{_INSTANCE}={NAME}")
        return {
            pod["metadata"]["labels"][_PRODUCT]: pod
            for pod in found
            if "deletionTimestamp" not in pod["metadata"]
        }

    def pod(self, product: str) -> dict[str, Any]:
        """Return a product's pod."""
        return self.pods()[product]

    def address(self, product: str) -> str:
        """Return the URL of a product's Service, at the address that the cluster gave it."""
        path = self.cluster.api.path("v1", "Service", NAMESPACE, product)
        return f"http://{self.cluster.api.get(path)['spec']['clusterIP']}:{PORTS[product]}"

    def ready(self, seconds: float = 120) -> None:
        """Wait until every pod of the stack is ready."""

        def well() -> bool:
            unwell = {name: pod["status"] for name, pod in self.pods().items() if not is_ready(pod)}
            if unwell:
                raise OSError(str(unwell))
            return bool(self.pods())

        until(well, seconds=seconds, what="every pod is ready")

    def process(self, product: str) -> psutil.Process:
        """Return the main process of a product's container, as this machine sees it."""
        (status,) = self.pod(product)["status"]["containerStatuses"]
        container = status["containerID"].removeprefix("containerd://")
        for line in self.cluster.ctr("tasks", "list").splitlines():
            if line.startswith(container):
                return self._outside(int(line.split()[1]))
        raise ProcessLookupError(f"{product} does not run")

    def _outside(self, inner: int) -> psutil.Process:
        """Return the process that has this number inside the cluster's machine."""
        for process in psutil.Process(self.cluster.machine.pid).children(recursive=True):
            numbers = (
                Path(f"/proc/{process.pid}/status").read_text().split("NSpid:")[1].split("\n")[0].split()
            )
            if len(numbers) > 1 and numbers[1] == str(inner):
                return process
        raise ProcessLookupError(f"no process has the number {inner} inside")

    def file(self, product: str, path: str) -> Path:
        """Return where this machine sees a file of a product's container."""
        return Path(f"/proc/{self.process(product).pid}/root{path}")

    def kill(self, product: str) -> None:
        """Kill a product's process with SIGKILL, and wait until the kubelet has started it again."""
        before = restarts(self.pod(product))
        os.kill(self.process(product).pid, signal.SIGKILL)
        until(lambda: restarts(self.pod(product)) > before, seconds=60, what=f"{product} started again")
        self.ready()

    def delete_pod(self, product: str) -> None:
        """Delete a product's pod without a warning, and wait until another is ready in its place."""
        metadata = self.pod(product)["metadata"]
        path = self.cluster.api.path("v1", "Pod", metadata["namespace"], metadata["name"])
        self.cluster.api.request("DELETE", path, gracePeriodSeconds="0")

        def replaced() -> bool:
            pod = self.pods().get(product)
            return bool(pod and pod["metadata"]["uid"] != metadata["uid"])

        until(replaced, seconds=60, what=f"another pod of {product}")
        self.ready()

    def metric(self, query: str) -> list[dict[str, Any]]:
        """Return the result of a PromQL instant query."""
        url = f"{self.address('prometheus')}/api/v1/query"
        found: list[dict[str, Any]] = get(url, query=query)["data"]["result"]
        return found

    def logs(self, query: str) -> list[dict[str, Any]]:
        """Return the streams of a LogQL query over the last hour."""
        url = f"{self.address('loki')}/loki/api/v1/query_range"
        found: list[dict[str, Any]] = get(url, query=query, since="1h")["data"]["result"]
        return found

    def trace(self, trace_id: str) -> bool:
        """Whether Jaeger knows a trace."""
        try:
            return bool(get(f"{self.address('jaeger')}/api/traces/{trace_id}")["data"])
        except OSError:  # 404 while it does not
            return False

    def state(self) -> str:
        """Return everything in the folder of the engine's state: backups and history as well."""
        folder = self.project.path.parent / "state"
        return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is ready."""
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def restarts(pod: Mapping[str, Any]) -> int:
    """Return how often the containers of a pod were started again."""
    return sum(status["restartCount"] for status in pod["status"].get("containerStatuses", []))
