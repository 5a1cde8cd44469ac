"""What the existing systems have, by the ids of their requirements: alerts, recorded series, panels.

Where systems differ in a number, each number is a setting: ``given`` says which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
import yaml

from mixins.model import Alert, Links, RecordingRule, Severity, rule_file
from mixins.shipped import MIXINS
from mixins.thresholds import Thresholds
from slo import indicators
from slo.links import ServiceLinks
from slo.mixin import mixins as slo_mixins
from slo.model import Slo
from slo.policy import BudgetPolicy
from tests.unit.test_mixins import ROOT, metrics_in

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


@dataclass(frozen=True)
class Wanted:
    """An alert that a requirement names."""

    name: str
    severity: Severity
    says: str = ""
    """Part of its expression: the threshold."""
    after: str = ""
    """How long the condition must hold; empty where the requirement does not say."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Settings with which it has this threshold, where they are not the default."""


ALERTS: dict[str, tuple[Wanted, ...]] = {
    "A4": (
        Wanted("ApplicationDown", CRITICAL),
        Wanted("HighErrorRate", CRITICAL),
        Wanted("DiskSpaceExhausted", CRITICAL),
        Wanted("VolumeSpaceExhausted", CRITICAL),
        Wanted("HighResponseTime", WARNING),
        Wanted("HighMemoryUsage", WARNING),
    ),
    "A5": (
        Wanted("ErrorBudgetHalfSpent", WARNING, "<= 0.5"),
        Wanted("ErrorBudgetBurnFast", CRITICAL, "/ 0.001 > 14.4"),
        Wanted("ErrorBudgetBurnSlow", WARNING, "/ 0.001 > 1"),
    ),
    "B3": (
        Wanted("HighErrorRate", CRITICAL, "> 0.05", "5m"),
        Wanted("PodDown", CRITICAL, "== 0", "2m"),
        Wanted("DatabaseConnectionPoolExhausted", CRITICAL, "> 0.9"),
        Wanted("AuditLogFailures", CRITICAL, "> 0"),
        Wanted("HighResponseTime", WARNING, "p95_rate5m > 1.0"),
        Wanted("HighCPUUsage", WARNING, "> 0.8", "10m"),
        Wanted("HighMemoryUsage", WARNING, "> 0.8", "10m"),
        Wanted("KafkaConsumerLag", WARNING, "> 1000"),
        Wanted("DiskSpaceLow", WARNING, "< 0.1"),
        Wanted("PodRestartingTooOften", WARNING, "increase15m > 0.1"),
        Wanted("DeploymentReplicaMismatch", WARNING),
        Wanted("HPAMaxedOut", WARNING, after="15m"),
        Wanted("ReminderDeliveryFailures", WARNING, "> 0.1"),
    ),
    "C2": (
        Wanted("HighErrorRate", CRITICAL, "> 0.05", "5m"),
        Wanted("ApplicationDown", CRITICAL, "== 0", "1m"),
        Wanted("DatabaseDown", CRITICAL, "== 0", "1m"),
        Wanted("HighLatency", WARNING, "> 1.0", "5m"),
        Wanted("HighCPUUsage", WARNING, "> 0.8", "10m"),
        Wanted("HighMemoryUsage", WARNING, "> 0.85", "10m", {"memory_ratio": 0.85}),
        Wanted("DiskSpaceLow", WARNING, "< 0.1", "5m"),
        Wanted("PoolExhausted", WARNING, "> 0.8", "5m"),
        Wanted("SlowQueries", WARNING, "> 1.0", "5m"),
        Wanted("TrafficDrop", WARNING, "< 0.5", "10m"),
        Wanted("HealthCheckFail", CRITICAL, "== 0", "2m"),
        Wanted("ErrorBudgetExhausted", WARNING, "<= 0", "10m"),
    ),
    "E3": (
        Wanted("ApplicationDown", CRITICAL),
        Wanted("ContainerUnhealthy", CRITICAL),
        Wanted("ServiceReconnecting", WARNING),
        Wanted("HighCPUUsage", WARNING, "> 0.8"),
        Wanted("NodeCPUExhausted", CRITICAL, "> 0.95"),
        Wanted("HighMemoryUsage", WARNING, "> 0.8"),
        Wanted("NodeMemoryExhausted", CRITICAL, "> 0.95"),
        Wanted("ContainerCPUHigh", WARNING, "> 0.8"),
        Wanted("ContainerCPUExhausted", CRITICAL, "> 0.95"),
        Wanted("ContainerMemoryHigh", WARNING, "> 0.8"),
        Wanted("ContainerMemoryExhausted", CRITICAL, "> 0.95"),
        Wanted("DiskSpaceLow", WARNING, "< 0.2", given={"disk_free_ratio": 0.2}),
        Wanted("DiskSpaceExhausted", CRITICAL, "< 0.1", given={"disk_exhausted_free_ratio": 0.1}),
        Wanted("DatabaseDown", CRITICAL),
        Wanted("PostgresConnectionsNearLimit", WARNING, "> 0.8"),
        Wanted("MysqlConnectionsNearLimit", WARNING, "> 0.8"),
        Wanted("CacheDown", CRITICAL),
        Wanted("TaskFailures", WARNING, "> 0.1"),
        Wanted("ApplicationErrors", WARNING),
        Wanted("ErrorRateChange", WARNING),
        Wanted("ContainerRestarting", WARNING),
        Wanted("ContainerCrashLooping", CRITICAL, ">= 10"),
        Wanted("ContainerNetworkErrors", WARNING),
        Wanted("NodeNetworkErrors", WARNING),
    ),
}

