"""Every dashboard speaks the same visual language and draws the alerts' thresholds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import EnumType
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qs, urlsplit

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as schema

from mixins import datasources
from mixins.model import Dashboard
from mixins.services import service_dashboard, slo_dashboard
from mixins.shipped import MIXINS
from mixins.thresholds import Thresholds
from rendering import to_json
from slo.policy import BudgetPolicy
from tests.unit.test_mixins import metrics_in

register_default_plugins()
THRESHOLDS = Thresholds()
BOARDS = tuple(board for mixin in MIXINS for board in mixin.dashboards(THRESHOLDS))
OF_SERVICES = (
    *slo_dashboard.dashboards(BudgetPolicy()),
    service_dashboard.dashboard("shop", "", {"Pages": "https://example.org"}, THRESHOLDS, has_slos=True),
)
SOURCES = {datasources.PROMETHEUS, datasources.LOKI, datasources.JAEGER, datasources.ALERTMANAGER}
GRID = 24

each_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)


def panels(board: Dashboard) -> list[dict[str, Any]]:
    return [panel for panel in board.model["panels"] if panel["type"] != "row"]


def panel(board: Dashboard, title: str) -> dict[str, Any]:
    return next(each for each in panels(board) if each["title"] == title)


def limit(board: Dashboard, title: str) -> float:
    steps = panel(board, title)["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return float(steps[-1]["value"])


def test_the_promised_dashboards_exist() -> None:
    assert {board.uid for board in BOARDS} == {
        "service-overview", "node-overview", "containers", "probes", "stack-health", "application-logs",
        "database-and-infrastructure", "agents", "event-processing", "websocket",
        "postgresql", "mysql", "redis", "kafka", "rabbitmq",
        "kubernetes-cluster", "kubernetes-nodes", "kubernetes-workloads", "kubernetes-jobs",
        "kubernetes-pods",
        "kubernetes-resources", "kubernetes-namespaces", "kubernetes-autoscaling", "kubernetes-storage",
        "kubernetes-api-server", "kubelet", "node-fleet", "node-disks", "node-network",
        "system-overview", "service-routes", "errors", "traffic", "dapr", "container-fleet",
        "alerts", "targets", "prometheus", "alertmanager", "grafana", "loki", "jaeger", "collector",
        "backups", "elasticsearch", "logstash", "thanos", "thanos-bucket",
        "prometheus-operator", "prometheus-agent",
    }  # fmt: skip
    titles = {board.title for board in BOARDS}
    assert len(titles) == len(BOARDS)
    assert titles >= {"Database and infrastructure", "Agents", "Event processing", "WebSocket"}


@each_board
def test_a_dashboard_looks_like_the_others(board: Dashboard) -> None:
    model = board.model
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", board.uid)
    assert (model["uid"], model["title"]) == (board.uid, board.title)
    assert model["time"] == {"from": "now-1h", "to": "now"}
    assert model["refresh"] == "30s"
    assert model["tags"] == ["observability"]
    assert model["description"]
    (link,) = model["links"]
    assert (link["type"], link["tags"]) == ("dashboards", ["observability"])
    assert link["includeVars"]
    assert link["keepTime"]


@pytest.mark.parametrize("board", [*BOARDS, *OF_SERVICES], ids=lambda board: board.uid)
def test_grafanas_own_library_reads_and_writes_the_same(board: Dashboard) -> None:
    """It drops what it does not know, and adds what goes without saying."""
    written = schema.Dashboard.from_json(json.loads(to_json(board.model)))
    again = json.loads(json.dumps(written, cls=JSONEncoder))
    for each in again["panels"]:
        each.pop("repeatDirection", None)
        each.pop("transparent", None)
        if each["type"] == "table":
            assert each["fieldConfig"]["defaults"].pop("custom") == {"align": "auto", "inspect": False}
    assert again == board.model
    assert list(unknown_values(written)) == []


def unknown_values(part: Any) -> Iterator[str]:
    """Return where a part of the library's model has a value that is not among those it lists."""
    if isinstance(part, list):
        for element in part:
            yield from unknown_values(element)
    elif hasattr(part, "to_json"):
        for name, hint in get_type_hints(type(part)).items():
            value = getattr(part, name)
            yield from unknown_values(value)
            for kind in get_args(hint) or (hint,):
                if isinstance(kind, EnumType) and value is not None and value not in list(kind):
                    yield f"{type(part).__name__}.{name}: {value}"


@each_board
def test_panels_ask_known_data_sources(board: Dashboard) -> None:
    for each in panels(board):
        assert each["datasource"]["uid"] in SOURCES, each["title"]
        assert all(target["expr"].strip() for target in each["targets"]), each["title"]
        letters = [target["refId"] for target in each["targets"]]
        assert len(set(letters)) == len(letters), each["title"]


