"""Where a service's metrics are: at addresses that are written down, or wherever its instances are found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from catalogue.entry import Entry
from units import NOT_EMPTY, Address, DnsName, Duration, matching

_PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")
_LARGEST_PORT = 65535


def _port(value: Any) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_PORT
    if number or (isinstance(value, str) and _PORT_NAME.fullmatch(value)):
        return value
    raise ValueError("use the number of a port, or in a cluster its name, such as http")


_Port = Annotated[int | str, BeforeValidator(_port)]
_LabelKey = Annotated[
    str, matching(r"[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?", "use the key of a label, such as app")
]
_Text = Annotated[str, matching(r"[^\n]+", "must not be empty; write what the label says")]


_Selection = Annotated[Mapping[_LabelKey, _Text], NOT_EMPTY] | None


class ServiceMetrics(Entry):
    """Where a service's Prometheus metrics are."""

    targets: tuple[Address, ...] = ()
    """``host:port`` of every instance; with ``port`` they count only where nothing finds instances."""
    port: _Port | None = None
    """Port of every instance where the target finds them: its number, or in a cluster its name."""
    pods: _Selection = None
    """Labels of its pods; those whose service it is by their own labels when left out."""
    namespace: DnsName | None = None
    """Namespace of its pods; any that is watched when left out."""
    containers: _Selection = None
    """Labels of its containers on Docker or Podman; those whose service it is when left out."""
    path: Annotated[str, matching(r"/\S*", "begin with a slash: /metrics")] = "/metrics"
    """Path of the metrics."""
    interval: Duration | None = None
    """Scrape interval; the stack's own when left out."""

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not self.targets and self.port is None:
            raise ValueError("name targets (host:port of every instance), or the port of instances to find")
        found = [name for name in ("pods", "namespace", "containers") if getattr(self, name) is not None]
        if found and self.port is None:
            raise ValueError(f"{found[0]}: needs the port at which they have metrics; add port")
        return self
