"""The Prometheus Operator, with the rights of its account alone, makes of objects what the stack needs.

It talks to a real API server without anything behind it: what it makes can be looked at, and does not run.
"""

from __future__ import annotations

import copy
import gzip
import re
import subprocess
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import toolchain
from tests.graph.kubernetes_objects import Rendering, rendered, with_kubernetes
from tests.kubernetes.admission import install_policy, known, labels, refusal
from tests.kubernetes.apiserver import ApiServer
from tests.kubernetes.monitors import monitor, of_a_team
from tests.kubernetes.servers import Servers, free_ports
from tests.project import until
from tests.standin.kubernetes_api import Kubernetes, KubernetesError

pytestmark = pytest.mark.kubernetes

NAMESPACE, TEAM, STACK = "observability-operated", "shop-operated", "minikube"
RULE = {"alert": "NoOrders", "expr": 'absent(orders_total{namespace="shop"})'}
FIRST = ("Namespace", "ServiceAccount", "CustomResourceDefinition")
POLICY = "aks-pods"


METRICS = Path(__file__).parents[1] / "unit" / "metrics"


@dataclass(frozen=True)
class Operator:
    """A running operator."""

    log: Path
    url: str


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    return rendered(STACK, with_kubernetes(STACK, namespace=NAMESPACE, monitors="installed"))


@pytest.fixture(scope="module")
def api(apiserver: ApiServer, rendering: Rendering) -> Kubernetes:
    """An API server with the stack's objects, and with those of a team."""
    api = apiserver.api
    for kind in FIRST:
        for manifest in rendering.manifests(kind):
            api.apply(manifest)
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}})
    broken = {"groups": [{"name": "broken", "rules": [{"alert": "Broken", "expr": "sum by ("}]}]}
    written = [
        *of_a_team(TEAM, "shop", f"blackbox-exporter.{NAMESPACE}:9115", RULE),
        monitor("PrometheusRule", TEAM, broken, "broken"),
    ]
    for manifest in written:
        until(lambda m=manifest: known(api, m), seconds=20, what=f"{manifest['kind']} is known")  # type: ignore[misc]
        api.apply(manifest)
    for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Service", "PrometheusAgent"):
        for manifest in rendering.manifests(kind):
            if manifest["metadata"].get("namespace", NAMESPACE) == NAMESPACE:
                api.apply(manifest)
    for manifest in rendering.manifests("Prometheus"):
        api.apply(manifest)
    return api


