"""What is configured only in a cluster is accepted by the program that reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from components import log_collector
from components.collector import workload as collector
from components.loki import LokiArgs, configuration
from components.loki import workload as loki
from components.prometheus import workload as prometheus
from placement import ContainerPlacement
from plan import Plan, make_plan
from rendering import to_yaml
from runtimes.kubernetes.site import Site
from settings import Settings
from settings.model import Logs
from targets import TARGETS
from tests.tools.test_configuration import written

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
RECEIVER = {"receivers": [{"name": "team", "webhook": {"url": "https://alerts.example.org/hook"}}]}

FRONT = """\
service: front
team: storefront
metrics: {port: 8080, pods: {example.org/part: a.b-c}, namespace: shop}
logs: {files: [front.log]}
"""


@pytest.fixture(params=["minikube", "oke", "aks", "gke", "gke-autopilot"])
def plan(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plan:
    monkeypatch.setenv("OBSERVABILITY_SKIP_PREFLIGHT", "1")
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "front.yaml").write_text(FRONT)
    values = {
        "target": request.param,
        "kubernetes": {"host": "o.example.org", "monitoredNamespaces": ["shop", "cart"]},
        "alerting": RECEIVER,
        "catalog": [str(tmp_path / "catalog")],
    }
    config = {f"observability:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    return make_plan(config, [], "trial")


def test_prometheus_accepts_what_it_finds_in_a_cluster(
    tmp_path: Path, tool: Callable[..., str], plan: Plan
) -> None:
    placement = plan.runtime.placement
    folder = written(prometheus(plan.prometheus, placement), tmp_path)
    for name in ("token", "ca.crt"):
        (tmp_path / name).touch()
    main = folder / "prometheus.yaml"
    text = main.read_text().replace(placement.config("prometheus"), str(folder))
    main.write_text(text.replace(ACCOUNT, str(tmp_path)))
    output = tool("promtool", "check", "config", "--lint=all", str(main))
    assert "FAILED" not in output
    mixins = {mixin.name for mixin in plan.prometheus["mixins"]}
    assert "http" in mixins
    assert ("node" in mixins) is (plan.settings.target != "gke-autopilot")


STORAGE = {
    "minikube": None,
    "gke": {"bucket": "acme-loki"},
    "aks": {"bucket": "acme-loki", "account": "acmelogs", "clientId": "0a1b2c3d-0000-4000-8000-000000000001"},
    "oke": {"bucket": "acme-loki", "namespace": "acme", "region": "eu-frankfurt-1", "since": "2026-12-01"},
}


@pytest.mark.parametrize("target", STORAGE)
def test_loki_accepts_where_its_lines_are_kept(target: str, tmp_path: Path, tool: Callable[..., str]) -> None:
    logs = Logs.model_validate({"objectStorage": STORAGE[target]})
    secrets = dict.fromkeys(logs.secret_keys, "a secret")
    args: LokiArgs = {"logs": logs, "object_storage": TARGETS[target].object_storage}
    written = configuration(args, ContainerPlacement(homes={}, public_urls={}), secrets)
    file = tmp_path / "loki.yaml"
    file.write_text(to_yaml(written))
    tool("loki", "-verify-config", f"-config.file={file}")


# What they are told differs in a folder only: one that keeps nothing, and one with a volume.
@pytest.mark.parametrize("part", ["loki", "loki-ingester"])
def test_loki_accepts_what_its_parts_are_told(part: str, tmp_path: Path, tool: Callable[..., str]) -> None:
    settings = Settings(stack="trial", target="gke", profile="scale")
    placement = Site(TARGETS["gke"], settings).placement
    logs = Logs.model_validate({"objectStorage": STORAGE["gke"]})
    args: LokiArgs = {"logs": logs, "object_storage": TARGETS["gke"].object_storage}
    file = tmp_path / "loki.yaml"
    file.write_text(to_yaml(configuration(args, placement, {}, part)))
    _, target = loki(args, placement, part).arguments
    tool("loki", "-verify-config", f"-config.file={file}", target)


def test_the_log_collector_and_the_collector_accept_their_configuration(
    tmp_path: Path, tool: Callable[..., str], plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(log_collector.NODE, "node-1")
    placement = plan.runtime.placement
    assert plan.cluster
    for workload in (
        log_collector.workload({"cluster": plan.cluster, "services": plan.services}, placement),
        collector(plan.collector, placement),
    ):
        folder = written(workload, tmp_path)
        tool("otelcol", "validate", f"--config={folder}/collector.yaml")