RECORDS: dict[str, tuple[str, ...]] = {
    "B2": (
        "service:http_requests:rate5m",
        "service:http_request_errors:ratio_rate5m",
        *(f"service:http_request_duration_seconds:{p}_rate5m" for p in ("p50", "p95", "p99")),
        "namespace_pod:cpu_limit_utilisation:ratio_rate5m",
        "namespace_pod:memory_limit_utilisation:ratio",
        "instance:database_pool_usage:ratio",
        "service_group_topic:kafka_consumer_lag:sum",
        "service_operation_status:task_operations:rate5m",
        "service_channel_status:reminder_delivery:rate5m",
        "service:websocket_connections:sum",
        "service:audit_log_writes:rate5m",
    ),
    "C3": (
        "service:http_requests:fast_rate1m",
        "service:http_requests:rate5m",
        "service:http_request_errors:ratio_rate5m",
        "service:http_client_errors:ratio_rate5m",
        *(f"service:http_request_duration_seconds:{p}_rate5m" for p in ("p50", "p95", "p99")),
        "instance:database_pool_usage:ratio",
        "instance:mysql_connections:ratio",
        "instance:pg_connections:ratio",
        "instance:node_cpu_utilisation:ratio_rate5m",
        "instance:node_memory_utilisation:ratio",
        "instance_mountpoint:node_filesystem_free:ratio",
        "service_status:http_requests:rate5m",
        "service:database_slow_queries:rate5m",
        "instance:mysql_slow_queries:rate5m",
        "service_route:http_requests:rate5m",
        "service:http_requests:baseline_rate5m",
        "service:database_queries:rate5m",
        "service:database_query_errors:ratio_rate5m",
        "service:database_query_duration_seconds:p95_rate5m",
    ),
}

PANELS: dict[str, tuple[str, tuple[str, ...]]] = {
    "A5 SLOs and SLAs": (
        "slo-overview",
        (
            "Objectives", "Budgets exhausted", "Budgets half spent", "Budget left over time", "Burn rate",
        ),
    ),
    "B10 SLO in detail": (
        "slo-detail",
        ("Objective", "Kept", "Budget left", "Burn rate by window", "May fail in the period so far"),
    ),
    "B4 System overview": (
        "system-overview",
        (
            "Request rate by service", "Error rate", "Response time, p50, p95 and p99", "Active pods",
            "WebSocket connections", "CPU by pod", "Memory by pod", "Database pool", "Kafka lag",
        ),
    ),
    "B4 Database and infrastructure": (
        "database-and-infrastructure",
        (
            "Connections: active, idle and limit", "Query duration, p95", "Transactions per second",
            "Database size", "Redis: memory", "Redis: operations per second", "Kafka: brokers",
            "Kafka: messages per second", "Disks, used", "Network, bytes per second",
        ),
    ),
    "B4 Agents": (
        "agents",
        (
            "Task operations by operation and status", "Reminder delivery by channel and status",
            "Delivery success, worst channel", "Audit log entries written", "Recurring tasks generated",
            "WebSocket messages sent and received", "Health of the agents", "Event processing lag by agent",
        ),
    ),
    "C7 System overview": (
        "system-overview",
        (
            "Request rate by service", "Error rate", "Response time, p50, p95 and p99",
            "Database connections", "CPU", "Memory", "Requests by status", "Slow queries per second",
        ),
    ),
    "D5 Service overview": (
        "service-overview", ("Requests by service", "Error ratio by service", "Response time"),
    ),
    "D5 Event processing": (
        "event-processing", ("Lag by service", "Messages produced", "Published by topic"),
    ),
    "D5 WebSocket": ("websocket", ("Connections by service", "Messages sent", "Messages received")),
    "D5 Application logs": ("application-logs", ("Lines by service", "Lines by level", "Errors")),
    "E Fleet of containers": (
        "container-fleet",
        ("Containers by service", "Processors in use", "Memory in use", "Containers that restarted, 1 hour"),
    ),
}  # fmt: skip
"""Requirement and title of the dashboard → its UID and the titles of its panels."""

