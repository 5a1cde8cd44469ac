"""Every object and every pod of every stack file, tried on a real API server with its provider's rules."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtimes.kubernetes.definitions import KINDS, read
from tests.graph.kubernetes_objects import STACKS, Rendering, rendered, with_kubernetes
from tests.kubernetes.admission import install_custom, install_policy, known, labels, policy, refusal
from tests.kubernetes.apiserver import ApiServer
from tests.project import until
from tests.standin.kubernetes_api import Kubernetes

pytestmark = pytest.mark.kubernetes

POLICIES = {"aks": ("aks-pods", "aks-workloads"), "autopilot": ("gke-autopilot",)}
"""Stack → what its provider refuses beyond Pod Security."""
EXCLUDED = {"aks": "observability-aks-agents"}
"""Namespace that is to be excluded from the safeguards of AKS: they allow no folder of a machine."""


@pytest.fixture(scope="module")
def api(apiserver: ApiServer) -> Kubernetes:
    """An API server with the kinds and the rules that clouds have."""
    api = apiserver.api
    install_custom(api)
    for definition in (read(kind) for kind in KINDS):
        api.apply(definition)
        spec = definition["spec"]
        kind = {
            "apiVersion": f"{spec['group']}/{spec['versions'][0]['name']}",
            "kind": spec["names"]["kind"],
        }
        until(lambda k=kind: known(api, k), seconds=20, what=f"{kind['kind']} is known")  # type: ignore[misc]
    for name in (name for names in POLICIES.values() for name in names):
        install_policy(api, name)
        _namespace(api, f"violating-{name}", labels(name))
    for name, manifest in _VIOLATING.items():
        refused = manifest | {"metadata": {"name": "tests", "namespace": f"violating-{name}"}}
        until(lambda: refusal(api, refused), seconds=20, what=f"{name} is in force")  # noqa: B023
    return api


def _namespace(api: Kubernetes, name: str, named: dict[str, str]) -> None:
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": named}})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tests", "namespace": name}}
    api.apply(account)


_POD = {
    "hostNetwork": True,
    "serviceAccountName": "tests",
    "containers": [{"name": "tests", "image": "example.org/a"}],
}
_VIOLATING = {
    "gke-autopilot": {"apiVersion": "v1", "kind": "Pod", "spec": _POD},
    "aks-pods": {"apiVersion": "v1", "kind": "Pod", "spec": _POD},
    "aks-workloads": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "tests"}},
            "template": {"metadata": {"labels": {"app": "tests"}}, "spec": _POD},
        },
    },
}
"""Policy → what it must refuse before anything is tried, since it takes a moment until it is in force."""


def render(stack: str) -> Rendering:
    """Return the objects of a stack file, in namespaces of its own so that stacks do not meet.

    Each honours the objects of the Prometheus Operator as well, whatever the file says.
    """
    settings = with_kubernetes(stack, namespace=f"observability-{stack}", monitors="installed")
    return rendered(stack, settings)


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, api: Kubernetes) -> tuple[str, Rendering]:
    """A stack whose namespaces and accounts are there."""
    name = str(request.param)
    rendering = render(name)
    for manifest in rendering.manifests("Namespace"):
        namespace = copy.deepcopy(manifest)
        if namespace["metadata"]["name"] != EXCLUDED.get(name):
            namespace["metadata"]["labels"] |= labels(*POLICIES.get(name, ()))
        api.apply(namespace)
    for manifest in rendering.manifests("ServiceAccount"):
        api.apply(manifest)
    return name, rendering


def test_every_object_is_accepted(stack: tuple[str, Rendering], api: Kubernetes) -> None:
    _, rendering = stack
    for manifest in rendering.manifests():
        if manifest["kind"] != "CustomResourceDefinition":  # those of the operator are there already
            api.apply(manifest, dry_run=True)


def pods(rendering: Rendering) -> Iterator[dict[str, Any]]:
    """Yield a pod for each pod template, as a controller would create it."""
    for manifest in rendering.manifests("StatefulSet", "Deployment", "DaemonSet"):
        template = copy.deepcopy(manifest["spec"]["template"])
        volumes = [
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "claim"}}
            for claim in manifest["spec"].get("volumeClaimTemplates", ())
        ]
        template["spec"]["volumes"] += volumes
        metadata = {k: manifest["metadata"][k] for k in ("name", "namespace")} | template["metadata"]
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def test_every_pod_is_admitted(stack: tuple[str, Rendering], api: Kubernetes) -> None:
    """Admission ignores the templates of controllers; a violating one is accepted and never has a pod."""
    _, rendering = stack
    tried = list(pods(rendering))
    assert len(tried) >= 9
    assert {pod["metadata"]["name"]: reason for pod in tried if (reason := refusal(api, pod))} == {}


def test_services_of_a_namespace_select_different_pods(stack: tuple[str, Rendering]) -> None:
    """AKS refuses two Services with one selector, which no rule about a single object can say."""
    _, rendering = stack
    selectors = [
        (m["metadata"]["namespace"], tuple(sorted(m["spec"]["selector"].items())))
        for m in rendering.manifests("Service")
    ]
    assert len(set(selectors)) == len(selectors)


def test_nothing_is_put_where_the_provider_rules(stack: tuple[str, Rendering]) -> None:
    _, rendering = stack
    namespaces = {m["metadata"].get("namespace", "") for m in rendering.manifests()}
    assert not any(namespace.startswith("kube-") for namespace in namespaces)


def test_objects_of_a_stack_do_not_fit_another_providers_pods(api: Kubernetes) -> None:
    """What Autopilot is spared for a reason would be refused there."""
    name = "refused-by-autopilot"
    level = {"pod-security.kubernetes.io/enforce": "privileged"}
    _namespace(api, name, labels("gke-autopilot") | level)
    agents = {p["metadata"]["name"]: p for p in pods(render("gke")) if "agents" in p["metadata"]["namespace"]}
    for agent in agents.values():
        agent["metadata"]["namespace"] = name
        agent["spec"]["serviceAccountName"] = "tests"
    assert "other than those below /var/log/" in refusal(api, agents["node-exporter"])
    assert "other than those below /var/log/" in refusal(api, agents["log-collector"])


def _change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(pod: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        where: Any = pod
        for part in parents:
            where = where[int(part)] if part.isdecimal() else where[part]
        if value is None:
            del where[last]
        else:
            where[last] = value

    return change


CONTAINER = "spec.containers.0"
VIOLATIONS = {
    "gke-autopilot": (
        (
            _change("spec.volumes", [{"name": "logs", "hostPath": {"path": "/var/lib"}}]),
            "other than those below",
        ),
        (_change("spec.hostNetwork", True), "network and processes are not shared"),
        (_change("spec.hostPID", True), "network and processes are not shared"),
        (_change(f"{CONTAINER}.ports", [{"containerPort": 1, "hostPort": 1}]), "ports of the machine"),
        (_change(f"{CONTAINER}.securityContext", {"privileged": True}), "not privileged"),
        (_change(f"{CONTAINER}.volumeMounts", [{"name": "logs", "mountPath": "/l"}]), "can only be read"),
    ),
    "aks-pods": (
        (_change(f"{CONTAINER}.livenessProbe", None), "a readiness and a liveness probe"),
        (_change(f"{CONTAINER}.readinessProbe", None), "a readiness and a liveness probe"),
        (_change(f"{CONTAINER}.resources", {"requests": {"cpu": "1"}}), "requests processor and memory"),
        (_change(f"{CONTAINER}.image", "example.org/a:latest"), "not latest"),
        (_change(f"{CONTAINER}.image", "example.org:5000/a"), "images have a tag"),
    ),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_every_rule_of_a_policy_refuses_what_it_is_about(name: str, api: Kubernetes) -> None:
    namespace = f"violating-{name}"
    probe = {"httpGet": {"path": "/", "port": 80}}
    sound: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tests", "namespace": namespace},
        "spec": {
            "serviceAccountName": "tests",
            "volumes": [{"name": "logs", "hostPath": {"path": "/var/log/pods"}}],
            "containers": [
                {
                    "name": "tests",
                    "image": "example.org:5000/a:v1",
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
                    "readinessProbe": probe,
                    "livenessProbe": probe,
                    "volumeMounts": [{"name": "logs", "mountPath": "/l", "readOnly": True}],
                }
            ],
        },
    }
    assert refusal(api, sound) == ""
    refused = set()
    for change, what in VIOLATIONS[name]:
        violating = copy.deepcopy(sound)
        change(violating)
        reason = refusal(api, violating)
        assert what in reason
        refused |= {rule["what"] for rule in policy(name)["rules"] if rule["what"] in reason}
    assert refused == {rule["what"] for rule in policy(name)["rules"]}


def test_replicas_that_are_not_spread_are_refused_on_aks(api: Kubernetes) -> None:
    (deployment, *_) = render("aks").manifests("Deployment")
    deployment = copy.deepcopy(deployment)
    deployment["metadata"]["namespace"] = "violating-aks-workloads"
    assert refusal(api, deployment) == ""
    deployment["spec"]["replicas"] = 2
    deployment["spec"]["template"]["spec"].pop("topologySpreadConstraints", None)
    assert "spread over machines" in refusal(api, deployment)
