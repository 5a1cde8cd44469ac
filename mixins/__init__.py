"""What is monitored, one module per technology; pure values, no Pulumi."""

from __future__ import annotations

from collections.abc import Collection

from mixins import (
    agents,
    alertmanager,
    audit,
    blackbox,
    cache,
    collector,
    containers,
    database,
    events,
    general,
    grafana,
    http,
    jaeger,
    kafka,
    loki,
    mysql,
    node,
    postgres,
    prometheus,
    rabbitmq,
    redis,
    reminders,
    stack,
    tasks,
    traffic,
    websocket,
)
from mixins.model import Mixin

MIXINS: tuple[Mixin, ...] = (
    general.MIXIN,
    http.MIXIN,
    traffic.MIXIN,
    database.MIXIN,
    cache.MIXIN,
    events.MIXIN,
    tasks.MIXIN,
    reminders.MIXIN,
    audit.MIXIN,
    agents.MIXIN,
    websocket.MIXIN,
    postgres.MIXIN,
    mysql.MIXIN,
    redis.MIXIN,
    kafka.MIXIN,
    rabbitmq.MIXIN,
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
