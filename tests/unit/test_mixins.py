"""What every mixin must hold, whatever it watches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import promql_parser as promql
import pytest
from observability_sdk.metrics import DURATION_BUCKETS

from mixins.buckets import BUCKETS
from mixins.model import Alert, Links, RecordingRule, Severity, rule_file
from mixins.shipped import MIXINS, applying
from mixins.stack import backup
from mixins.thresholds import Thresholds
from slo import arithmetic, indicators
from slo import rules as slo_rules
from slo.links import ServiceLinks
from slo.model import Slo
from slo.policy import BudgetPolicy

ROOT = Path(__file__).parents[2]
METRICS = Path(__file__).parent / "metrics"
THRESHOLDS = Thresholds()
ALL = (*MIXINS, *backup.expected(("grafana",), "production"))
RULES = tuple(rule for mixin in ALL for group in mixin.rules(THRESHOLDS) for rule in group.rules)
ALERTS = tuple(rule for rule in RULES if isinstance(rule, Alert))
RECORDS = tuple(rule for rule in RULES if isinstance(rule, RecordingRule))
BOARDS = tuple(board for mixin in MIXINS for board in mixin.dashboards(THRESHOLDS))
OBJECTIVE_RULES = tuple(
    rule
    for group in (
        *arithmetic.groups(BudgetPolicy()),
        *slo_rules.groups(
            Slo("shop", "up", Decimal(99), indicators.uptime("")), BudgetPolicy(), ServiceLinks()
        ),
    )
    for rule in group.rules
)
"""Rules of objectives, which come from the catalogue rather than from a technology."""
GIVEN_NAMES = {
    "Watchdog", "TargetDown", "HighErrorRate", "HighResponseTime", "HighCPUUsage", "HighMemoryUsage",
    "DiskSpaceLow", "DiskSpaceExhausted",
    "ApplicationDown", "ServiceReconnecting", "HighLatency", "ApplicationErrors", "ErrorRateChange",
    "TrafficSurge", "HealthCheckFail", "PoolExhausted", "SlowQueries", "TrafficDrop",
}  # fmt: skip
COMPONENTS = (
    "Node", "Process", "Container", "Probe", "Certificate",
    "Prometheus", "Alertmanager", "Thanos", "Loki", "Jaeger", "Collector", "Grafana", "Database",
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "DisruptionBudget", "Pod", "Namespace",
    "Kubernetes", "Cluster", "Kubelet", "Volume", "Apiserver", "HPA",
    "Dapr", "Elasticsearch", "Logstash", "Backup", "Target", "Hub", "Spoke", "LoginProxy",
    "Cache", "Task", "Reminder", "AuditLog", "Websocket", "Postgres", "Mysql", "Redis",
    "Kafka", "Rabbitmq",
)  # fmt: skip
SHARED = {"DatabaseDown", "SlowQueries", "KafkaConsumerLag"}
"""Alerts that several technologies raise: to a person they mean the same."""


def prometheus_queries() -> Iterator[tuple[str, str]]:
    for board in BOARDS:
        for panel in board.model["panels"]:
            for target in panel.get("targets", ()):
                if panel["datasource"]["uid"] == "prometheus":
                    yield f"{board.uid}: {panel['title']}", target["expr"]


def metrics_in(expr: str) -> set[str]:
    found: set[str] = set()

    def visit(node: promql.Expr) -> bool:
        # A range selector is not descended into by itself.
        selector = node.vector_selector if isinstance(node, promql.MatrixSelector) else node
        if isinstance(selector, promql.VectorSelector):
            assert selector.name, f"a selector without a metric name cannot be checked: {expr}"
            found.add(selector.name)
        return True

    promql.walk(promql.parse(expr), visit)
    return found


def recorded_names() -> set[str]:
    lines = (line for file in METRICS.glob("*.txt") for line in file.read_text().splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def test_metrics_are_found_wherever_they_stand() -> None:
    expr = (
        'a / on (x) group_left () (b{c="d"} or -e) > 1 unless max_over_time(rate(f[5m])[1h:]) and absent(g)'
    )
    assert metrics_in(expr) == {"a", "b", "e", "f", "g"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: getattr(rule, "name", "") or rule.record)
def test_rules_name_only_metrics_that_exist(rule: Alert | RecordingRule) -> None:
    known = recorded_names() | {record.record for record in RECORDS}
    assert metrics_in(rule.expr) <= known


def test_dashboards_name_only_metrics_that_exist() -> None:
    known = recorded_names() | {record.record for record in RECORDS}
    unknown = {
        where: missing for where, expr in prometheus_queries() if (missing := metrics_in(expr) - known)
    }
    assert not unknown


@pytest.mark.parametrize("mixin", MIXINS, ids=lambda mixin: mixin.name)
def test_a_mixin_reads_only_what_its_own_jobs_record(mixin: object) -> None:
    """A mixin that applies must not depend on recording rules of one that does not."""
    for other in MIXINS:
        if other is mixin or other.requires <= mixin.requires:  # type: ignore[attr-defined]
            continue
        foreign = {
            rule.record
            for group in other.rules(THRESHOLDS)
            for rule in group.rules
            if isinstance(rule, RecordingRule)
        }
        for group in mixin.rules(THRESHOLDS):  # type: ignore[attr-defined]
            for rule in group.rules:
                assert not metrics_in(rule.expr) & foreign


def test_every_recording_rule_is_used() -> None:
    used = {name for rule in RULES for name in metrics_in(rule.expr)}
    used |= {name for _, expr in prometheus_queries() for name in metrics_in(expr)}
    assert {rule.record for rule in RECORDS} <= used


def test_recording_rules_say_level_metric_and_operation() -> None:
    for rule in RECORDS:
        assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", rule.record), rule.record


def test_names_of_recording_rules_follow_the_window() -> None:
    longer = Thresholds(window="30m")
    for mixin in ALL:
        for group in mixin.rules(longer):
            for rule in group.rules:
                if isinstance(rule, RecordingRule) and "rate(" in rule.expr and "[1m]" not in rule.expr:
                    assert rule.record.endswith("rate30m"), rule.record
                assert "[5m]" not in rule.expr
                assert "rate5m" not in rule.expr


def test_alert_names_are_unique_and_say_whose_they_are() -> None:
    names = Counter(alert.name for alert in ALERTS)
    assert {name for name, count in names.items() if count > 1} == SHARED
    for name in SHARED:
        assert len({(alert.summary, alert.severity) for alert in ALERTS if alert.name == name}) == 1, name
    for name in set(names) - GIVEN_NAMES:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name), name
        assert name.startswith(COMPONENTS), name
    assert set(names) >= GIVEN_NAMES


def test_alerts_are_calm() -> None:
    """Whatever may recover by itself waits before it fires; what is counted may fire at once."""
    for alert in ALERTS:
        if alert.severity is not Severity.NONE and alert.for_ == "0s":
            grew = re.search(r"\b(increase|delta)\(", alert.expr)
            assert grew, f"{alert.name} fires on a single sample"


def test_alerts_explain_themselves() -> None:
    for alert in ALERTS:
        assert alert.summary.endswith("."), alert.name
        assert alert.description.endswith("."), alert.name
        assert "{{" not in alert.summary, f"{alert.name}: a summary is the same for every instance"
        if alert.severity is not Severity.NONE:
            assert "{{ $labels." in alert.description, alert.name


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    pages = {page.stem: page.read_text() for page in (ROOT / "docs/runbooks").glob("[A-Z]*.md")}
    pages.pop("README", None)
    assert set(pages) == {alert.name for alert in (*ALERTS, *OBJECTIVE_RULES) if isinstance(alert, Alert)}
    for name, text in pages.items():
        assert re.findall(r"^#+ (.+)$", text, re.MULTILINE) == [
            name,
            "Meaning",
            "Impact",
            "Diagnosis",
            "Mitigation",
        ]
        assert "```" in text, f"{name}: no query to start with"


def test_runbook_queries_name_only_metrics_that_exist() -> None:
    known = recorded_names() | {
        rule.record for rule in (*RECORDS, *OBJECTIVE_RULES) if isinstance(rule, RecordingRule)
    }
    for page in (ROOT / "docs/runbooks").glob("[A-Z]*.md"):
        for block in re.findall(r"```promql\n(.+?)```", page.read_text(), re.DOTALL):
            for query in filter(None, block.split("\n")):
                assert metrics_in(query) <= known, f"{page.name}: {query}"


def test_alerts_lead_to_dashboards_that_exist() -> None:
    assert {alert.dashboard for alert in ALERTS if alert.dashboard} <= {board.uid for board in BOARDS}


def test_only_mixins_of_scraped_jobs_apply() -> None:
    assert [mixin.name for mixin in applying(())] == ["general", "targets"]
    assert [mixin.name for mixin in applying({"node", "redis"})][2:] == ["redis", "node", "node-pressure"]
    everything = {job for mixin in MIXINS for job in mixin.requires}
    assert applying(everything) == MIXINS
    assert everything == {
        "services", "dapr", "node", "cadvisor", "probe",
        "prometheus", "alertmanager", "loki", "jaeger", "collector", "grafana",
        "thanos-sidecar", "thanos-query", "thanos-store", "thanos-compactor",
        "kube-state-metrics", "kubernetes-apiservers", "kubernetes-cadvisor", "kubernetes-nodes",
        "kubernetes-pods",
        "postgres", "mysql", "redis", "kafka", "rabbitmq", "elasticsearch", "logstash",
        "hub", "spokes", "login-proxy", "prometheus-agent", "prometheus-operator",
    }  # fmt: skip


def test_mixins_have_different_names() -> None:
    assert len({mixin.name for mixin in ALL}) == len(ALL)


def test_a_changed_threshold_changes_only_its_alerts() -> None:
    rules = [r for m in ALL for g in m.rules(Thresholds(cpu_ratio=0.5)) for r in g.rules]
    changed = {
        rule.name
        for rule, before in zip(rules, RULES, strict=True)
        if isinstance(rule, Alert) and rule != before
    }
    assert changed == {"HighCPUUsage"}


def test_every_threshold_is_used() -> None:
    def rendered(thresholds: Thresholds) -> object:
        return [mixin.rules(thresholds) for mixin in MIXINS]

    for name, value in THRESHOLDS.model_dump().items():
        other = "7m" if isinstance(value, str) else value / 2
        assert rendered(Thresholds(**{name: other})) != rendered(THRESHOLDS), f"{name} changes no rule"


def test_rule_file_links_runbook_and_dashboard() -> None:
    group = next(mixin for mixin in MIXINS if mixin.name == "http").rules(THRESHOLDS)
    with_grafana = rule_file(group, Links(runbooks="https://wiki/runbooks/", grafana="http://grafana:3000/"))
    rules = with_grafana["groups"][0]["rules"]
    alert = next(rule for rule in rules if rule.get("alert") == "HighErrorRate")
    assert alert["annotations"]["runbook_url"] == "https://wiki/runbooks/HighErrorRate.md"
    assert alert["annotations"]["dashboard_url"] == "http://grafana:3000/d/service-overview"
    assert alert["labels"]["severity"] == "critical"
    assert alert["for"] == "5m"
    without = rule_file(group, Links())["groups"][0]["rules"]
    assert all("dashboard_url" not in rule.get("annotations", {}) for rule in without)


def test_a_slow_query_is_counted_by_a_bucket_that_services_export() -> None:
    assert BUCKETS == DURATION_BUCKETS
    with pytest.raises(ValueError, match="must be one of"):
        Thresholds(slow_query_seconds=2)