APPLICATION_METRICS = (
    "http_requests_total", "http_request_duration_seconds_bucket", "task_operations_total",
    "reminder_delivery_total", "reminder_delivery_failed_total", "audit_log_writes_total",
    "audit_log_errors_total", "websocket_connections_active", "websocket_messages_sent_total",
    "websocket_messages_received_total", "database_connections_active", "database_connections_idle",
    "database_connections_max", "kafka_consumer_lag",
)  # fmt: skip
"""B11: what applications are known to expose."""


PROMISE = Slo("shop", "availability", Decimal("99.9"), indicators.availability('service="shop"'))
EVERYTHING = (*MIXINS, *slo_mixins([PROMISE], BudgetPolicy(), ServiceLinks()))
"""What every stack may have, and what it has once a service promises something."""


def rules(thresholds: Thresholds) -> list[Alert | RecordingRule]:
    return [rule for mixin in EVERYTHING for group in mixin.rules(thresholds) for rule in group.rules]


BOARDS = {board.uid: board for mixin in EVERYTHING for board in mixin.dashboards(Thresholds())}


@pytest.mark.parametrize(
    ("requirement", "wanted"),
    [(requirement, wanted) for requirement, alerts in ALERTS.items() for wanted in alerts],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_named_alert_exists_with_its_threshold(requirement: str, wanted: Wanted) -> None:
    found = [
        alert
        for alert in rules(Thresholds(**wanted.given))
        if isinstance(alert, Alert) and alert.name == wanted.name
    ]
    assert found, f"{requirement}: {wanted.name} is missing"
    for alert in found:
        assert wanted.says in alert.expr, alert.expr
        assert alert.severity is wanted.severity
        assert alert.for_ == (wanted.after or alert.for_)


@pytest.mark.parametrize("requirement", RECORDS)
def test_every_named_series_is_recorded(requirement: str) -> None:
    recorded = {rule.record for rule in rules(Thresholds()) if isinstance(rule, RecordingRule)}
    assert set(RECORDS[requirement]) <= recorded


@pytest.mark.parametrize("requirement", PANELS)
def test_every_named_panel_exists(requirement: str) -> None:
    uid, titles = PANELS[requirement]
    assert BOARDS[uid].title == requirement.split(" ", 1)[1]
    assert set(titles) <= {panel["title"] for panel in BOARDS[uid].model["panels"]}


def test_b4_the_error_rate_shows_its_threshold() -> None:
    (panel,) = (each for each in BOARDS["system-overview"].model["panels"] if each["title"] == "Error rate")
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"] == Thresholds().error_ratio
    assert panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] == "dashed"


def test_b11_every_application_metric_is_watched() -> None:
    read = {name for rule in rules(Thresholds()) for name in metrics_in(rule.expr)}
    for board in BOARDS.values():
        for panel in board.model["panels"]:
            if panel["type"] != "row" and panel["datasource"]["uid"] == "prometheus":
                read |= {name for target in panel["targets"] for name in metrics_in(target["expr"])}
    assert set(APPLICATION_METRICS) <= read


def test_there_is_as_much_as_promised() -> None:
    everything = rules(Thresholds())
    assert len({rule.name for rule in everything if isinstance(rule, Alert)}) >= 160
    assert len({rule.record for rule in everything if isinstance(rule, RecordingRule)}) >= 120
    assert len(BOARDS) >= 40


def test_e4_every_alert_links_its_runbook_and_a_dashboard() -> None:
    links = Links("https://wiki.example.org/runbooks", "https://grafana.example.org")
    for mixin in EVERYTHING:
        for group in rule_file(mixin.rules(Thresholds()), links)["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    notes = rule["annotations"]
                    assert notes["runbook_url"].endswith(f"/{rule['alert']}.md")
                    assert notes["dashboard_url"].startswith("https://grafana.example.org/d/"), rule["alert"]


def test_nothing_watches_what_a_managed_cluster_hides() -> None:
    hidden = ("kube-scheduler", "kube-controller-manager", "kube-proxy", "etcd")
    assert not [rule.expr for rule in rules(Thresholds()) if any(name in rule.expr for name in hidden)]


def test_the_numbers_of_the_guide_are_settings() -> None:
    guide = (ROOT / "docs" / "monitoring.md").read_text()
    examples = re.findall(r"```yaml\n(.+?)```", guide, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        Thresholds.model_validate(yaml.safe_load(example)["config"]["observability:thresholds"])


def test_the_guide_names_every_job() -> None:
    guide = (ROOT / "docs" / "monitoring.md").read_text()
    jobs = {job for mixin in MIXINS for job in mixin.requires} - {"services"}
    parts = {"prometheus", "alertmanager", "loki", "jaeger", "collector", "grafana"}
    assert {job for job in jobs - parts if f"`{job}`" not in guide} == set()
