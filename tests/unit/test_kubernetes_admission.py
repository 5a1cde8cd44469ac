"""What of an API server's answers means that the rules of the cluster's owners refuse a pod."""

from __future__ import annotations

import pytest

from runtimes.kubernetes.admission import refusal, sketches
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import TARGETS


@pytest.mark.parametrize(
    "message",
    [
        'admission webhook "validation.gatekeeper.sh" denied the request: [no-latest] loki uses latest',
        'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Pod was blocked',
        "pods \"loki\" is forbidden: ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no label",
        'pods "loki" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
    ],
)
def test_what_a_rule_refuses_is_one_line(message: str) -> None:
    assert refusal(message) == " ".join(message.split())


@pytest.mark.parametrize(
    "message",
    [
        'pods is forbidden: User "ci" cannot create resource "pods" in API group "" in the namespace "o"',
        'pods "loki" is forbidden: exceeded quota: compute, requested: limits.cpu=200m, used: limits.cpu=4',
        'pods "loki" is forbidden: minimum cpu usage per Container is 200m, but request is 100m',
        'admission webhook "side-effects.example.org" does not support dry run',
        'Internal error occurred: failed calling webhook "slow.example.org": context deadline exceeded',
    ],
)
def test_what_is_no_rules_doing_is_nothing(message: str) -> None:
    assert refusal(message) == ""


def test_everything_that_makes_pods_is_tried_as_it_is_to_those_who_judge_it() -> None:
    settings = Settings.model_validate(
        {"stack": "trial", "target": "gke", "images": {"registry": "r.example.org"}}
    )
    products = ("prometheus", "loki", "node-exporter", "log-collector", "kube-state-metrics")
    tried = {workload.name: workload for workload in sketches(products, Site(TARGETS["gke"], settings))}
    assert set(tried) == set(products)
    assert [path.path for path in tried["node-exporter"].host_paths] == ["/"]
    assert tried["log-collector"].user == 0
    assert tried["prometheus"].host_paths == ()
