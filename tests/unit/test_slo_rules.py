"""What an objective becomes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import promql_parser as promql
import pytest
import yaml

from mixins.model import Alert, Links, RecordingRule, rule_file
from rendering import to_yaml
from slo import arithmetic, indicators, rules
from slo.links import ServiceLinks
from slo.model import WINDOW, AlertOptions, Indicator, Slo, burn_rates
from slo.policy import BudgetPolicy, Period, Tier

POLICY = BudgetPolicy()
SHOP = Slo(
    "shop", "availability", Decimal("99.9"), indicators.availability('service="shop"'), team="storefront"
)
NINETY = replace(SHOP, objective=Decimal(90))


def records(slo: Slo) -> dict[str, RecordingRule]:
    groups = rules.groups(slo, POLICY, ServiceLinks())
    return {rule.record: rule for group in groups for rule in group.rules if isinstance(rule, RecordingRule)}


def alerts(slo: Slo, links: ServiceLinks = ServiceLinks()) -> dict[str, Alert]:  # noqa: B008
    groups = rules.groups(slo, POLICY, links)
    return {rule.name: rule for group in groups for rule in group.rules if isinstance(rule, Alert)}


@pytest.mark.parametrize(
    ("period", "factors"),
    [
        ("30d", ["14.4", "6", "3", "1"]),
        ("28d", ["13.44", "5.6", "2.8", "0.9333"]),
        ("7d", ["13.44", "3.5", "1.4", "0.98"]),
        ("month", ["14.4", "6", "3", "1"]),
    ],
)
def test_factors_follow_from_the_share_of_the_budget(period: Period, factors: list[str]) -> None:
    rates = burn_rates(replace(SHOP, period=period), POLICY)
    assert [f"{rate.factor:f}" for rate in rates] == factors
    assert not any(rate.notice for rate in rates)


def test_a_burn_rate_that_cannot_happen_is_lowered_and_says_so() -> None:
    first, *others = burn_rates(NINETY, POLICY)
    assert first.factor * NINETY.budget == Decimal("0.8")
    assert "144.0% errors" in first.notice
    assert [rate.factor for rate in others] == [Decimal(6), Decimal(3), Decimal(1)]
    for objective in ("50", "66", "83", "93"):
        slo = replace(SHOP, objective=Decimal(objective))
        assert all(rate.factor * slo.budget <= Decimal("0.8001") for rate in burn_rates(slo, POLICY))


def test_a_budget_is_a_time_as_well() -> None:
    assert replace(SHOP, objective=Decimal(99)).budget_seconds == pytest.approx(7.2 * 3600)


def test_numbers_are_exact() -> None:
    assert records(SHOP)[rules.OBJECTIVE].expr == "vector(0.999)"
    assert " / 0.001 > 14.4 " in alerts(SHOP)["ErrorBudgetBurnFast"].expr


def test_only_windows_up_to_an_hour_read_the_services_own_series() -> None:
    ranges = {
        range_
        for rule in records(SHOP).values()
        for range_ in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
        if f"[{range_}]" in rule.expr
    }
    assert ranges == {"5m", "30m", "1h"}


def test_series_keep_their_identity_when_labels_change() -> None:
    """Labels of people are on the objective only: a new team does not begin a new budget."""
    for name, rule in records(replace(SHOP, labels={"tier": "1"})).items():
        assert set(rule.labels) >= {"slo_id", "service", "slo", "period"}
        assert ({"team", "tier", "commitment"} <= set(rule.labels)) is (name == rules.OBJECTIVE)


def test_identifiers_do_not_collide() -> None:
    assert replace(SHOP, service="a-b", name="c").id != replace(SHOP, service="a", name="b-c").id


def test_alerts_say_what_somebody_needs() -> None:
    page = alerts(SHOP, ServiceLinks("http://grafana:3000/"))["ErrorBudgetBurnFast"]
    assert page.labels["slo_severity"] == "page"
    assert page.labels["team"] == "storefront"
    assert "5m and 1h" in page.annotations["windows"]
    assert "period_error_budget_remaining" in page.description
    assert page.annotations["logs_url"].startswith("http://grafana:3000/explore?")
    assert "shop" in page.annotations["traces_url"]
    assert page.dashboard == "slo-detail?var-slo=shop/availability"


def test_people_change_their_alerts() -> None:
    slo = replace(
        SHOP,
        page=AlertOptions(disable=True),
        ticket=AlertOptions(
            name="ShopBurns", labels={"severity": "slack"}, annotations={"summary": "Burns."}
        ),
        runbook="https://wiki.example.org/shop",
    )
    (ticket,) = rule_file(rules.groups(slo, POLICY, ServiceLinks()), Links())["groups"][1]["rules"]
    assert ticket["alert"] == "ShopBurns"
    assert ticket["labels"]["severity"] == "slack"
    assert ticket["annotations"]["summary"] == "Burns."
    assert ticket["annotations"]["runbook_url"] == "https://wiki.example.org/shop"
    named = replace(slo, runbook="")
    (ticket,) = rule_file(rules.groups(named, POLICY, ServiceLinks()), Links())["groups"][1]["rules"]
    assert ticket["annotations"]["runbook_url"] == "docs/runbooks/ErrorBudgetBurnSlow.md"


def test_the_guard_for_few_events_is_in_every_condition() -> None:
    alert = alerts(replace(SHOP, minimum_errors=7))["ErrorBudgetBurnSlow"]
    assert alert.expr.count(">= 7") == 2
    assert ">= 7" not in alerts(SHOP)["ErrorBudgetBurnSlow"].expr


@pytest.mark.parametrize(
    "indicator",
    [
        indicators.availability('service="a"'),
        indicators.latency('service="a"', 0.5),
        indicators.latency('service="a"', 1),
        indicators.latency('service="a"', 0.3, "x_seconds", native=True),
        indicators.uptime('service="a"'),
        indicators.freshness("x_timestamp_seconds", 600),
        indicators.good_events(f"sum(rate(g[{WINDOW}]))", f"sum(rate(t[{WINDOW}]))"),
        Indicator(ratio=f"avg_over_time(r[{WINDOW}])", unit="time"),
        Indicator(steps=("a/x", "b/y")),
    ],
    ids=lambda indicator: (indicator.events or indicator.ratio or "journey")[:40],
)
def test_every_kind_makes_valid_rules(indicator: Indicator) -> None:
    made = records(replace(SHOP, indicator=indicator))
    assert set(made) == {
        rules.EVENTS, rules.ERRORS, rules.OBJECTIVE, *(rules.ratio(window) for window in ("5m", "30m", "1h")),
    }  # fmt: skip
    for rule in made.values():
        promql.parse(rule.expr)
        assert WINDOW not in rule.expr


def test_the_shared_rules_are_the_same_for_any_number_of_objectives() -> None:
    groups = arithmetic.groups(POLICY)
    for group in groups:
        for rule in group.rules:
            promql.parse(rule.expr)
            assert "shop" not in rule.expr
    assert [group.name for group in groups] == list(arithmetic.EVALUATION_ORDER)


def test_the_policy_is_where_the_numbers_come_from() -> None:
    policy = BudgetPolicy(tiers=(Tier(kind="page", long="6h", short="30m", share=0.1),), freeze_at=0.9)
    (rate,) = burn_rates(SHOP, policy)
    assert rate.factor == Decimal(12)
    text = str(rule_file(arithmetic.groups(policy), Links()))
    assert f"{arithmetic.REMAINING}{rules.OWN} <= bool 0.1" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"allocation": {"releases": 0.4}}, "allocation adds up to 0.4"),
        ({"half_spent": {"spent": 1}}, "halfSpent.spent must be less"),
        ({"tiers": [{"kind": "page", "long": "1h", "short": "1h", "share": 0.1}]}, "must be shorter"),
        (
            {"tiers": [{"kind": "page", "long": "6h", "short": "30m", "reset": "1h", "share": 0.1}]},
            "reset window 1h must be shorter",
        ),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BudgetPolicy.model_validate(change)


def test_a_rule_file_is_read_back_as_it_was_meant() -> None:
    content = rule_file((*rules.groups(SHOP, POLICY, ServiceLinks()), *arithmetic.groups(POLICY)), Links())
    assert yaml.safe_load(to_yaml(content)) == content
