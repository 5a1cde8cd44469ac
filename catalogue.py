"""The service catalogue: what application teams write about their services.

One YAML file a service. From it come scrape jobs, log collection, the labels that alerts are routed by.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from settings.loading import explain
from units import NOT_EMPTY, Address, DnsName, Duration, Url

_SHOWN = 60


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ServiceMetrics(_Entry):
    """Where a service's Prometheus metrics are."""

    targets: Annotated[tuple[Address, ...], NOT_EMPTY]
    """``host:port`` of every instance."""
    path: Annotated[str, Field(pattern=r"^/")] = "/metrics"
    interval: Duration | None = None
    """Scrape interval; the stack's own when left out."""


class ServiceLogs(_Entry):
    """Where a service writes its log lines, JSON one a line."""

    files: Annotated[tuple[str, ...], NOT_EMPTY]
    """Paths or glob patterns, relative to the project or absolute."""


class Service(_Entry):
    """A service of an application team."""

    service: DnsName
    """Name: the label ``service`` on everything the service emits."""
    team: DnsName
    """Owner: the label ``team``, which alerts are routed by."""
    description: str = ""
    metrics: ServiceMetrics | None = None
    logs: ServiceLogs | None = None
    probes: tuple[Url, ...] = ()
    """URLs that must answer with 2xx, asked as somebody outside would; no credentials in them."""


def load(folders: Sequence[Path]) -> tuple[tuple[Service, ...], list[str]]:
    """Read every ``*.yaml`` of the folders; return the services by name, and what is wrong with the files."""
    services: dict[str, Service] = {}
    problems: list[str] = []
    for folder in folders:
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml"))
        except OSError as error:
            problems.append(
                f"catalog: folder {_shortened(folder.name)} cannot be read ({error.strerror}); "
                "create it or remove it from the list"
            )
            continue
        for file in files:
            where = f"{folder.name}/{file.name}"
            try:
                service = Service.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                problems.append(f"{where}: cannot be read: {reason}")
            except yaml.YAMLError as error:
                problems.append(f"{where}: is not YAML: {' '.join(str(error).split())}")
            except ValidationError as error:
                problems += [f"{where}: {explain(details, Service)}" for details in error.errors()]
            else:
                if service.service in services:
                    problems.append(f"{where}: service: {service.service!r} is in the catalogue twice")
                services[service.service] = service
    return tuple(services[name] for name in sorted(services)), problems


def _shortened(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
