"""Every mixin that ships, and which of them apply."""

from __future__ import annotations

from collections.abc import Collection

from mixins.data import elasticsearch, kafka, logstash, mysql, postgres, rabbitmq, redis
from mixins.infrastructure import blackbox, containers, fleet, node, node_pressure
from mixins.kubernetes import (
    annotated,
    apiserver,
    autoscaling,
    kubelet,
    nodes,
    pods,
    resources,
    storage,
    workloads,
)
from mixins.model import Mixin
from mixins.services import (
    agents,
    audit,
    availability,
    cache,
    dapr,
    database,
    errors,
    events,
    http,
    overview,
    reminders,
    routes,
    tasks,
    traffic,
    websocket,
)
from mixins.stack import (
    alertmanager,
    backup,
    collector,
    general,
    grafana,
    health,
    hub,
    jaeger,
    jaeger_load,
    login_proxy,
    loki,
    loki_load,
    notifications,
    prometheus,
    prometheus_load,
    prometheus_operator,
    targets,
    thanos,
    thanos_bucket,
)

MIXINS: tuple[Mixin, ...] = (
    general.MIXIN,
    targets.MIXIN,
    overview.MIXIN,
    availability.MIXIN,
    http.MIXIN,
    routes.MIXIN,
    errors.MIXIN,
    traffic.MIXIN,
    database.MIXIN,
    cache.MIXIN,
    events.MIXIN,
    dapr.MIXIN,
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
    elasticsearch.MIXIN,
    logstash.MIXIN,
    workloads.MIXIN,
    pods.MIXIN,
    annotated.MIXIN,
    resources.MIXIN,
    nodes.MIXIN,
    kubelet.MIXIN,
    storage.MIXIN,
    apiserver.MIXIN,
    autoscaling.MIXIN,
    node.MIXIN,
    node_pressure.MIXIN,
    containers.MIXIN,
    fleet.MIXIN,
    blackbox.MIXIN,
    prometheus.MIXIN,
    prometheus_load.MIXIN,
    thanos.MIXIN,
    thanos_bucket.MIXIN,
    prometheus_operator.MIXIN,
    prometheus_operator.AGENT_MIXIN,
    alertmanager.MIXIN,
    notifications.MIXIN,
    loki.MIXIN,
    loki_load.MIXIN,
    jaeger.MIXIN,
    jaeger_load.MIXIN,
    collector.MIXIN,
    grafana.MIXIN,
    backup.MIXIN,
    health.MIXIN,
    hub.MIXIN,
    hub.OF_SPOKES,
    login_proxy.MIXIN,
)
"""Every mixin, in the order in which rule files and dashboards are listed."""


def applying(jobs: Collection[str]) -> tuple[Mixin, ...]:
    """Return the mixins whose scrape jobs are all in ``jobs``; ``services`` is the service catalogue's."""
    return tuple(mixin for mixin in MIXINS if mixin.requires <= set(jobs))