@each_board
def test_panels_fit_the_grid_and_do_not_overlap(board: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    for each in board.model["panels"]:
        spot = each["gridPos"]
        assert spot["x"] + spot["w"] <= GRID, each["title"]
        cells = {(spot["x"] + x, spot["y"] + y) for x in range(spot["w"]) for y in range(spot["h"])}
        assert not cells & taken, each["title"]
        taken |= cells


@each_board
def test_panel_numbers_and_titles_are_unique(board: Dashboard) -> None:
    numbers = [each["id"] for each in board.model["panels"]]
    titles = [each["title"] for each in panels(board)]
    assert len(set(numbers)) == len(numbers)
    assert len(set(titles)) == len(titles)


@each_board
def test_queries_use_only_variables_that_exist(board: Dashboard) -> None:
    known = {each["name"] for each in board.model["templating"]["list"]} | {"__auto"}
    for each in panels(board):
        for target in each["targets"]:
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= known, each["title"]


@each_board
def test_every_variable_is_used_and_offers_all(board: Dashboard) -> None:
    variables = board.model["templating"]["list"]
    asked = [target["expr"] for each in panels(board) for target in each["targets"]]
    asked += [each["query"] for each in variables]
    for each in variables:
        assert each["includeAll"]
        assert each["allValue"] in (".*", ".+")
        assert any(f"${each['name']}" in query for query in asked), each["name"]


def test_panels_draw_the_thresholds_of_the_alerts() -> None:
    changed = Thresholds(
        error_ratio=0.07, latency_p95=0.3, cpu_ratio=0.66, memory_ratio=0.55, queue_ratio=0.44,
        container_cpu_ratio=0.33, container_memory_ratio=0.22, probe_duration=9,
        pool_ratio=0.34, replication_lag=22, consumer_lag=11,
    )  # fmt: skip
    boards = {board.uid: board for mixin in MIXINS for board in mixin.dashboards(changed)}
    assert limit(boards["service-overview"], "Error ratio by service") == 0.07
    assert limit(boards["service-overview"], "Response time") == 0.3
    assert limit(boards["node-overview"], "Processor in use") == 0.66
    assert limit(boards["node-overview"], "Memory in use") == 0.55
    assert limit(boards["containers"], "Processor limit in use") == 0.33
    assert limit(boards["containers"], "Memory limit in use") == 0.22
    assert limit(boards["probes"], "Duration of probes") == 9
    assert limit(boards["stack-health"], "Collector: queues") == 0.44
    assert limit(boards["database-and-infrastructure"], "Connection pools in use") == 0.34
    assert limit(boards["postgresql"], "Replication lag") == 22
    assert limit(boards["event-processing"], "Lag by service") == 11
    drawn = panel(boards["service-overview"], "Response time")["fieldConfig"]["defaults"]["custom"]
    assert drawn["thresholdsStyle"]["mode"] == "dashed"


def test_a_click_on_a_service_leads_to_its_logs_and_traces() -> None:
    (overview,) = (board for board in BOARDS if board.uid == "service-overview")
    logs, traces = panel(overview, "Requests by service")["fieldConfig"]["defaults"]["links"]
    path, _, query = logs["url"].partition("?")
    assert path.removeprefix("/d/") in {board.uid for board in BOARDS}
    assert query == "var-service=${__field.labels.service}&${__url_time_range}"
    pane = json.loads(parse_qs(urlsplit(traces["url"]).query)["panes"][0])["a"]
    assert pane["datasource"] == datasources.JAEGER
    assert pane["queries"][0]["service"] == "${__field.labels.service}"
    assert pane["range"] == {"from": "${__from}", "to": "${__to}"}


def test_a_floor_is_red_below_the_limit() -> None:
    (agents,) = (board for board in BOARDS if board.uid == "agents")
    gauge = panel(agents, "Delivery success, worst channel")
    steps = gauge["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["color"], step["value"]) for step in steps] == [("red", None), ("green", 0.9)]


def test_all_dashboards_fit_into_one_config_map_with_room_for_others() -> None:
    texts = [to_json(board.model) for board in BOARDS]
    assert [json.loads(text) for text in texts] == [board.model for board in BOARDS]
    assert sum(map(len, texts)) < 512 * 1024


def test_a_changed_threshold_changes_only_the_lines_of_its_panels() -> None:
    (before,) = (to_json(board.model).splitlines() for board in BOARDS if board.uid == "service-overview")
    changed = next(mixin for mixin in MIXINS if mixin.name == "http").dashboards(Thresholds(error_ratio=0.07))
    after = to_json(changed[0].model).splitlines()
    differing = [line for line, other in zip(before, after, strict=True) if line != other]
    assert 0 < len(differing) <= 2
    assert all("rror ratio" in line for line in differing)


def test_a_fleet_reads_recorded_series_only() -> None:
    (fleet,) = (board for board in BOARDS if board.uid == "container-fleet")
    for each in panels(fleet):
        for target in each["targets"]:
            if each["datasource"]["uid"] == datasources.PROMETHEUS:
                assert all(":" in name for name in metrics_in(target["expr"])), each["title"]


def test_dashboards_are_the_same_every_time() -> None:
    again = tuple(board for mixin in MIXINS for board in mixin.dashboards(THRESHOLDS))
    assert again == BOARDS
