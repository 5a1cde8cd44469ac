"""What a team's monitor finds is called like everything else, and never like a part of the stack."""

from __future__ import annotations

import pytest

from scraping.kubernetes_monitors import monitors
from settings.kubernetes import Kubernetes
from tests.unit.test_scraping import relabelled
from tests.unit.test_scraping_kubernetes import pod


def found(job: str, labels: dict[str, str]) -> dict[str, str]:
    """Return the labels of a target that the operator has given those of its Service."""
    (scrape_class,) = monitors(Kubernetes())["scrapeClasses"]
    assert scrape_class["default"], "a monitor that names no class has it"
    steps = [
        {
            "source_labels": step["sourceLabels"],
            "target_label": step["targetLabel"],
            "regex": step["regex"],
            "replacement": step["replacement"],
        }
        for step in scrape_class["relabelings"]
    ]
    given = {**labels, "namespace": "shop", "service": "storefront", "job": job}
    labelled = relabelled(steps, given)
    assert labelled
    return labelled


def test_a_pod_has_the_service_and_team_that_it_has_by_annotation() -> None:
    labelled = found("storefront", pod(label_app="cart", label_team="checkout"))
    assert (labelled["service"], labelled["team"], labelled["node"]) == ("cart", "checkout", "node-1")
    assert found("storefront", pod())["service"] == "shop"


def test_what_is_no_pod_keeps_the_name_of_its_service() -> None:
    labelled = found("storefront", {"__address__": "192.0.2.1:9187"})
    assert labelled["service"] == "storefront"
    assert "team" not in labelled


@pytest.mark.parametrize(
    ("job", "kept"),
    [
        ("storefront", "storefront"),
        ("shop/loki", "shop/loki"),
        ("loki-canary", "loki-canary"),
        ("loki", "shop/loki"),
        ("kube-state-metrics", "shop/kube-state-metrics"),
        ("kubernetes-pods", "shop/kubernetes-pods"),
        ("node", "shop/node"),
    ],
)
def test_no_job_is_taken_for_one_of_the_stacks(job: str, kept: str) -> None:
    assert found(job, pod())["job"] == kept
