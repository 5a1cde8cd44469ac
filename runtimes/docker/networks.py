"""The networks of a stack in a container engine, and which of them a product is on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import pulumi
import pulumi_docker as docker

from runtimes.docker import engine
from settings import Settings
from workload import Workload


class Networks:
    """A private network for all, and a public one for what people open and what connects to the outside.

    ``name`` makes the name by which people see something in the engine of its role.
    """

    def __init__(self, settings: Settings, name: Callable[[str], str], opts: pulumi.ResourceOptions) -> None:
        self._stack, self._docker = settings.stack, settings.docker
        self._name, self._opts = name, opts

    def of(self, workload: Workload) -> list[docker.ContainerNetworksAdvancedArgs]:
        """Return the networks that a product is on; those of applications for some."""
        public = workload.outbound or any(port.public for port in workload.ports)
        joined = self._docker.monitored_networks if workload.joins_applications else ()
        aliases = [workload.name]
        # Applications know by name what they send to; another name of ours could be one of theirs.
        called = aliases if any(port.public and port.name != "http" for port in workload.ports) else None
        return [
            docker.ContainerNetworksAdvancedArgs(
                name=self._private.name,
                aliases=aliases,
                ipv4_address=self._docker.addresses.get(workload.name),
            ),
            *(
                [docker.ContainerNetworksAdvancedArgs(name=self._public.name, aliases=aliases)]
                if public
                else []
            ),
            *(docker.ContainerNetworksAdvancedArgs(name=name, aliases=called) for name in joined),
        ]

    @cached_property
    def _public(self) -> docker.Network:
        return self._network("public", internal=False)

    @cached_property
    def _private(self) -> docker.Network:
        return self._network("private", internal=True, subnet=self._docker.subnet)

    def _network(self, role: str, *, internal: bool, subnet: str = "") -> docker.Network:
        return docker.Network(
            f"{role}-network",
            name=self._name(role),
            driver="bridge",
            internal=internal,
            ipam_configs=[docker.NetworkIpamConfigArgs(subnet=subnet)] if subnet else None,
            labels=[docker.NetworkLabelArgs(label=engine.STACK_LABEL, value=self._stack)],
            opts=self._opts,
        )