@pytest.fixture(scope="module")
def operator(
    apiserver: ApiServer, api: Kubernetes, rendering: Rendering, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """The operator as its pod would run it."""
    program = toolchain.find("prometheus-operator")
    assert program, "prometheus-operator is not set up; run: make setup-test"
    (arguments,) = [s["containers"][0]["args"] for n, _, s in rendering.pods() if n == "prometheus-operator"]
    (port,) = free_ports(1)
    servers = Servers(tmp_path_factory.mktemp("operator"))
    servers.start(
        "prometheus-operator",
        program,
        *(argument for argument in arguments if "listen-address" not in argument),
        f"--web.listen-address=127.0.0.1:{port}",
        f"--as=system:serviceaccount:{NAMESPACE}:prometheus-operator",
        KUBECONFIG=str(apiserver.kubeconfig()),
    )
    try:
        servers.wait("prometheus-operator", lambda: stateful_set(api))
        yield Operator(servers.log("prometheus-operator"), f"http://127.0.0.1:{port}")
    finally:
        servers.stop()


def stateful_set(api: Kubernetes) -> dict[str, Any] | None:
    """Return what the operator runs the agent by."""
    metadata = {"name": f"prom-agent-{STACK}", "namespace": NAMESPACE}
    return api.read({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata})


def test_the_account_may_do_what_the_operator_needs(operator: Operator, api: Kubernetes) -> None:
    def done() -> bool:
        status = api.get(api.path("monitoring.coreos.com/v1alpha1", "PrometheusAgent", NAMESPACE, STACK))
        return any(each["type"] == "Reconciled" for each in status.get("status", {}).get("conditions", ()))

    until(done, seconds=30, what="the operator says of the agent what it has done")
    said = operator.log.read_text()
    assert "forbidden" not in said
    for kind in ("prometheuses", "prometheusagents"):
        assert f'missing permission on resource \\"{kind}' not in said


def test_its_metrics_are_those_that_alerts_are_about(operator: Operator) -> None:
    with urllib.request.urlopen(f"{operator.url}/metrics", timeout=10) as answer:
        found = set(re.findall(r"^(prometheus_operator_\w+)[{ ]", answer.read().decode(), re.MULTILINE))
    listed = set((METRICS / "prometheus-operator.txt").read_text().splitlines()[1:])
    assert listed <= found, f"not exposed: {listed - found}"


def test_every_kind_of_object_becomes_a_job(operator: Operator, api: Kubernetes, tmp_path: Path) -> None:
    path = api.path("v1", "Secret", NAMESPACE, f"prom-agent-{STACK}")
    packed = b64decode(api.get(path)["data"]["prometheus.yaml.gz"])
    file = tmp_path / "prometheus.yaml"
    file.write_bytes(gzip.decompress(packed))
    promtool = toolchain.find("promtool")
    assert promtool
    subprocess.run([promtool, "check", "config", "--agent", "--syntax-only", file], check=True)
    jobs = {job["job_name"]: job for job in yaml.safe_load(file.read_text())["scrape_configs"]}
    assert set(jobs) == {
        f"serviceMonitor/{TEAM}/shop/0",
        f"podMonitor/{TEAM}/shop/0",
        f"probe/{TEAM}/shop",
    }


def test_rules_are_checked_and_written_where_the_stacks_prometheus_sees_them(
    operator: Operator, api: Kubernetes, rendering: Rendering
) -> None:
    def written() -> dict[str, Any]:
        path = api.path("v1", "ConfigMap", NAMESPACE, f"prometheus-{STACK}-rulefiles-0")
        try:
            found: dict[str, Any] = api.get(path)["data"]
        except KubernetesError as error:
            raise OSError(str(error)) from None
        return found

    ((name, content),) = until(written, seconds=30, what="the rules").items()
    assert name.endswith(".yaml")
    assert yaml.safe_load(content)["groups"][0]["rules"] == [RULE]
    (spec,) = [spec for workload, _, spec in rendering.pods() if workload == "prometheus"]
    (volume,) = [volume for volume in spec["volumes"] if volume["name"] == "rule-objects"]
    names = [source["configMap"]["name"] for source in volume["projected"]["sources"]]
    assert names[0] == f"prometheus-{STACK}-rulefiles-0"


def test_the_agents_pod_is_the_stacks_in_every_respect(
    operator: Operator, api: Kubernetes, rendering: Rendering
) -> None:
    found = stateful_set(api)
    assert found
    template = copy.deepcopy(found["spec"]["template"])
    (service,) = [m for m in rendering.manifests("Service") if m["metadata"]["name"] == "prometheus-agent"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    # Pod Security, which the namespace has, refuses everything that Autopilot does.
    install_policy(api, POLICY)
    namespace = copy.deepcopy(rendering.one("Namespace", NAMESPACE))
    namespace["metadata"]["labels"] |= labels(POLICY)
    api.apply(namespace)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "namespace": NAMESPACE, "labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    }
    unsound = copy.deepcopy(pod)
    del unsound["spec"]["containers"][1]["readinessProbe"]
    until(lambda: "liveness probe" in refusal(api, unsound), seconds=20, what=f"{POLICY} is in force")
    assert refusal(api, pod) == ""


def test_the_rules_take_no_pod(operator: Operator, api: Kubernetes) -> None:
    path = api.path("apps/v1", "StatefulSet", NAMESPACE, f"prometheus-{STACK}")
    assert api.get(path)["spec"]["replicas"] == 0
