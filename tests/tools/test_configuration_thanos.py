"""Thanos accepts its command lines, its endpoints and the file by which it finds the bucket."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import toolchain
from components import thanos
from components.thanos_bucket import configuration
from rendering import to_yaml
from targets import ObjectStorage as Kind
from tests.unit.test_thanos import KEYS, PAIR, args
from workload import Workload

STORED = args(endpoint="s3.example.org:9000")
PARTS = (
    thanos.sidecar(STORED, PAIR),
    thanos.query(STORED, PAIR),
    thanos.store(STORED, PAIR),
    thanos.compactor(STORED, PAIR),
)
NOWHERE = "256.0.0.1:1"
"""Address that nobody can listen at: once everything is read, it ends there."""
REFUSED = "listen tcp: lookup 256.0.0.1"


@pytest.fixture(scope="module")
def program() -> Path:
    found = toolchain.find("thanos")
    if found is None:
        pytest.skip("thanos is not set up; run: make setup-test")
    return found


def said(program: Path, workload: Workload, folder: Path, bucket: str) -> str:
    """Return what a part of Thanos says of its command line and files, up to where it tries to listen.

    The sidecar alone would then wait for a minute for a Prometheus that is not there.
    """
    (folder / "bucket.yaml").write_text(bucket)
    for name, text in workload.files.items():
        (folder / name).write_text(str(text))
    places = {PAIR.config(workload.name), str(Path(PAIR.secret(workload.name, "x")).parent)}
    arguments = [argument.replace("/var/lib/", f"{folder}/") for argument in workload.arguments]
    for place in places:
        arguments = [argument.replace(place, str(folder)) for argument in arguments]
    replaced = {"--http-address": NOWHERE, "--grpc-address": "127.0.0.1:0"}
    arguments = [
        f"{option}={replaced[option]}" if (option := argument.partition("=")[0]) in replaced else argument
        for argument in arguments
    ]
    with subprocess.Popen(
        [program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={}
    ) as process:
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if REFUSED in line:
                process.kill()
    return "".join(lines)


@pytest.mark.parametrize("workload", PARTS, ids=lambda workload: workload.name)
def test_every_part_accepts_its_command_line_and_files(
    program: Path, workload: Workload, tmp_path: Path
) -> None:
    assert STORED["metrics"].object_storage
    bucket = to_yaml(configuration(STORED["metrics"].object_storage, Kind.S3, KEYS))
    assert REFUSED in said(program, workload, tmp_path, bucket)


def test_a_wrong_command_line_or_file_is_noticed(program: Path, tmp_path: Path) -> None:
    store = PARTS[2]
    assert "field buckett not found" in said(program, store, tmp_path, "type: S3\nconfig: {buckett: b}\n")
    wrong = Workload(
        store.name, store.image, (*store.arguments, "--nonsense"), store.ports, store.probe, store.resources
    )
    assert "unknown long flag '--nonsense'" in said(program, wrong, tmp_path, "")
