"""From a catalogue entry with objectives to what the components of a stack are given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.alertmanager import configuration
from mixins.thresholds import Thresholds
from placement import ContainerPlacement
from plan import Plan, make_plan
from runtimes import SKIP
from settings import StackFileError

ENTRY = """\
service: shop
team: storefront
endpoints: {web: https://shop.example.org}
links: {runbook: https://wiki.example.org/shop}
metrics: {targets: [shop:8080]}
slos:
  - name: availability
    objective: 99.9
    availability: {}
    sla: {objective: 99.5}
"""
RECEIVER = {"name": "storefront", "webhook": {"url": "https://hooks.example.org/shop"}}


@pytest.fixture(autouse=True)
def _no_cluster_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SKIP, "1")


def plan(folder: Path, **settings: object) -> Plan:
    (folder / "shop.yaml").write_text(ENTRY, encoding="utf-8")
    config = {
        "target": "gke",
        "catalog": [str(folder)],
        "kubernetes": {"host": "o.example.org"},
        "alerting": {"receivers": [{**RECEIVER, "name": "oncall"}]},
        **settings,
    }
    texts = {
        f"observability:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in config.items()
    }
    return make_plan(texts, [], "test")


def test_an_objective_becomes_rules_and_dashboards(tmp_path: Path) -> None:
    found = plan(tmp_path)
    names = [mixin.name for mixin in found.prometheus["mixins"]]
    assert names[-3:] == ["slo", "slo-shop", "service-shop"]
    assert names == [mixin.name for mixin in found.grafana["mixins"]]
    thresholds = Thresholds()
    groups = [group.name for mixin in found.prometheus["mixins"] for group in mixin.rules(thresholds)]
    assert "slo:shop/availability" in groups
    assert "slo:shop/availability-sla:alerts" in groups
    boards = {board.uid: board for mixin in found.grafana["mixins"] for board in mixin.dashboards(thresholds)}
    assert {"slo-overview", "slo-detail", "service-shop"} <= set(boards)
    links = {link["title"]: link.get("url") for link in boards["service-shop"].model["links"]}
    assert links["web"] == "https://shop.example.org"
    assert links["runbook"] == "https://wiki.example.org/shop"


def test_a_team_with_a_receiver_of_its_name_gets_its_alerts(tmp_path: Path) -> None:
    given = {"receivers": [RECEIVER], "routes": [{"match": {"severity": "info"}, "receiver": "storefront"}]}
    alerting = plan(
        tmp_path, alerting={**given, "receivers": [{**RECEIVER, "name": "oncall"}, RECEIVER]}
    ).settings.alerting
    labels = {"alertname": "ErrorBudgetBurn", "team": "storefront", "severity": "critical"}
    assert [found.receiver for found in alerting.destinations(labels)] == ["storefront"]
    assert [found.receiver for found in alerting.destinations({**labels, "team": "other"})] == ["oncall"]


def test_a_page_silences_the_ticket_of_its_own_objective(tmp_path: Path) -> None:
    placement = ContainerPlacement(homes={}, public_urls={})
    rules = configuration(plan(tmp_path).settings.alerting, placement)["inhibit_rules"]
    assert [rule["equal"] for rule in rules if 'slo_severity="page"' in rule["source_matchers"]] == [
        ["environment", "slo_id"]
    ]


def test_metrics_must_be_kept_as_long_as_a_budget_counts(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="its budget counts over 30d, but metrics are kept for 15d"):
        plan(tmp_path, metrics={"retention": "15d"})


def test_the_policy_of_a_stack_is_the_one_of_its_alerts(tmp_path: Path) -> None:
    found = plan(tmp_path, errorBudget={"freezeAt": 0.8})
    shared = next(mixin for mixin in found.prometheus["mixins"] if mixin.name == "slo")
    text = str(shared.rules(Thresholds()))
    assert "<= bool 0.2" in text


def test_a_stack_without_objectives_has_no_rules_of_them(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = plan(tmp_path, catalog=[str(tmp_path / "empty")])
    assert not [mixin for mixin in found.prometheus["mixins"] if mixin.name.startswith("slo")]
