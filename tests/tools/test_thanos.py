"""Thanos as it is told to run: one answer from a pair, and from the bucket when both are gone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import build_opener

import pytest

import toolchain
from components import thanos
from operations.health import own_targets
from rendering import to_yaml
from tests.kubernetes.servers import Servers, free_ports
from tests.live.conftest import get
from tests.project import until
from tests.unit.test_thanos import PAIR, in_a_bucket

HISTORY = 7
"""Value of an old sample that only a block has."""


@dataclass(frozen=True)
class Trial:
    """Two Prometheus with sidecars, a folder for a bucket, what answers from it, and what asks them all."""

    servers: Servers
    query: str
    since: int
    """Second at which the old block begins."""

    def ask(self, query: str, **parameters: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = get(f"{self.query}/api/v1/query", query=query, **parameters)["data"][
            "result"
        ]
        return found


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    program, prometheus = toolchain.find("thanos"), toolchain.find("prometheus")
    if program is None or prometheus is None:
        pytest.skip("thanos is not set up; run: make setup-test")
    folder = tmp_path_factory.mktemp("thanos")
    servers, since = Servers(folder), int(time.time()) // 7200 * 7200 - 3 * 86400
    (folder / "bucket.yaml").write_text(f"type: FILESYSTEM\nconfig: {{directory: {folder}/bucket}}\n")
    ports = free_ports(10)
    query, store = ports[8:]
    try:
        _old_block(prometheus.with_name("promtool"), folder / "prometheus-0", since)
        for number, port in enumerate(ports[:2]):
            _prometheus(servers, prometheus, number, port)
            sidecar = _arguments(thanos.sidecar(in_a_bucket(), PAIR).arguments, folder)
            servers.start(
                f"sidecar-{number}",
                program,
                *(_replaced(sidecar, "--tsdb.path", f"{folder}/prometheus-{number}")),
                f"--prometheus.url=http://127.0.0.1:{port}",
                f"--http-address=127.0.0.1:{ports[2 + number]}",
                f"--grpc-address=127.0.0.1:{ports[4 + number]}",
            )
        endpoints = [{"address": f"127.0.0.1:{port}"} for port in (ports[4], ports[5], store)]
        (folder / "endpoints.yaml").write_text(to_yaml({"endpoints": endpoints}))
        servers.start(
            "query",
            program,
            *_arguments(thanos.query(in_a_bucket(), PAIR).arguments, folder),
            f"--http-address=127.0.0.1:{query}",
            f"--grpc-address=127.0.0.1:{ports[6]}",
        )
        servers.start(
            "store",
            program,
            *_arguments(thanos.store(in_a_bucket(), PAIR).arguments, folder),
            "--sync-block-duration=1s",
            "--consistency-delay=0s",
            f"--http-address=127.0.0.1:{ports[7]}",
            f"--grpc-address=127.0.0.1:{store}",
        )
        yield Trial(servers, f"http://127.0.0.1:{query}", since)
    finally:
        servers.stop()


def _old_block(promtool: Path, folder: Path, since: int) -> None:
    folder.mkdir()
    samples = "".join(f"history {HISTORY} {since + second}\n" for second in range(0, 7200, 60))
    text = f"# TYPE history gauge\n{samples}# EOF\n"
    (folder.parent / "history.txt").write_text(text)
    made = ("tsdb", "create-blocks-from", "openmetrics", folder.parent / "history.txt", folder)
    subprocess.run([promtool, *made], check=True, capture_output=True)


def _prometheus(servers: Servers, program: Path, number: int, port: int) -> None:
    name = f"prometheus-{number}"
    file = servers.folder / f"{name}.yaml"
    # Both see the same target under one name, as a pair does.
    job = {
        "job_name": "self",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"instance": "a"}}],
    }
    labels = {"environment": "trial", "replica": "${HOSTNAME}"}
    file.write_text(
        to_yaml({"global": {"scrape_interval": "1s", "external_labels": labels}, "scrape_configs": [job]})
    )
    servers.start(
        name,
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={servers.folder / name}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.min-block-duration=2h",
        "--storage.tsdb.max-block-duration=2h",
        HOSTNAME=name,
    )


def _arguments(written: tuple[str, ...], folder: Path) -> list[str]:
    """Return a command line as it is written, with its files here and without its addresses."""
    kept = [a for a in written if not a.startswith(("--http-address", "--grpc-address", "--prometheus.url"))]
    kept = _replaced(kept, "--objstore.config-file", f"{folder}/bucket.yaml")
    kept = _replaced(kept, "--endpoint.sd-config-file", f"{folder}/endpoints.yaml")
    return _replaced(kept, "--data-dir", f"{folder}/store")


def _replaced(arguments: list[str], option: str, value: str) -> list[str]:
    return [f"{option}={value}" if a.startswith(f"{option}=") else a for a in arguments]


def test_a_pair_is_one_and_the_bucket_answers_when_it_is_gone(trial: Trial) -> None:
    until(lambda: len(trial.ask("up", dedup="false")) == 2, seconds=60, what="both are asked")
    (one,) = trial.ask("up")
    assert "replica" not in one["metric"]
    # Whoever reads this in the place of a Prometheus is told of targets in the same words.
    found = until(lambda: own_targets(build_opener(), trial.query), seconds=30, what="targets are told")
    assert {(t["health"], t["labels"]["job"], t["lastError"]) for t in found} == {("up", "self", "")}

    trial.servers.end("prometheus-1")
    until(lambda: trial.ask("up")[0]["value"][1] == "1", seconds=30, what="the other answers")

    bucket = trial.servers.folder / "bucket"
    until(lambda: list(bucket.glob("*/meta.json")), seconds=120, what="the block is uploaded")
    for name in ("prometheus-0", "sidecar-0", "sidecar-1"):
        trial.servers.end(name)

    def history() -> list[dict[str, Any]]:
        return trial.ask("history", time=str(trial.since + 3600))

    (old,) = until(history, seconds=60, what="the store answers")
    assert old["value"][1] == str(HISTORY)
    assert old["metric"]["environment"] == "trial"
