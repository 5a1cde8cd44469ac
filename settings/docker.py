"""What a stack file may say about the container engine of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.section import Section
from units import matching

_SMALLEST_NETWORK = 64
"""Addresses that the containers of the stack, and those that join them, need room for."""

Engine = Annotated[
    str,
    matching(
        r"((unix|tcp|ssh|https?|npipe)://[^\s\x00]+)?",
        "use the engine's address, unix:///var/run/docker.sock",
    ),
]
AbsolutePath = Annotated[
    str,
    matching(r"(/[^\x00-\x1f]*[^/\x00-\x1f])?", "use a whole path with no slash at its end, /var/lib/docker"),
]
NetworkName = Annotated[
    str,
    matching(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "use a name that docker network ls shows, such as shop_default"),
]


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


class Docker(Section):
    """The engine that runs the containers, and what it finds by itself."""

    host: Engine = ""
    """Socket of the engine, ``unix:///run/podman/podman.sock``; empty for DOCKER_HOST or the usual one."""
    data_root: AbsolutePath = ""
    """The engine's data folder where it is not the usual one; ``docker info`` names it."""
    containerd_socket: AbsolutePath = ""
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
    monitored_networks: tuple[NetworkName, ...] = ()
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
