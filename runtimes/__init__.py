"""Runtimes lower a `Workload` to the resources of one kind of target."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pulumi

    from placement import Placement
    from workload import Workload

SKIP = "OBSERVABILITY_SKIP_PREFLIGHT"
"""Environment variable: ``1`` where a preview must look at no machine and no cluster, as on build servers."""


def looks_around() -> bool:
    """Whether a runtime may look at the machine or the cluster."""
    return os.environ.get(SKIP) != "1"


@dataclass(frozen=True)
class Deployed:
    """A workload that was handed to a target."""

    addresses: Mapping[str, pulumi.Output[str]]
    """Public port → ``host:port`` as people and applications outside the stack reach it.

    A port that the target does not make reachable is absent.
    """
    tls: bool = False
    """Whether the ports speak HTTPS."""

    def url(self, port: str = "http") -> pulumi.Output[str] | None:
        """Return the URL of a public port, None where the target does not expose it."""
        address = self.addresses.get(port)
        if address is None:
            return None
        return address.apply(lambda a: f"https://{a.removesuffix(':443')}" if self.tls else f"http://{a}")


class Runtime(Protocol):
    """What turns workloads into resources of one kind of target."""

    @property
    def placement(self) -> Placement:
        """Where ports, addresses and files are, for rendering configuration."""

    def unavailable(self, workloads: Collection[str]) -> Mapping[str, str]:
        """Return the optional products that this machine cannot run, each with one line that says why."""

    def notices(self) -> Sequence[str]:
        """Return what is limited or different at this target, a line each."""

    def announcements(self, workloads: Collection[str]) -> Sequence[str]:
        """Return what the next deployment is about to do here that takes its time, a line each."""

    def problems(self, workloads: Collection[str]) -> list[str]:
        """Return everything that would keep these workloads from starting, before anything is registered."""

    def deploy(self, workload: Workload, parent: pulumi.Resource) -> Deployed:
        """Register the resources of a workload as children of ``parent``.

        Raises `UnsupportedError` where the target cannot honour a field; nothing is dropped silently.
        """


class UnsupportedError(Exception):
    """A runtime cannot honour a field of a workload."""

    def __init__(self, workload: str, field: str, target: str, reason: str) -> None:
        super().__init__(f"{workload}: {field} cannot be honoured on target {target!r}: {reason}")


def refuse_sidecars(workload: Workload, target: str) -> None:
    """Refuse what takes pods: a target without them runs one program for each product."""
    if workload.sidecars:
        raise UnsupportedError(workload.name, "sidecars", target, "it has no pods; use profile single")
