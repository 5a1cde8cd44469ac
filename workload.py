"""The neutral description of one running product; it knows no target.

A component builds a `Workload`, a runtime lowers it. A new field needs two products that use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pulumi

    from versions import Image


@dataclass(frozen=True)
class Port:
    """A port that a product listens on."""

    name: str
    """Role of the port, unique in the workload: ``http``, ``otlp-grpc``."""
    number: int
    """Port number inside a container or pod."""
    public: bool = False
    """Whether people open it in a browser or applications outside the stack send to it."""


@dataclass(frozen=True)
class PeerPort:
    """A port that only the other replicas of a product connect to."""

    name: str
    number: int
    protocols: tuple[str, ...] = ("TCP",)


@dataclass(frozen=True)
class Volume:
    """The product's own data directory, which survives every replacement of the product."""

    size: str
    """Capacity as a Kubernetes quantity, ``10Gi``; targets without quotas use it as advice only."""


@dataclass(frozen=True)
class Resources:
    """What is reserved for the product and what it may use at most."""

    cpu_request: str
    """Processor reserved, Kubernetes quantity (``250m`` is a quarter of a core)."""
    cpu_limit: str
    memory_request: str
    """Memory reserved, Kubernetes quantity (``512Mi``)."""
    memory_limit: str


@dataclass(frozen=True)
class Probe:
    """HTTP request that answers 2xx once the product can do its work."""

    port: str
    """Name of the port."""
    path: str
    alive: str = ""
    """Path that answers 2xx also while the product waits for others, such as a database or its ring; empty
    where ``path`` does. Who fails it is restarted, which helps nobody who only waits."""


@dataclass(frozen=True)
class Reload:
    """Configuration files that the running product can take over without a restart."""

    files: tuple[str, ...]
    """Glob patterns relative to the configuration folder."""
    signal: str = ""
    """Signal that makes the product read them, ``SIGHUP``; empty where it knows none."""
    watches: bool = False
    """Whether the product also notices a change by itself, for targets that cannot signal it."""
    success_metric: str = ""
    """Metric of the product that is 1 after a successful reload; empty where it has none."""


@dataclass(frozen=True)
class HostPath:
    """A folder or a socket of the machine that a product sees; it never writes to a folder."""

    path: str
    """Absolute path on the machine."""
    mount: str
    """Where the product sees it inside its container."""


@dataclass(frozen=True)
class Workload:
    """One product as every runtime needs to know it."""

    name: str
    """Network name at every target: ``http://<name>:<port>`` on Docker and Kubernetes."""
    image: Image
    """What to run."""
    arguments: tuple[str, ...]
    """Command line after the program; never contains a secret."""
    ports: tuple[Port, ...]
    probe: Probe
    resources: Resources
    files: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Configuration: path relative to the configuration folder → content; never contains a secret."""
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Secret files: file name in the secrets folder → content."""
    volume: Volume | None = None
    reload: Reload | None = None
    host_paths: tuple[HostPath, ...] = ()
    """Folders and sockets of the machine that it sees."""
    needs: tuple[str, ...] = ()
    """Products that it starts after, by the names of their workloads."""
    replicas: int = 1
    """How many of it run side by side; more than one only where the placement has hosts for them."""
    peer_ports: tuple[PeerPort, ...] = ()
    """Ports by which its replicas find each other."""
    peers: tuple[str, ...] = ()
    """Products that find it, and each other, by the same ports, by the names of their workloads."""
    sidecars: tuple[Workload, ...] = ()
    """What runs beside each replica, as its user, and sees its data; names of ports differ from its own."""
    per_node: bool = False
    """Whether every machine of the target runs one (an agent) instead of the stack as a whole."""
    outbound: bool = False
    """Whether it connects to addresses outside the stack."""
    joins_applications: bool = False
    """Whether it is on the networks of the applications as well: to scrape, to probe, to be sent to."""
    cloud_identity: pulumi.Input[str] = ""
    """Azure: client id of an identity that the program itself makes for it; empty where it makes none."""
    user: int = 65532
    """User id the product runs as in a container; owns its secrets and its data."""

    @property
    def all_ports(self) -> tuple[Port, ...]:
        """Ports of it and of its sidecars."""
        return (*self.ports, *(port for sidecar in self.sidecars for port in sidecar.ports))

    def port(self, name: str) -> Port:
        """Return the port of that name; `KeyError` where the product has none."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(f"{self.name} has no port {name!r}; it has {', '.join(p.name for p in self.ports)}")
