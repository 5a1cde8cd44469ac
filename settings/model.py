"""What a stack file may say: the pydantic model of ``Pulumi.<stack>.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mixins.thresholds import Thresholds
from settings.alerting import Alerting
from settings.backups import Backups
from settings.buckets import CreateBuckets
from settings.database import Database
from settings.hub import Hub
from settings.kubernetes import Kubernetes
from settings.load import Load
from settings.object_storage import LogBucket, MetricBucket
from settings.section import Section
from settings.traces import Traces
from slo.policy import BudgetPolicy
from units import Duration, FolderPath, LabelValue, PortNumber, Quantity, at_least

TargetName = Literal["process", "docker", "podman", "minikube", "oke", "aks", "gke", "gke-autopilot"]

_REGISTRY = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(/[a-z0-9][a-z0-9._-]*)*")
_SMALLEST_NETWORK = 64
"""Addresses that the containers of the stack, and those that join them, need room for."""


def _registry(value: str) -> str:
    if value and not _REGISTRY.fullmatch(value):
        raise ValueError(
            "use a host with a path where there is one, registry.example.org:5000/mirror, no https://"
        )
    return value


def _bind_address(value: str) -> str:
    try:
        address = IPv4Address(value)
    except ValueError:
        raise ValueError("use an IPv4 address of this machine, such as 127.0.0.1") from None
    if address.is_unspecified:
        raise ValueError("would expose Prometheus without a password; name one address of this machine")
    return value


def _ipv4(value: str) -> str:
    try:
        return str(IPv4Address(value))
    except ValueError:
        raise ValueError("use an IPv4 address such as 172.20.0.10") from None


def _subnet(value: str) -> str:
    if not value:
        return value
    try:
        address, _, prefix = value.partition("/")
        network = IPv4Network((address, int(prefix)), strict=False)
    except ValueError:
        raise ValueError("use an address range such as 172.20.0.0/16") from None
    if str(network) != value:
        raise ValueError(f"has bits beyond its prefix; write {network}")
    if network.num_addresses < _SMALLEST_NETWORK:
        raise ValueError("is too small for the stack; use a /26 or larger, such as 172.20.0.0/16")
    if not network.is_private:
        raise ValueError("is not a private range; use a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
    return value


class Metrics(Section):
    """Prometheus."""

    retention: Annotated[Duration, at_least("2h", "a block of samples is that long")] = "30d"
    """How long samples are kept."""
    max_size: Quantity = "8Gi"
    """Upper bound of the samples on disk; the oldest go first."""
    scrape_interval: Duration = "15s"
    """How often targets are scraped and rules evaluated."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""
    object_storage: MetricBucket | None = None
    """Bucket that Thanos keeps samples in beyond ``retention``; for targets of clouds."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the bucket needs."""
        return self.object_storage.secret_keys if self.object_storage else ()


class Logs(Section):
    """Loki."""

    retention: Annotated[Duration, at_least("24h", "Loki refuses less")] = "31d"
    """How long log lines are kept."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""
    object_storage: LogBucket | None = None
    """Bucket that lines are kept in instead of on the volume; for targets of clouds."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the bucket needs."""
        return self.object_storage.secret_keys if self.object_storage else ()


class Dashboards(Section):
    """Grafana."""

    username: Annotated[str, Field(min_length=1)] = "admin"
    """Name of the administrator; the password is generated."""
    storage: Quantity = "5Gi"
    """Capacity of the volume."""
    database: Database | None = None
    """Database that several replicas share; without one Grafana keeps its own on the volume."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the database needs."""
        return (self.database.password_secret,) if self.database else ()


class Images(Section):
    """Where container images come from."""

    registry: Annotated[str, AfterValidator(_registry)] = ""
    """Registry that mirrors every image, ``registry.example.org/mirror``; empty for the images' own."""
    digests: bool = True
    """Whether images are pinned by digest as well; false for a mirror that rewrites them."""


