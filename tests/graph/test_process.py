"""The program on target `process`: one supervised process a product, a Grafana where there is one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import toolchain
from runtimes.process import ProcessRuntime
from settings import Settings
from tests.graph.kubernetes_objects import CANARY, Rendering, rendered

PRODUCTS = {
    "alertmanager": "Alertmanager",
    "collector": "Collector",
    "grafana": "Grafana",
    "jaeger": "Jaeger",
    "loki": "Loki",
    "node-exporter": "NodeExporter",
    "prometheus": "Prometheus",
}
PROCESS = "observability:index:Process"


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rendering:
    """The stack `local` on a machine that has every program, Grafana too."""
    return on_a_machine_with(lambda _: tmp_path / "bin" / "program", tmp_path, monkeypatch)


def on_a_machine_with(find: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **config: str) -> Rendering:
    """Run the program where ``find`` says which programs are installed."""
    monkeypatch.setattr(toolchain, "find", find)
    monkeypatch.setattr(toolchain, "installed_version", lambda _: "1.0.0")
    monkeypatch.setattr("runtimes.process.taken_ports", lambda *_, **__: {})
    settings = {"target": "process", "dataDirectory": str(tmp_path / "data"), **config}
    return rendered("local", {f"observability:{key}": value for key, value in settings.items()})


def processes(rendering: Rendering) -> dict[str, dict[str, Any]]:
    """Return the inputs of every process by its name."""
    return {r.inputs["name"]: r.inputs for r in rendering.resources if r.token == PROCESS}


def test_every_product_is_one_process_below_its_component(local: Rendering) -> None:
    found = {r.name: r for r in local.resources if r.token == PROCESS}
    assert set(found) == {f"{product}-process" for product in PRODUCTS}
    for product, kind in PRODUCTS.items():
        assert found[f"{product}-process"].parent.endswith(f"observability:index:{kind}::{product}")


def test_urns_are_unique_and_name_no_target(local: Rendering) -> None:
    urns = [r.urn for r in local.resources]
    assert len(set(urns)) == len(urns)
    assert not [r.token for r in local.resources if "docker" in r.token or "kubernetes" in r.token]


def test_everything_listens_on_loopback_and_on_a_port_of_its_own(local: Rendering) -> None:
    ports = [port for process in processes(local).values() for port in process["ports"].values()]
    assert len(set(ports)) == len(ports) >= 15
    everything = json.dumps([[p["arguments"], p["files"]] for p in processes(local).values()])
    assert "0.0.0.0" not in everything


def test_secrets_are_files_and_marked_as_such(local: Rendering) -> None:
    grafana = next(r for r in local.resources if r.name == "grafana-process")
    assert set(grafana.inputs["secretFiles"]) == {"admin-password", "secret-key"}
    assert "4dabf18193072939515e22adb298388d" in json.dumps(grafana.wire["secretFiles"])
    for process in processes(local).values():
        assert CANARY not in json.dumps({k: v for k, v in process.items() if k != "secretFiles"})


def test_without_a_grafana_the_rest_runs_and_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering = on_a_machine_with(
        lambda name: None if name == "grafana" else tmp_path / "program", tmp_path, monkeypatch
    )
    assert set(processes(rendering)) == set(PRODUCTS) - {"grafana"}
    assert not [r for r in rendering.resources if "Password" in r.token]
    rules = processes(rendering)["prometheus"]["files"]
    assert not [name for name in rules if "grafana" in name], "a rule for what is not scraped"
    assert "job_name: grafana" not in rules["prometheus.yaml"]


def test_alerts_link_to_dashboards_where_there_is_a_grafana(local: Rendering) -> None:
    files = processes(local)
    rules = files["prometheus"]["files"]["rules/node.yaml"]
    assert "dashboard_url: 'http://127.0.0.1:3000/d/node-overview'" in rules
    assert "dashboards/node-overview.json" in files["grafana"]["files"]


def test_an_entry_in_the_catalogue_is_all_that_a_service_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.yaml").write_text(
        "service: shop\nteam: t\nmetrics: {targets: ['127.0.0.1:1']}\nlogs: {files: [/var/log/shop.log]}\n"
    )

    def files(catalog: list[str]) -> dict[str, Any]:
        rendering = on_a_machine_with(
            lambda _: tmp_path / "program", tmp_path, monkeypatch, catalog=json.dumps(catalog)
        )
        return {name: process["files"] for name, process in processes(rendering).items()}

    without, with_shop = files([]), files([str(tmp_path)])
    changed = {name for name in without if without[name] != with_shop[name]}
    assert changed == {"prometheus", "collector", "grafana"}
    assert "job_name: shop" in with_shop["prometheus"]["prometheus.yaml"]
    assert "rules/http.yaml" in set(with_shop["prometheus"]) - set(without["prometheus"])
    assert "/var/log/shop.log" in with_shop["collector"]["collector.yaml"]
    assert "dashboards/service-overview.json" in with_shop["grafana"]


def test_a_port_offset_moves_everything_and_a_port_moves_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = processes(
        on_a_machine_with(
            lambda _: tmp_path / "program",
            tmp_path,
            monkeypatch,
            portOffset="1000",
            ports=json.dumps({"loki-http": 3333}),
        )
    )
    assert moved["prometheus"]["ports"] == {"http": 10090}
    assert moved["loki"]["ports"] == {"http": 3333, "grpc": 10096}
    assert "http://127.0.0.1:3333/otlp" in moved["collector"]["files"]["collector.yaml"]


def test_a_place_where_no_data_can_be_is_named(tmp_path: Path) -> None:
    def problems(folder: Path) -> list[str]:
        return ProcessRuntime(Settings(stack="s", target="process", data_directory=str(folder))).problems([])

    (tmp_path / "file").touch()
    assert problems(tmp_path / "new" / "data") == []
    said = f"dataDirectory: {tmp_path / 'file'} is a file; choose another folder"
    assert problems(tmp_path / "file") == problems(tmp_path / "file" / "data") == [said]


def test_a_place_that_may_not_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK and Path(path) == tmp_path)
    settings = Settings(stack="s", target="process", data_directory=str(tmp_path / "data"))
    said = f"dataDirectory: you may not write to {tmp_path}; choose another folder"
    assert ProcessRuntime(settings).problems([]) == [said]
