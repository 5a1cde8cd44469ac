"""Monitors, probes and rules of a team lead to series in the stack's Prometheus, and to an alert."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubernetes.application import SHOP, Application
from tests.kubernetes.stack import NAME, Stack
from tests.project import until

pytestmark = pytest.mark.kubernetes


@pytest.fixture(scope="module")
def application(stack: Stack) -> Application:
    """An application whose team has said what is to be scraped, probed and heard of."""
    application = Application(stack.cluster)
    application.deploy()
    return application


def test_what_a_service_monitor_finds_has_the_labels_of_everything_else(
    stack: Stack, application: Application
) -> None:
    query = f'orders_total{{job="{SHOP}", namespace="{SHOP}"}}'
    (series,) = until(lambda: stack.metric(query), seconds=90, what="the series of the ServiceMonitor")
    wanted = {"service": SHOP, "team": "payments", "pod": application.pod(), "container": "app"}
    assert wanted.items() <= series["metric"].items()
    assert not {"prometheus", "prometheus_replica"} & series["metric"].keys()


@pytest.mark.parametrize(
    "query",
    [
        f'orders_total{{job="{SHOP}/{SHOP}", service="{SHOP}", team="payments"}} == 42',
        f'probe_success{{job="probe/{SHOP}/{SHOP}", namespace="{SHOP}"}} == 1',
        f'up{{job="{SHOP}", service="{SHOP}", team="payments"}} == 1',
    ],
    ids=("PodMonitor", "Probe", "whether it answers"),
)
def test_what_other_monitors_find_arrives(stack: Stack, application: Application, query: str) -> None:
    until(lambda: stack.metric(query), seconds=60, what=query)


def test_a_rule_sees_the_metrics_of_the_stack_and_its_alert_is_delivered(
    stack: Stack, application: Application
) -> None:
    def delivered() -> list[dict[str, Any]]:
        return stack.receiver.alerts("OrdersPiledUp", "firing", team="payments", service=SHOP)

    (alert, *_) = until(delivered, seconds=90, what="the alert of the PrometheusRule")
    assert alert["labels"]["environment"] == NAME


def test_the_operator_watches_itself_being_used(stack: Stack, application: Application) -> None:
    selected = 'prometheus_operator_managed_resources{state="selected", resource="PrometheusRule"} == 1'
    until(lambda: stack.metric(selected), seconds=60, what="the operator's own metrics")
    until(lambda: stack.metric('up{job="prometheus-agent"} == 1'), seconds=60, what="the agent's own metrics")
