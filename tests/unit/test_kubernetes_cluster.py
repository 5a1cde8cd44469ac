"""What is said of a cluster before anything is registered, asked of a small server that answers like one."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from kubernetes.client import V1ObjectMeta, V1StatefulSet

from runtimes.kubernetes import stateful
from runtimes.kubernetes.cluster import problems
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import TARGETS
from tests.serving import serving

CLUSTER, OTHER = "0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"
PRIORITIES = "/apis/scheduling.k8s.io/v1/priorityclasses"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"


def listed(*names: str) -> dict[str, Any]:
    return {"items": [{"metadata": {"name": name}, "provisioner": "p"} for name in names]}


VERSION = (
    "major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler",
    "platform",
)  # fmt: skip
SOUND: dict[str, Any] = {
    "/version": dict.fromkeys(VERSION, "1"),
    "/api/v1/namespaces/kube-system": {"metadata": {"uid": CLUSTER}},
    "/apis/storage.k8s.io/v1/storageclasses": listed("standard-rwo", "fast"),
    "/apis/networking.k8s.io/v1/ingressclasses": {"items": [{"metadata": {"name": "traefik"}, "spec": {}}]},
    GATEWAYS: listed("gke-l7-global-external-managed"),
    "/apis": {"groups": [{"name": "metrics.k8s.io", "versions": []}]},
}  # fmt: skip


class Answers(BaseHTTPRequestHandler):
    paths: dict[str, Any]
    forbidden: tuple[str, ...]

    def do_GET(self) -> None:
        answer = self.paths.get(urlsplit(self.path).path.rstrip("/"), 404)
        self._send(answer if isinstance(answer, int) else 200, answer)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = asked["spec"]["resourceAttributes"]["resource"]
        answer = {**asked, "status": {"allowed": kind not in self.forbidden}}
        self._send(403 if "*" in self.forbidden else 201, answer)

    def _send(self, status: int, answer: Any) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def cluster(paths: dict[str, Any], forbidden: tuple[str, ...] = ()) -> Iterator[str]:
    handler = type("Handler", (Answers,), {"paths": paths, "forbidden": forbidden})
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


def write(file: Path, server: str, user: dict[str, Any] | None = None, proxy: str = "") -> None:
    named = {
        "clusters": [{"name": "c", "cluster": {"server": server, "proxy-url": proxy}}],
        "users": [{"name": "u", "user": user or {"token": "canary-of-a-token"}}],
        "contexts": [{"name": "production", "context": {"cluster": "c", "user": "u"}}],
    }
    file.write_text(
        yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "production", **named})
    )


def found(*, remarks: list[str] | None = None, **kubernetes: Any) -> list[str]:
    given = {"context": "production", "host": "o.example.org", **kubernetes}
    settings = Settings.model_validate({"stack": "prod", "target": "gke", "kubernetes": given})
    return problems(Site(TARGETS["gke"], settings), remarks=remarks)


def found_by_several(most: int) -> list[str]:
    given = {"context": "production", "autoscaling": {"maxReplicas": most}, "ingressClass": "gce"}
    values = {"stack": "prod", "target": "gke", "profile": "ha", "kubernetes": given}
    return problems(Site(TARGETS["gke"], Settings.model_validate(values)))


def test_autoscaling_takes_a_cluster_that_measures(kubeconfig: Path) -> None:
    with cluster(SOUND) as server:
        write(kubeconfig, server)
        assert found_by_several(6) == []
    with cluster(SOUND | {"/apis": {"groups": []}}) as server:
        write(kubeconfig, server)
        (problem,) = found_by_several(3)
        assert found_by_several(1) == []
        assert found() == [], "one of everything is scaled by nobody"
    assert problem.startswith("kubernetes.autoscaling: the cluster does not measure how busy pods are")


@pytest.mark.parametrize(
    ("name", "values", "key"),
    [
        ("jaeger", {"traces": {"store": {"kind": "opensearch", "address": "s.example.org:9200"}}},
         "traces.store"),
        ("grafana", {"dashboards": {"database": {"address": "10.20.0.5:5432"}}}, "dashboards.database"),
        ("prometheus", {"profile": "ha"}, "profile"),
        ("loki", {"profile": "scale"}, "profile"),
    ],
)  # fmt: skip
def test_what_would_delete_a_stateful_set_is_said(name: str, values: dict[str, Any], key: str) -> None:
    there = V1StatefulSet(
        metadata=V1ObjectMeta(name=name), spec=SimpleNamespace(service_name=name)
    )  # fmt: skip

    def said(**further: Any) -> list[str]:
        settings = Settings.model_validate({"stack": "prod", "target": "gke", **further})
        return list(stateful.replacement(there, Site(TARGETS["gke"], settings)))

    assert said() == []
    (problem,) = said(**values)
    assert problem.startswith(f"{key}: deletes the StatefulSet {name} of the deployed stack")
    assert said(**values, kubernetes={"replace": [name]}) == []


def test_a_sound_cluster_has_no_problems(kubeconfig: Path) -> None:
    with cluster(SOUND) as server:
        write(kubeconfig, server)
        assert found(clusterId=CLUSTER) == []
        assert found(context="") == []
        assert found(ingressClass="traefik", ingressNamespace="traefik") == []
        assert found(ingressClass="gce") == []


@pytest.mark.parametrize(
    ("changed", "settings", "beginning"),
    [
        ({}, {"context": "staging"},
         "kubernetes.context: {file} has no context 'staging'; it has production"),
        ({}, {"clusterId": OTHER}, (f"kubernetes.clusterId: this stack belongs to the cluster {OTHER}, but "
         f"the context 'production' leads to {CLUSTER}; choose another context")),
        ({"/version": 401}, {},
         "kubernetes.context: the context 'production' does not know you; log in again"),
        ({"/version": 500}, {}, "kubernetes.context: the context 'production' answers 500"),
        ({"/api/v1/namespaces/kube-system": 403}, {"clusterId": CLUSTER},
         "kubernetes.clusterId: the context 'production' does not let you read which cluster it is"),
        ({}, {"storageClass": "slow"},
         "kubernetes.storageClass: the cluster has no class 'slow'; it has fast, standard-rwo"),
        ({PRIORITIES: {"items": [{"metadata": {"name": "high"}, "value": 1000}]}},
         {"priorityClass": "higher"},
         "kubernetes.priorityClass: the cluster has no class 'higher'; it has high"),
        ({GATEWAYS: 404}, {}, ("kubernetes.gatewayClass: the cluster has no class "
         "'gke-l7-global-external-managed'; it has none; install a controller for the Gateway API")),
        ({GATEWAYS: listed("istio")}, {}, ("kubernetes.gatewayClass: the cluster has no class "
         "'gke-l7-global-external-managed'; it has istio")),
        ({}, {"ingressClass": "nginx", "ingressNamespace": "n"},
         "kubernetes.ingressClass: the cluster has no class 'nginx'; it has traefik"),
    ],
)  # fmt: skip
def test_each_problem_is_one_line_that_says_what_to_do(
    kubeconfig: Path, changed: dict[str, Any], settings: dict[str, Any], beginning: str
) -> None:
    with cluster(SOUND | changed) as server:
        write(kubeconfig, server)
        (problem,) = found(**settings)
    assert problem.startswith(beginning.format(file=kubeconfig))
    assert "\n" not in problem
    assert "canary-of-a-token" not in problem


MACHINES = {
    "items": [
        {"metadata": {"labels": {"pool": "apps"}}, "spec": {}},
        {
            "metadata": {"labels": {"pool": "monitoring"}},
            "spec": {
                "taints": [
                    {"key": "soft", "effect": "PreferNoSchedule"},
                    {"key": "dedicated", "value": "monitoring", "effect": "NoSchedule"},
                ]
            },
        },
    ]
}
DEDICATED = {"key": "dedicated", "value": "monitoring", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, []),
        ({"nodeSelector": {"pool": "apps"}}, []),
        ({"nodeSelector": {"pool": "monitoring"}, "tolerations": [DEDICATED]}, []),
        ({"nodeSelector": {"pool": "monitoring"}, "tolerations": [{"key": "dedicated"}]}, []),
        ({"tolerations": [{"key": "spot"}]}, []),
        ({"nodeSelector": {"pool": "other"}},
         ["kubernetes.nodeSelector: no machine of the cluster has pool=other; pods wait until one does"]),
        *(({"nodeSelector": {"pool": "monitoring"}, "tolerations": [DEDICATED | other]},
           [("kubernetes.tolerations: each machine that the stack may go to has a taint that is not "
             "tolerated (dedicated=monitoring:NoSchedule); pods wait until one has none")])
          for other in ({"key": "spot"}, {"value": "apps"}, {"effect": "NoExecute"})),
    ],
)  # fmt: skip
def test_it_is_remarked_where_no_machine_takes_the_pods(
    kubeconfig: Path, settings: dict[str, Any], wanted: list[str]
) -> None:
    remarks: list[str] = []
    with cluster(SOUND | {"/api/v1/nodes": MACHINES}) as server:
        write(kubeconfig, server)
        assert found(remarks=remarks, **settings) == []
    assert [remark for remark in remarks if "pods wait" in remark] == wanted


def test_a_cluster_behind_a_proxy_is_asked_by_way_of_it(kubeconfig: Path) -> None:
    with cluster(SOUND) as proxy:
        write(kubeconfig, "http://cluster.invalid", proxy=proxy)
        assert found(clusterId=CLUSTER) == []
        (problem,) = found(storageClass="slow")
    assert problem.startswith("kubernetes.storageClass: the cluster has no class 'slow'")


def test_what_may_not_be_created_is_said_in_one_line(kubeconfig: Path) -> None:
    with cluster(SOUND, forbidden=("clusterroles", "secrets")) as server:
        write(kubeconfig, server)
        (problem,) = found()
    assert "as the context 'production' you may not create clusterroles, secrets; deploy as" in problem


def test_all_problems_are_told_at_once(kubeconfig: Path) -> None:
    with cluster(SOUND | {GATEWAYS: 404}, forbidden=("secrets",)) as server:
        write(kubeconfig, server)
        assert len(found(storageClass="slow")) == 3


def test_a_cluster_that_is_not_there_is_said_to_be(kubeconfig: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{taken.getsockname()[1]}"
        write(kubeconfig, server)
        (problem,) = found()
    assert problem.startswith(f"kubernetes.context: the context 'production' cannot be reached at {server}")


def test_without_a_kubeconfig_it_is_said_how_to_get_one(kubeconfig: Path) -> None:
    (problem,) = found()
    assert problem.startswith(f"kubernetes.context: no kubeconfig can be read at {kubeconfig}")


@pytest.mark.parametrize(
    "text", ["[]", "a text", "{a: [", "\0", "a: 1\n---\nb: 2", "contexts:", "current-context: production"]
)
def test_what_is_no_kubeconfig_is_said_to_be_none(kubeconfig: Path, text: str) -> None:
    kubeconfig.write_text(text)
    (problem,) = found()
    assert problem.startswith(f"kubernetes.context: no kubeconfig can be read at {kubeconfig}: ")
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("command", "reason"), [("no-such-plugin", "No such file or directory"), ("false", "process returned 1")]
)
def test_a_login_that_fails_does_not_pass_for_a_sound_cluster(
    kubeconfig: Path, command: str, reason: str
) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": []}
    with cluster(SOUND) as server:
        write(kubeconfig, server, {"exec": plugin})
        (problem,) = found()
    assert problem.startswith("kubernetes.context: the context 'production' cannot be used: the program that")
    assert reason in problem
    assert problem.endswith("see that its plugin is installed")


def test_who_is_nobody_to_the_cluster_is_told_so(kubeconfig: Path) -> None:
    with cluster(SOUND, forbidden=("*",)) as server:
        write(kubeconfig, server)
        (problem,) = found()
    assert problem == "kubernetes.context: the context 'production' takes you for nobody; log in again"


def test_an_answer_that_makes_no_sense_does_not_pass_for_a_sound_cluster(kubeconfig: Path) -> None:
    with cluster(SOUND | {"/apis/storage.k8s.io/v1/storageclasses": {"items": [{}]}}) as server:
        write(kubeconfig, server)
        (problem,) = found()
    assert problem.startswith(
        "kubernetes.context: the context 'production' gives an answer that makes no sense"
    )
    assert problem.endswith("set OBSERVABILITY_SKIP_PREFLIGHT=1")


def test_a_login_that_never_ends_does_not_hold_anybody_up(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtimes.kubernetes.cluster._DEADLINE", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        write(kubeconfig, f"http://127.0.0.1:{silent.getsockname()[1]}")
        (problem,) = found()
    assert "does not answer within 0.2 s; try: kubectl --context production get --raw /version" in problem


def test_an_operator_that_is_not_found_is_missed_by_what_it_knows(kubeconfig: Path) -> None:
    with cluster(SOUND) as server:
        write(kubeconfig, server)
        (problem,) = found(monitors="found")
        assert found(monitors="installed") == []
    assert problem.startswith(
        "kubernetes.monitors: no Prometheus Operator is found: the cluster does not know "
    )
    assert "servicemonitors" in problem
    assert "prometheusagents" in problem
