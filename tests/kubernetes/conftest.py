"""What the tests on Kubernetes share: an API server, a cluster, the stack `minikube` in its pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kubernetes import images
from tests.kubernetes.apiserver import ApiServer, an_apiserver
from tests.kubernetes.application import CART
from tests.kubernetes.cluster import NODE, Cluster, a_cluster
from tests.kubernetes.stack import Stack, copy
from tests.kubernetes.summary import write_summary
from tests.live.conftest import QUICK
from tests.live.receiver import receiving

CANARIES = {
    "grafanaPassword": "canary-of-the-administrator",
    "slackApiUrl": "https://chat.example.org/canary-of-slack",
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tier ran with."""
    write_summary(terminalreporter)


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    """An API server without anything behind it."""
    with an_apiserver() as server:
        yield server


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of one node with the stack's images."""
    with a_cluster() as cluster:
        images.make(cluster)
        yield cluster


@pytest.fixture(scope="session")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The deployed stack; what is left of it goes with the cluster."""
    with receiving(cluster.machine.outside) as receiver:
        port = receiver.url.rstrip("/").rpartition(":")[2]
        settings: dict[str, Any] = {
            **QUICK,
            "thresholds.targetDownFor": "2s",
            "deleteData": "true",
            "catalog[0]": "catalog",
            "kubernetes.storageClass": "expandable",
            "kubernetes.monitors": "installed",
            'kubernetes.nodeSelector["kubernetes.io/hostname"]': NODE,
            "kubernetes.tolerations[0].key": "dedicated",
            "alerting.receivers[0].name": "oncall",
            "alerting.receivers[0].webhook.url": f"http://host.minikube.internal:{port}/",
            "alerting.receivers[1].name": "chat",
            "alerting.receivers[1].slack.channel": "#alerts",
        }
        project = copy(tmp_path_factory.mktemp("kubernetes"), cluster, settings)
        (project.path / "catalog" / "cart.yaml").write_text(CART)
        for key, value in CANARIES.items():
            project.run("config", "set", "--secret", key, value, "--stack", project.stack)
        project.up()
        yield Stack(project, cluster, receiver, project.outputs(secrets=True))