class Docker(Section):
    """The engine that runs the containers, and what it finds by itself."""

    host: str = ""
    """Socket of the engine, ``unix:///run/podman/podman.sock``; empty for DOCKER_HOST or the usual one."""
    data_root: Annotated[str, Field(pattern=r"^(/.*[^/])?$")] = ""
    """The engine's data folder where it is not the usual one; ``docker info`` names it."""
    containerd_socket: Annotated[str, Field(pattern=r"^(/.*[^/])?$")] = ""
    """Socket of the containerd that holds the images, as in new installations of Docker 29 and later
    (``/run/containerd/containerd.sock``): cAdvisor needs it there, and could do anything with it."""
    discovery: bool = True
    """Whether the logs and metrics of every container of the engine are found by themselves."""
    bind_address: Annotated[str, AfterValidator(_bind_address)] = "127.0.0.1"
    """Address of this machine that public ports are published on; whoever reaches it needs no password."""
    subnet: Annotated[str, AfterValidator(_subnet)] = ""
    """Address range of the private network, ``172.20.0.0/16``; the engine chooses one when left out."""
    addresses: Mapping[str, Annotated[str, AfterValidator(_ipv4)]] = Field(default_factory=dict)
    """Fixed addresses in ``subnet`` by product, ``prometheus: 172.20.0.10``; the engine chooses the rest."""
    monitored_networks: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Networks of other projects, ``shop_default``, that the stack joins: to scrape, probe and be sent to."""

    @model_validator(mode="after")
    def _addresses_are_in_the_subnet(self) -> Self:
        if not self.addresses:
            return self
        if not self.subnet:
            raise ValueError("addresses need a subnet; set docker.subnet, such as 172.20.0.0/16")
        network, given = IPv4Network(self.subnet), list(self.addresses.values())
        gateway = str(network.network_address + 1)
        problems = [
            f"addresses.{product}: {address} is {reason}"
            for product, address in self.addresses.items()
            for wrong, reason in (
                (IPv4Address(address) not in network.hosts(), f"no address of {network}; choose one in it"),
                (address == gateway, "the gateway of the network; choose another"),
                (given.count(address) > 1, "given twice; choose another"),
            )
            if wrong
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


SECTIONS_WITH_SECRETS: Mapping[str, type[Alerting | Metrics | Logs | Traces | Dashboards]] = {
    "alerting": Alerting,
    "metrics": Metrics,
    "logs": Logs,
    "traces": Traces,
    "dashboards": Dashboards,
}
"""Sections whose ``secret_keys`` name configuration keys of secrets."""


class Settings(Section):
    """Everything a stack file says, checked."""

    stack: str
    """Name of the Pulumi stack; not written in the file."""
    target: TargetName
    """Where the stack runs."""
    profile: Literal["single", "ha", "scale"] = "single"
    """One replica of everything; several of what keeps data and answers people (``ha``, in a cluster); or
    these with Loki in parts and traces by way of a queue as well (``scale``)."""
    environment: LabelValue = ""
    """Value of the label ``environment`` on every series, log line and alert; the stack's name if empty."""
    hub: Hub | None = None
    """Stack that gets this one's metrics, log lines and traces as well."""
    spokes: tuple[Annotated[LabelValue, Field(min_length=1)], ...] = ()
    """Environments of the stacks that name this one as their hub: they notify of their own alerts."""
    load: Load = Load()
    metrics: Metrics = Metrics()
    logs: Logs = Logs()
    traces: Traces = Traces()
    dashboards: Dashboards = Dashboards()
    alerting: Alerting = Alerting()
    thresholds: Thresholds = Thresholds()
    backups: Backups = Backups()
    error_budget: BudgetPolicy = BudgetPolicy()
    create_buckets: CreateBuckets | None = None
    """Where the program makes the buckets it names itself; without it they are there already."""
    catalog: tuple[str, ...] = ("catalog",)
    """Folders of service catalogue files, relative to the project."""
    ports: Mapping[str, PortNumber] = Field(default_factory=dict)
    """Ports of this machine by name (``prometheus-http``) where the usual one does not suit."""
    port_offset: Annotated[int, Field(ge=0, le=40000)] = 0
    """Added to every port of this machine that ``ports`` does not name: for a second stack beside one."""
    data_directory: FolderPath = ""
    """Folder of the processes' data; ``.state/stacks/<stack>`` in the project when left out."""
    delete_data: bool = False
    """Whether ``pulumi destroy`` deletes the data as well."""
    runbooks: str = "docs/runbooks"
    """Folder or base URL that the runbook links of alerts lead to."""
    kubernetes: Kubernetes = Kubernetes()
    docker: Docker = Docker()
    images: Images = Images()

    @model_validator(mode="after")
    def _a_hub_can_tell_its_spokes(self) -> Self:
        if self.environment_label in self.spokes:
            raise ValueError(f"spokes: {self.environment_label!r} is this stack's own environment; remove it")
        if self.spokes and self.profile != "single":
            raise ValueError(
                f"spokes: each of the two Prometheus of the profile {self.profile!r} would get a part of "
                "what they send; use the profile single for a hub"
            )
        return self

    @property
    def environment_label(self) -> str:
        """Value of the label ``environment``."""
        return self.environment or self.stack
