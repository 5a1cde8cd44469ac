"""What is monitored, one module per technology; pure values, no Pulumi."""

from __future__ import annotations

from collections.abc import Collection

from mixins import (
    alertmanager,
    blackbox,
    collector,
    containers,
    general,
    grafana,
    http,
    jaeger,
    loki,
    node,
    prometheus,
    stack,
)
from mixins.model import Mixin

MIXINS: tuple[Mixin, ...] = (
    general.MIXIN,
    http.MIXIN,
    node.MIXIN,
    containers.MIXIN,
    blackbox.MIXIN,
    prometheus.MIXIN,
    alertmanager.MIXIN,
    loki.MIXIN,
    jaeger.MIXIN,
    collector.MIXIN,
    grafana.MIXIN,
    stack.MIXIN,
)
"""Every mixin, in the order in which rule files and dashboards are listed."""


def applying(jobs: Collection[str]) -> tuple[Mixin, ...]:
    """Return the mixins whose scrape jobs are all in ``jobs``; ``services`` is the service catalogue's."""
    return tuple(mixin for mixin in MIXINS if mixin.requires <= set(jobs))
