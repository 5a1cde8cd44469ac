"""What a file of the catalogue may say about a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from catalogue.entry import Entry
from catalogue.metrics import ServiceMetrics
from catalogue.objectives import Alerts, Objective
from slo.model import Slo
from units import NOT_EMPTY, DnsName, Url


class ServiceLogs(Entry):
    """Where a service writes its log lines, JSON one a line."""

    files: Annotated[tuple[str, ...], NOT_EMPTY]
    """Paths or glob patterns, relative to the project or absolute; of use where services are processes, since
    what containers and pods write is read by itself."""


class Service(Entry):
    """A service of an application team."""

    service: DnsName
    """Name: the label ``service`` on everything the service emits."""
    team: DnsName
    """Owner: the label ``team``, which alerts are routed by."""
    tier: Literal[1, 2, 3] | None = None
    """How much depends on it: 1 for what users see at once, 3 for what may wait; the label ``tier`` of its
    alerts."""
    description: str = ""
    """A sentence."""
    endpoints: Mapping[DnsName, Url] = Field(default_factory=dict)
    """Addresses of the service by name, shown on its dashboard."""
    metrics: ServiceMetrics | None = None
    """Where its metrics are scraped, and how its instances are found."""
    logs: ServiceLogs | None = None
    """Where its log lines are read."""
    probes: tuple[Url, ...] = ()
    """URLs that must answer with 2xx, asked as somebody outside would; no credentials in them."""
    slos: tuple[Objective, ...] = ()
    """Objectives of the service."""
    alerts: Alerts = Field(default_factory=Alerts)
    """What is different about the alerts of all its objectives."""
    links: Mapping[DnsName, Url] = Field(default_factory=dict)
    """Pages about the service, shown on its dashboard; ``runbook`` replaces the alerts' own runbook pages."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        problems = []
        taken: set[str] = set()
        agreements = {f"{objective.name}-sla" for objective in self.slos if objective.sla}
        for number, objective in enumerate(self.slos):
            name, here = objective.name, f"slos.{number}"
            if name in taken:
                problems.append(f"{here}.name: {name!r} is written twice; give each a name of its own")
            if name in agreements:
                problems.append(
                    f"{here}.name: {name!r} is the agreement (sla) of another objective; rename it"
                )
            if objective.uptime and not self.probes:
                problems.append(f"{here}.uptime: counts probes, but the service has none; add probes")
            taken.add(name)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def objectives(self) -> tuple[Slo, ...]:
        """Its objectives, and beside each the agreement with somebody else where it has one."""
        return tuple(
            slo
            for objective in self.slos
            for slo in objective.slos(
                self.service,
                self.team,
                self.alerts,
                {"tier": str(self.tier)} if self.tier else {},
                self.links.get("runbook", ""),
            )
        )
