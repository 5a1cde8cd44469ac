"""The log collector reads what a container runtime writes: entries, labels, levels, traces."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

import toolchain
from catalogue import Service
from components import log_collector
from components.collector_logs import label_statements
from placement import ContainerPlacement
from scraping.kubernetes_cluster import KubernetesCluster
from tests.project import until

pytestmark = pytest.mark.tools

CLUSTER = KubernetesCluster(
    "prod", "observability", "observability-agents", ("shop",), (), ("/var/log/pods",)
)
LABEL = "example.org/name"
SERVICES = (
    Service.model_validate(
        {
            "service": "basket",
            "team": "checkout",
            "metrics": {"port": 8080, "pods": {LABEL: 'a "basket"'}, "namespace": "shop"},
        }
    ),
)
UID = "0a1b2c3d-0000-4000-8000-000000000001"
TRACE = "0af7651916cd43dd8448eb211c80319c"
LABELLED = (
    f'set(resource.attributes["label.{LABEL}"], "a \\"basket\\"") '
    'where IsMatch(resource.attributes["k8s.pod.name"], "^sold")'
)
NOW = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
RECORDS = (
    f'{NOW} stdout F {{"level":"error","message":"boom","trace_id":"{TRACE}"}}',
    f"{NOW} stderr F Traceback (most recent call last):",
    f'{NOW} stderr F   File "cart.py", line 1, in <module>',
    f"{NOW} stdout F between",
    f"{NOW} stderr F ValueError: no cart",
    f"{NOW} stdout P the first half,",
    f"{NOW} stdout F the second",
    "2020-01-01T00:00:00.000000000Z stdout F long ago",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(folder: Path) -> Path:
    """Return the collector's own configuration with files of this test, and with the terminal as its goal."""
    written = json.dumps(
        log_collector.configuration(
            {"cluster": CLUSTER, "services": SERVICES}, ContainerPlacement(homes={}, public_urls={})
        )
    )
    for usual, here in (
        ("/var/log/pods", str(folder / "pods")),
        ("/tmp/positions", str(folder / "positions")),
        ('":13133"', f'"127.0.0.1:{free_port()}"'),
        ('"port": 8888', f'"port": {free_port()}'),
    ):
        assert usual in written
        written = written.replace(usual, here)
    changed = json.loads(written)
    # Nobody is asked for the labels of pods, since there is no API server: some pods are given one here.
    del changed["processors"]["k8s_attributes"]
    changed["processors"]["transform/pods"] = {"log_statements": [LABELLED]}
    # What the lines then pass through in the collector that they are sent to.
    changed["processors"]["transform/collector"] = {"log_statements": label_statements(SERVICES)}
    changed["exporters"] = {"debug": {"verbosity": "detailed"}}
    changed["service"]["telemetry"]["logs"] = {"level": "info", "encoding": "console"}
    pipeline = changed["service"]["pipelines"]["logs/pods"]
    pipeline["processors"][pipeline["processors"].index("k8s_attributes")] = "transform/pods"
    pipeline["processors"].append("transform/collector")
    pipeline["exporters"] = ["debug"]
    file = folder / "collector.yaml"
    file.write_text(yaml.safe_dump(changed))
    return file


def test_a_pods_log_becomes_whole_entries_with_labels(tmp_path: Path) -> None:
    for namespace in ("shop", "other"):
        log = tmp_path / "pods" / f"{namespace}_cart-7d9f8b6c5d-x2k4z_{UID}" / "web" / "0.log"
        log.parent.mkdir(parents=True)
        log.write_text("\n".join(RECORDS) + "\n" if namespace == "shop" else f"{NOW} stdout F not watched\n")
    for pod in ("sold-x2k4z", "kafka-broker-0"):
        log = tmp_path / "pods" / f"shop_{pod}_{UID}" / "web" / "0.log"
        log.parent.mkdir(parents=True)
        log.write_text(f"{NOW} stdout F of {pod}\n")
    program = toolchain.find("otelcol")
    assert program, "the collector is not installed; run: make setup"
    output = tmp_path / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            [program, f"--config={configuration(tmp_path)}"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, log_collector.NODE: "node-1"},
        )
        try:
            until(lambda: output.read_text().count("Body: ") >= 6, seconds=30, what="six entries")
        finally:
            process.terminate()
            process.wait(10)
    text = output.read_text()
    assert {line.partition("Body: ")[2] for line in text.splitlines() if "Body: " in line} == {
        f'Str({{"level":"error","message":"boom","trace_id":"{TRACE}"}})',
        "Str(Traceback (most recent call last):",
        "Str(between)",
        "Str(the first half,the second)",
        "Str(of sold-x2k4z)",
        "Str(of kafka-broker-0)",
    }
    assert "line 1, in <module>\nValueError: no cart)" in text
    for name, value in {
        "namespace": "shop", "pod": "cart-7d9f8b6c5d-x2k4z", "container": "web", "service": "cart",
        "node": "node-1", "error": "ValueError: no cart",
    }.items():  # fmt: skip
        assert f"-> {name}: Str({value})" in text
    # An entry names the pods of its service, and whose they are; those of a StatefulSet are called like it.
    assert re.search(r"-> service: Str\(basket\)(\n +-> .*)*\n +-> team: Str\(checkout\)", text)
    assert text.count("-> team: ") == 1
    assert "-> service: Str(kafka-broker)" in text
    assert "SeverityNumber: Error(17)" in text
    assert f"Trace ID: {TRACE}" in text
    assert "k8s.pod" not in text
