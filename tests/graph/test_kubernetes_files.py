"""Configuration that is too much for one ConfigMap is in several, which a pod sees as one folder."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from runtimes.kubernetes.configuration import TooLargeError
from tests.graph.kubernetes_objects import Rendering, configuration, render, rendered

pytestmark = pytest.mark.graph

DASHBOARDS = "grafana-config-dashboards"
HALF = 512 * 1024


def with_services(folder: Path, number: int, description: str = "Sells things.") -> Rendering:
    """Return what is registered for a catalogue with so many services more."""
    for index in range(number):
        text = f'service: shop-{index}\nteam: checkout\nmetrics: {{targets: ["shop:80"]}}\n'
        (folder / f"shop-{index}.yaml").write_text(f"{text}description: {description}\n")
    return rendered("minikube", configuration("minikube") | {"observability:catalog": f'["{folder}"]'})


def dashboards(rendering: Rendering) -> dict[str, int]:
    """Return the ConfigMaps of the dashboards, and how many bytes each has."""
    return {
        manifest["metadata"]["name"]: sum(len(text.encode()) for text in manifest["data"].values())
        for manifest in rendering.manifests("ConfigMap")
        if manifest["metadata"]["name"].startswith(DASHBOARDS)
    }


def test_what_fits_is_in_one() -> None:
    assert len(dashboards(render("minikube"))) == 1


def test_what_does_not_fit_is_in_several_and_the_pod_sees_all_of_it(tmp_path: Path) -> None:
    few = set(render("minikube").files("grafana"))
    rendering = with_services(tmp_path, 80)
    sizes = dashboards(rendering)
    assert sum(sizes.values()) > HALF, "this would have fitted into one"
    assert len(sizes) > 1
    assert max(sizes.values()) <= HALF
    more = {f"/etc/grafana/dashboards/service-shop-{index}.json" for index in range(80)}
    assert set(rendering.files("grafana")) - few == more
    assert set(rendering.files("grafana")) > few


def test_a_file_that_no_cluster_takes_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(
        TooLargeError, match=r"grafana: dashboards/service-shop-0.json has 2.\d MiB"
    ) as refusal:
        with_services(tmp_path, 1, "x" * 2 * 1024 * 1024)
    assert isinstance(refusal.value, pulumi.RunError), "the engine prints the message alone"
