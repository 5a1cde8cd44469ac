"""What honouring ServiceMonitor, PodMonitor, Probe and PrometheusRule objects registers."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import versions
from runtimes.kubernetes import preflight
from runtimes.kubernetes.definitions import KINDS
from runtimes.kubernetes.site import Site
from scraping.kubernetes_monitors import OPERATED
from settings import Settings, StackFileError
from targets import TARGETS
from tests.graph.kubernetes_objects import Rendering, render, render_with_monitors, rendered, with_kubernetes
from tests.graph.test_kubernetes_network import Cluster, Endpoint
from tests.graph.test_kubernetes_permissions import permissions
from tests.project import load
from toolchain import definitions
from toolchain.programs.testing import PROMETHEUS_OPERATOR

pytestmark = pytest.mark.graph

PERMISSIONS = Path(__file__).parent / "permissions-monitors.txt"


@functools.cache
def chosen() -> Rendering:
    """Return a stack with a pair of Prometheus that honours some objects only, and what they refer to."""
    wanted = {"monitoredNamespaces": ["shop"], "monitorLabels": {"release": "a"}, "monitorSecrets": True}
    pods = {
        "priorityClass": "high",
        "imagePullSecrets": ["mirror"],
        "nodeSelector": {"pool": "monitoring"},
        "tolerations": [{"key": "dedicated", "value": "monitoring", "effect": "NoSchedule"}, {"key": "spot"}],
    }
    return rendered("prod", with_kubernetes("prod", monitors="installed", **wanted, **pods))


def spec(rendering: Rendering, kind: str) -> dict[str, Any]:
    (manifest,) = rendering.manifests(kind)
    found: dict[str, Any] = manifest["spec"]
    return found


def test_every_pod_has_the_priority_and_the_pull_secrets_that_are_named() -> None:
    specs = {name: pod for name, _, pod in chosen().pods()}
    specs["prometheus-agent"] = spec(chosen(), "PrometheusAgent")
    assert {name: pod.get("priorityClassName") for name, pod in specs.items()} == dict.fromkeys(specs, "high")
    accounts = {m["metadata"]["name"]: m for m in chosen().manifests("ServiceAccount")}
    for name, pod in specs.items():
        assert accounts[pod["serviceAccountName"]]["imagePullSecrets"] == [{"name": "mirror"}], name
    assert not any(pod.get("priorityClassName") for _, _, pod in render("aks").pods())
    assert not any(account.get("imagePullSecrets") for account in render("aks").manifests("ServiceAccount"))


def test_every_pod_but_the_agents_goes_to_the_machines_that_are_named() -> None:
    specs = {name: pod for name, _, pod in chosen().pods()}
    agents = {manifest["metadata"]["name"] for manifest in chosen().manifests("DaemonSet")}
    specs["prometheus-agent"] = spec(chosen(), "PrometheusAgent")
    dedicated = {"key": "dedicated", "operator": "Equal", "value": "monitoring", "effect": "NoSchedule"}
    assert agents
    for name, pod in specs.items():
        taints = (
            [{"operator": "Exists"}] if name in agents else [dedicated, {"key": "spot", "operator": "Exists"}]
        )
        assert pod.get("nodeSelector") == (None if name in agents else {"pool": "monitoring"}), name
        assert pod["tolerations"] == taints, name
    others = {name: pod for name, _, pod in render("aks").pods() if name not in agents}
    assert not any(pod.get("nodeSelector") or pod.get("tolerations") for pod in others.values())


def test_nothing_of_it_is_there_unless_asked_for() -> None:
    rendering = render("aks")
    assert not rendering.manifests("CustomResourceDefinition", "PrometheusAgent", "Prometheus")
    assert "/objects/" not in rendering.files("prometheus")["/etc/prometheus/prometheus.yaml"]


def test_definitions_come_first_and_outlive_the_stack() -> None:
    rendering = render_with_monitors()
    names = [resource.name for resource in rendering.resources]
    kept = {r.inputs["metadata"]["name"] for r in rendering.resources if r.retained}
    assert {f"{kind}.monitoring.coreos.com" for kind in KINDS} < kept
    last = max(index for index, name in enumerate(names) if "-definition-" in name)
    assert last < names.index("prometheus-operator-deployment") < names.index("prometheus-agent-pods")
    for manifest in rendering.manifests("CustomResourceDefinition"):
        assert manifest["metadata"]["annotations"]["operator.prometheus.io/version"] == definitions.VERSION
        assert len(json.dumps(manifest)) < 150_000, "every preview compares it"


def test_the_definitions_are_those_of_the_operators_version() -> None:
    assert f"v{definitions.VERSION}" == versions.PROMETHEUS_OPERATOR.tag == versions.CONFIG_RELOADER.tag
    assert PROMETHEUS_OPERATOR.modules[0].version == definitions.VERSION


def test_teams_still_have_the_explanations_of_their_kinds() -> None:
    for manifest in render_with_monitors().manifests("CustomResourceDefinition"):
        explained = '"description": "' in json.dumps(manifest["spec"])
        assert explained is not manifest["metadata"]["name"].startswith(tuple(OPERATED))


def test_an_operator_that_is_found_gets_its_objects_and_nothing_else() -> None:
    rendering = render_with_monitors("found")
    assert not rendering.manifests("CustomResourceDefinition")
    assert "prometheus-operator" not in {name for name, _, _ in rendering.pods()}
    assert spec(rendering, "PrometheusAgent") == spec(render_with_monitors(), "PrometheusAgent")


def test_the_agent_sends_to_every_prometheus_and_calls_nothing_its_own() -> None:
    agent = spec(chosen(), "PrometheusAgent")
    assert [each["url"] for each in agent["remoteWrite"]] == [
        f"http://prometheus-{number}.prometheus-replicas:9090/api/v1/write" for number in range(2)
    ]
    for label in ("prometheusExternalLabelName", "replicaExternalLabelName"):
        assert agent[label] == ""


def test_monitors_are_chosen_by_namespace_and_label() -> None:
    everything = spec(render_with_monitors(), "PrometheusAgent")
    kinds = ("serviceMonitor", "podMonitor", "probe")
    assert all(
        everything[f"{kind}{what}"] == {} for kind in kinds for what in ("Selector", "NamespaceSelector")
    )
    within = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}
    for kind, owner in (*((kind, "PrometheusAgent") for kind in kinds), ("rule", "Prometheus")):
        assert spec(chosen(), owner)[f"{kind}Selector"] == {"matchLabels": {"release": "a"}}
        assert spec(chosen(), owner)[f"{kind}NamespaceSelector"] == {"matchExpressions": [within]}


def test_the_rules_of_teams_are_the_stacks_own_prometheus_to_evaluate() -> None:
    rendering = render_with_monitors()
    assert spec(rendering, "Prometheus")["replicas"] == 0
    file = rendering.files("prometheus")["/etc/prometheus/prometheus.yaml"]
    assert yaml.safe_load(file)["rule_files"] == [
        "/etc/prometheus/rules/*.yaml",
        "/etc/prometheus/objects/*.yaml",
    ]
    (pod,) = [pod for name, _, pod in rendering.pods() if name == "prometheus"]
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    (volume,) = [v for v in pod["volumes"] if v["name"] == mounts["/etc/prometheus/objects"]]
    assert all(source["configMap"]["optional"] for source in volume["projected"]["sources"])


def test_the_operators_accounts_may_exactly_what_the_committed_list_says() -> None:
    expected = [line for line in PERMISSIONS.read_text().splitlines() if line and not line.startswith("#")]
    found = permissions(render_with_monitors())
    assert sorted(line for line in found if "/prometheus-" in line) == sorted(expected)


def test_the_operator_writes_and_reads_secrets_in_the_stacks_namespace_alone() -> None:
    for role in render_with_monitors().manifests("ClusterRole"):
        for rule in role["rules"]:
            written = set(rule["verbs"]) - {"get", "list", "watch"}
            assert not written or rule["resources"] == ["events"]
            assert "secrets" not in rule.get("resources", ())


def test_monitors_that_refer_to_secrets_can_be_allowed_to() -> None:
    everywhere = [line for line in permissions(chosen()) if "secrets" in line and "everywhere" in line]
    (line,) = everywhere
    assert line.split() == ["observability/prometheus-operator", "everywhere", "get", "configmaps,secrets"]


def test_the_agent_of_monitors_asks_everybody_and_is_asked_by_prometheus_alone() -> None:
    rendering = render_with_monitors()
    parts = Cluster(rendering)
    selector = rendering.one("Service", "prometheus-agent")["spec"]["selector"]
    parts.endpoints["prometheus-agent"] = Endpoint("prometheus-agent", "10.0.1.99", "observability", selector)
    pods = {*parts.pods, "prometheus-agent", "application", "gateway", "outside"}
    for port, asked in ((9090, "prometheus-agent"), (8080, "prometheus-operator")):
        asking = {name for name in pods if parts.allows(name, asked, port)}
        assert asking == {"prometheus"}
    for destination, port in (("prometheus", 9090), ("application", 8080), ("api-server", 443)):
        assert parts.allows("prometheus-agent", destination, port)
    assert not parts.allows("prometheus-agent", "loki", 3100)
    assert not parts.allows("prometheus-agent", "metadata", 80)
    assert parts.allows("prometheus-operator", "api-server", 443)
    assert not parts.allows("prometheus-operator", "outside", 8443)


def test_what_is_missing_on_this_machine_is_said_before_anything_is_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = stack_file(monitors="installed")
    assert not preflight.problems(Site(TARGETS["aks"], settings))
    monkeypatch.setattr("runtimes.kubernetes.definitions.missing", lambda: True)
    (problem,) = preflight.problems(Site(TARGETS["aks"], settings))
    assert problem.startswith("kubernetes.monitors: ")
    assert problem.endswith("run: make setup")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"monitorLabels": {"release": "a"}}, "set monitors"),
        ({"monitors": "found", "monitorSecrets": True}, "monitorSecrets: are about the operator"),
        ({"monitors": "found", "monitorLabels": {"no spaces": "a"}}, "use the name of a label of Kubernetes"),
        ({"monitors": "off"}, "must be one of ignored, found, installed"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(StackFileError) as refused:
        stack_file(**given)
    assert said in "\n".join(refused.value.problems)


def stack_file(**kubernetes: Any) -> Settings:
    return load(with_kubernetes("aks", **kubernetes), (), "aks")


def test_a_stack_whose_name_no_object_can_have_is_refused() -> None:
    settings = load(with_kubernetes("aks", monitors="found"), (), "Production_EU")
    (problem,) = preflight.problems(Site(TARGETS["aks"], settings))
    assert "'Production_EU' is no name in a cluster" in problem
