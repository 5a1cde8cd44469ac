"""Where things are at a target: ports, addresses of the products, and their files.

Configuration is rendered against a `Placement`, so that a product's component says everything once and the
text differs between targets only in names and paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from workload import Port

_LOKI = (Port("http", 3100), Port("grpc", 9095))
PORTS: Mapping[str, tuple[Port, ...]] = {
    "prometheus": (Port("http", 9090, public=True),),
    "alertmanager": (Port("http", 9093, public=True),),
    "loki": (Port("http", 3100, public=True), Port("grpc", 9095)),
    "loki-ingester": _LOKI,
    "loki-querier": _LOKI,
    "loki-index-gateway": _LOKI,
    "loki-compactor": _LOKI,
    "jaeger": (
        Port("http", 16686, public=True),
        Port("grpc", 16685),
        Port("otlp-grpc", 4317),
        Port("health", 13133),
        Port("metrics", 8888),
    ),
    "jaeger-collector": (Port("otlp-grpc", 4317), Port("health", 13133), Port("metrics", 8888)),
    "jaeger-ingester": (Port("health", 13133), Port("metrics", 8888)),
    "collector": (
        Port("otlp-grpc", 4317, public=True),
        Port("otlp-http", 4318, public=True),
        Port("zipkin", 9411, public=True),
        Port("notifications", 8088),
        Port("health", 13133),
        Port("metrics", 8888),
    ),
    "grafana": (Port("http", 3000, public=True),),
    "node-exporter": (Port("http", 9100),),
    "cadvisor": (Port("http", 8080),),
    "blackbox-exporter": (Port("http", 9115),),
    "engine-proxy": (Port("http", 2375),),
    "login-proxy": (Port("http", 8080, public=True), Port("metrics", 8405)),
    "kube-state-metrics": (Port("http", 8080), Port("telemetry", 8081)),
    "prometheus-operator": (Port("http", 8080),),
    "prometheus-agent": (Port("http", 9090),),
    "log-collector": (Port("health", 13133), Port("metrics", 8888)),
    "thanos-sidecar": (Port("sidecar-http", 10902), Port("sidecar-grpc", 10901)),
    "thanos-query": (Port("http", 10902), Port("grpc", 10901)),
    "thanos-store": (Port("http", 10902), Port("grpc", 10901)),
    "thanos-compactor": (Port("http", 10902),),
}
"""Every product's ports with the numbers its community knows."""
HOSTS: Mapping[str, str] = {"thanos-sidecar": "prometheus"}
"""Sidecar → the product in whose pods it runs."""


class Placement(Protocol):
    """How products find each other and their own files at one target."""

    def listen(self, workload: str, port: str) -> str:
        """Return ``host:port`` to bind; the host is empty where every interface is meant."""

    def address(self, workload: str, port: str) -> str:
        """Return ``host:port`` under which the rest of the stack reaches that port."""

    def replicas(self, workload: str) -> tuple[str, ...]:
        """Return the host of each replica of a product; empty where there is only one."""

    def config(self, workload: str) -> str:
        """Return the folder of its configuration files."""

    def data(self, workload: str) -> str:
        """Return the folder of its data."""

    def secret(self, workload: str, name: str) -> str:
        """Return the path of one of its secret files."""

    def public_url(self, workload: str) -> str:
        """Return the URL under which people open it; empty where they cannot."""

    def log(self, workload: str) -> str:
        """Return the file that its output goes to; empty where the target's own log collection sees it."""

    def home(self, workload: str) -> str:
        """Return the folder of the files that come with the program itself."""

    def host(self, path: str) -> str:
        """Return where an agent sees that folder of the machine."""


def url(placement: Placement, workload: str, port: str = "http", path: str = "") -> str:
    """Return the address of a port inside the stack as an ``http://`` URL."""
    return f"http://{placement.address(workload, port)}{path}"


def each(placement: Placement, workload: str, port: str) -> tuple[str, ...]:
    """Return ``host:port`` of every replica of a product, for who must reach all of them."""
    address = placement.address(workload, port)
    number = address.rpartition(":")[2]
    return tuple(f"{host}:{number}" for host in placement.replicas(workload)) or (address,)


@dataclass(frozen=True)
class ContainerPlacement:
    """Docker, Podman and Kubernetes: products have names, files have fixed places."""

    homes: Mapping[str, str]
    """Where the images keep the files that come with a program."""
    public_urls: Mapping[str, str]
    """Workload → URL under which people open it."""

    def listen(self, workload: str, port: str) -> str:
        return f":{_number(workload, port)}"

    def address(self, workload: str, port: str) -> str:
        return f"{workload}:{_number(workload, port)}"

    def replicas(self, workload: str) -> tuple[str, ...]:
        return ()

    def config(self, workload: str) -> str:
        return f"/etc/{workload}"

    def data(self, workload: str) -> str:
        return f"/var/lib/{workload}"

    def secret(self, workload: str, name: str) -> str:
        return f"/run/secrets/{workload}/{name}"

    def public_url(self, workload: str) -> str:
        return self.public_urls.get(workload, "")

    def log(self, workload: str) -> str:
        return ""

    def home(self, workload: str) -> str:
        return self.homes[workload]

    def host(self, path: str) -> str:
        return f"/host{path}".rstrip("/")


def _number(workload: str, port: str) -> int:
    return next(p.number for p in PORTS[workload] if p.name == port)
