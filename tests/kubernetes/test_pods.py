"""The stack runs in pods as it was described: ready, restricted, found by name, and its signals arrive."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubernetes.application import LINE, SHOP, Application
from tests.kubernetes.stack import NAME, NAMESPACE, Stack
from tests.live.test_faults import send_log, send_trace
from tests.project import until

pytestmark = pytest.mark.kubernetes

AGENTS = {"node-exporter", "log-collector"}
PRODUCTS = {
    "alertmanager",
    "blackbox-exporter",
    "collector",
    "grafana",
    "jaeger",
    "kube-state-metrics",
    "loki",
    "prometheus",
    "prometheus-agent",
    "prometheus-operator",
} | AGENTS


@pytest.fixture(scope="module")
def application(stack: Stack) -> Application:
    """An application that the stack was not told of."""
    application = Application(stack.cluster)
    application.deploy()
    return application


def test_every_pod_is_ready_under_pod_security(stack: Stack) -> None:
    # The agent's pod is made by the operator, when that is ready.
    until(lambda: set(stack.pods()) == PRODUCTS, seconds=60, what="a pod of every part")
    stack.ready()
    pods = stack.pods()
    namespaces = {name: pod["metadata"]["namespace"] for name, pod in pods.items()}
    assert {name for name, namespace in namespaces.items() if namespace != NAMESPACE} == AGENTS
    labels = stack.cluster.api.get(f"/api/v1/namespaces/{NAMESPACE}")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_nothing_is_left_to_change_after_a_refresh(stack: Stack) -> None:
    stack.project.preview("--refresh", "--expect-no-changes")


def test_every_part_is_scraped_by_its_name(stack: Stack) -> None:
    def up() -> set[str]:
        found = {sample["metric"]["job"]: sample["value"][1] for sample in stack.metric("min by (job) (up)")}
        assert found, "nothing is scraped"
        if down := {job for job, value in found.items() if value != "1"}:
            raise OSError(f"down: {down}")
        return set(found)

    jobs = until(up, seconds=60, what="all targets up")
    assert {"prometheus", "loki", "jaeger", "alertmanager", "collector", "node", "kube-state-metrics"} <= jobs
    assert {"kubernetes-apiservers", "kubernetes-nodes", "kubernetes-cadvisor"} <= jobs


def test_the_cluster_is_seen_by_its_metrics(stack: Stack) -> None:
    memory = f'container_memory_working_set_bytes{{namespace="{NAMESPACE}", container="prometheus"}}'
    until(lambda: stack.metric(memory), seconds=60, what="cAdvisor's metrics of a container")
    pods = f'kube_pod_status_phase{{namespace="{NAMESPACE}", phase="Running"}} == 1'
    until(lambda: len(stack.metric(pods)) == len(PRODUCTS - AGENTS), seconds=60, what="a sample for each pod")


def test_an_application_is_scraped_and_its_lines_are_found(stack: Stack, application: Application) -> None:
    def sample() -> list[dict[str, Any]]:
        return stack.metric(f'orders_total{{namespace="{SHOP}", pod="{application.pod()}"}}')

    found = until(sample, seconds=60, what="the application's metric")
    assert found[0]["value"][1] == "42"
    assert found[0]["metric"]["team"] == "payments"

    query = f'{{namespace="{SHOP}", app="{SHOP}"}} |= "{LINE["message"]}"'
    (stream,) = until(lambda: stack.logs(query), seconds=60, what="the application's line")
    wanted = {
        "namespace": SHOP,
        "pod": application.pod(),
        "container": "app",
        "app": SHOP,
        "component": "checkout",
        "level": "error",
    }
    assert wanted.items() <= stream["stream"].items()


def test_pods_that_ask_for_nothing_are_found_by_their_entry_in_the_catalogue(
    stack: Stack, application: Application
) -> None:
    (series,) = until(lambda: stack.metric('orders_total{job="cart"}'), seconds=60, what="the entry's job")
    wanted = {"service": "cart", "team": "checkout", "namespace": SHOP}
    assert wanted.items() <= series["metric"].items()
    assert series["metric"]["pod"].startswith("basket-")

    query = f'{{service="cart"}} |= "{LINE["message"]}"'
    (stream,) = until(lambda: stack.logs(query), seconds=60, what="the line of the entry's service")
    assert {**wanted, "app": "basket"}.items() <= stream["stream"].items()


def test_an_application_finds_the_collector_by_name(stack: Stack, application: Application) -> None:
    path = stack.cluster.api.path("v1", "Service", NAMESPACE, "collector")
    address = stack.cluster.api.get(path)["spec"]["clusterIP"]
    query = f'{{namespace="{SHOP}"}} |= "Address" |= "{address}"'
    until(lambda: stack.logs(query), seconds=60, what="the address that the application was told")


def test_a_trace_and_a_log_line_arrive(stack: Stack) -> None:
    endpoint = stack.address("collector")
    trace, line = send_trace(endpoint), send_log(endpoint)
    until(lambda: stack.trace(trace), seconds=60, what="the trace")
    until(lambda: stack.logs(f'{{service="probe"}} |= "{line}"'), seconds=60, what="the log line")


def test_an_alert_is_delivered(stack: Stack) -> None:
    def delivered() -> list[dict[str, Any]]:
        alerts = stack.receiver.alerts("TargetDown", "firing")
        return [alert for alert in alerts if alert["labels"].get("job") == "node"]

    exporter = stack.process("node-exporter")
    exporter.suspend()  # it is there, and does not answer
    try:
        alerts = until(delivered, seconds=60, what="TargetDown arrives")
        assert alerts[0]["labels"]["environment"] == NAME
    finally:
        exporter.resume()
