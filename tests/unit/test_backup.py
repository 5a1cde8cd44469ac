"""Backups of folders and volumes: what is in them, what is refused, what is noticed, what is reported."""

from __future__ import annotations

import argparse
import json
import os
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from operations.backup import archive, commands, report
from operations.backup.folders import Folders
from operations.backup.places import PlaceError
from operations.backup.volumes import Volumes
from operations.stack import StackUnavailableError
from provider.supervision import ProgramState
from tests.serving import serving
from tests.unit.container_engine import Engine, running_engine

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOLE = 8 * 1024 * 1024


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Return a stack's directory in which Prometheus has data and Loki has none."""
    data = tmp_path / "stack" / "prometheus" / "data"
    (data / "wal").mkdir(parents=True)
    (tmp_path / "stack" / "loki" / "data").mkdir(parents=True)
    (data / "wal" / "0001").write_bytes(b"samples" * 1000)
    (data / "empty").touch(0o640)
    (data / "link").symlink_to("wal/0001")
    with (data / "sparse").open("wb") as file:
        file.seek(HOLE)
        file.write(b"end")
    return Folders(tmp_path / "stack", "local")


class _Collector:
    """Takes OTLP in, and keeps metric and volume → value."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], float] = {}

    def take(self, content: dict[str, Any]) -> None:
        (resource,) = content["resourceMetrics"]
        assert resource["resource"]["attributes"] == [
            {"key": "service.name", "value": {"stringValue": "backup"}}
        ]
        for metric in resource["scopeMetrics"][0]["metrics"]:
            (point,) = metric["gauge"]["dataPoints"]
            (volume,) = point["attributes"]
            self.values[metric["name"], volume["value"]["stringValue"]] = point["asDouble"]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Collector]:
    found = _Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/metrics"
            found.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(commands, "outputs", lambda _: {"otlp_http_endpoint": url})
        yield found


def asked(folder: Path, *products: str, keep: int = 7) -> argparse.Namespace:
    return argparse.Namespace(stack="local", folder=folder, products=list(products), keep=keep)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_restored_is_what_was_there(
    folders: Folders, collector: _Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "places_of", lambda _: folders)
    backups = tmp_path / "backups"
    assert commands.backup(asked(backups)) == 0
    (made,) = archive.all_in(backups)
    assert made.product == "prometheus"
    assert sorted(made.files()) == ["empty", "sparse", "wal/0001"]
    assert {path.stat().st_mode & 0o077 for path in backups.iterdir()} == {0}
    assert collector.values.pop(("backup_last_status", "prometheus")) == 1
    assert collector.values == {
        ("backup_last_success_timestamp_seconds", "prometheus"): made.made.timestamp(),
        ("backup_size_bytes", "prometheus"): made.path.stat().st_size,
    }

    assert commands.verify(asked(backups)) == 0
    assert ("backup_restore_test_last_success_timestamp_seconds", "prometheus") in collector.values
    assert {path.suffix for path in backups.iterdir()} == {".gz", ".json", ".proven"}

    fresh = tmp_path / "fresh"
    restoring = argparse.Namespace(stack="local", archive=made.path, into=str(fresh))
    assert commands.restore(restoring) == 0
    original = tmp_path / "stack" / "prometheus" / "data"
    assert content(fresh) == content(original)
    assert (fresh / "link").readlink() == Path("wal/0001")
    assert (fresh / "empty").stat().st_mode & 0o777 == 0o640
    assert (fresh / "sparse").stat().st_blocks * 512 < HOLE / 2, "the hole was filled"


@pytest.mark.parametrize(
    ("damage", "noticed"),
    [
        (lambda made: made.manifest.write_text("{"), "cannot be read"),
        (lambda made: made.manifest.unlink(), "is missing beside"),
        (lambda made: os.truncate(made.path, made.path.stat().st_size // 2), "Compressed file ended"),
        (lambda made: _relist(made, "wal/0001", size=6), "has 7000 bytes instead of 6"),
        (lambda made: _relist(made, "wal/0001", sha256="0"), "wal/0001 has other content"),
        (lambda made: _relist(made, "gone", size=1, sha256="0"), "gone is missing"),
    ],
)
def test_a_damaged_backup_is_noticed(  # noqa: PLR0917 - fixtures
    folders: Folders,
    collector: _Collector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    damage: Any,
    noticed: str,
) -> None:
    monkeypatch.setattr(commands, "places_of", lambda _: folders)
    assert commands.backup(asked(tmp_path / "backups")) == 0
    (made,) = archive.all_in(tmp_path / "backups")
    damage(made)
    fresh = tmp_path / "fresh"
    assert commands.restore(argparse.Namespace(stack="local", archive=made.path, into=str(fresh))) == 1
    assert noticed in capsys.readouterr().err
    assert not fresh.exists()
    if made.manifest.exists():
        assert commands.verify(asked(tmp_path / "backups")) == 1
        assert ("backup_restore_test_last_success_timestamp_seconds", "prometheus") not in collector.values


def _relist(made: archive.Archive, path: str, **changes: object) -> None:
    listed = json.loads(made.manifest.read_text())
    listed[path] = listed.get(path, {}) | changes
    made.manifest.write_text(json.dumps(listed))


def test_the_newest_are_kept_and_a_failure_loses_none(
    folders: Folders, collector: _Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "places_of", lambda _: folders)
    backups = tmp_path / "backups"
    backups.mkdir()
    for hour in range(3):
        archive.write(archive.new(backups, "prometheus", NOON + timedelta(hours=hour)), [])
    assert commands.backup(asked(backups, keep=2)) == 0
    kept = archive.found(backups, "prometheus")
    assert [made.made for made in kept][:-1] == [NOON + timedelta(hours=2)]

    def failing(*_: object) -> Iterator[archive.Member]:
        yield tarfile.TarInfo("half"), None
        raise OSError("the disk is full")

    monkeypatch.setattr("operations.backup.folders._below", failing)
    for made in kept:  # none of the same second
        for path in (made.path, made.manifest):
            path.rename(path.with_name(path.name.replace("-2026", "-2025")))
    before = sorted(backups.iterdir())
    assert commands.backup(asked(backups, keep=1)) == 1
    assert sorted(backups.iterdir()) == before
    assert collector.values["backup_last_status", "prometheus"] == 0


class _Supervisor:
    def __init__(self) -> None:
        self.signals: list[str] = []

    def state(self, _: str) -> ProgramState:
        return ProgramState("RUNNING", 1)

    def signal(self, name: str, signal_name: str) -> None:
        self.signals.append(f"{name} {signal_name}")


def test_a_running_product_is_held_still_and_let_go_whatever_happens(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = _Supervisor()
    monkeypatch.setattr(folders, "_supervisor", supervisor)
    with folders.snapshot("prometheus", tmp_path / "one"):
        assert supervisor.signals == ["prometheus STOP", "prometheus CONT"]
    with pytest.raises(OSError, match="exists"), folders.snapshot("prometheus", tmp_path / "one"):
        pass
    assert supervisor.signals == ["prometheus STOP", "prometheus CONT"] * 2
    with pytest.raises(PlaceError, match="prometheus is running; stop it first: make down STACK=local"):
        folders.restore("prometheus", tmp_path / "any.tar.gz")


def test_a_place_with_data_is_refused(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="has data already; move that away"):
        folders.restore("prometheus", tmp_path / "any.tar.gz")


def test_sockets_are_left_out(folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "stack" / "prometheus" / "data")  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with folders.snapshot("prometheus", tmp_path / "scratch") as found:
            names = {info.name for info, _ in found.members}
    assert names == {"empty", "link", "sparse", "wal", "wal/0001"}


def test_a_volume_is_restored_as_it_was(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine:
        volumes = _volumes(engine, running=True)
        assert volumes.products() == ["prometheus"]
        made = archive.new(tmp_path, "prometheus", NOON)
        with volumes.snapshot("prometheus", tmp_path) as found:
            files = archive.write(made, found.members)
        assert engine.calls[-2:] == ["unpause", "remove"]
        assert engine.calls.index("pause") < engine.calls.index("read") < engine.calls.index("unpause")
        assert sorted(files) == ["wal/0001"]

        with volumes.trial("prometheus", made.path) as members:
            assert archive.compare(files, members) == 7
        with pytest.raises(PlaceError, match="prometheus is running"):
            volumes.restore("prometheus", made.path)
        assert volumes.restore("prometheus", made.path, "fresh") == "volume fresh"
        with pytest.raises(PlaceError, match="volume fresh has data already"):
            volumes.restore("prometheus", made.path, "fresh")
        assert sorted(engine.volumes) == [
            "fresh", "observability-local-prometheus-configuration", "observability-local-prometheus-data",
        ]  # fmt: skip
        assert engine.volumes["fresh"].files == engine.volumes["observability-local-prometheus-data"].files
        assert not engine.containers, "a container was left behind"


def test_a_volume_whose_copy_fails_is_let_go(tmp_path: Path) -> None:
    with running_engine(tmp_path) as engine:
        volumes = _volumes(engine, running=True)
        engine.refuses = "read"
        refused = pytest.raises(PlaceError, match="the container engine: no such luck")
        with refused, volumes.snapshot("prometheus", tmp_path):
            pass
        assert engine.calls[-2:] == ["unpause", "remove"]


def _volumes(engine: Engine, *, running: bool) -> Volumes:
    engine.volume("observability-local-prometheus-data", "prometheus").files["wal/0001"] = b"samples"
    engine.volume("observability-local-prometheus-configuration", "prometheus")
    engine.running = ["observability-local-prometheus"] if running else []
    return Volumes(engine.host, "local", "busybox")


@contextmanager
def refused(text: str) -> Iterator[None]:
    with pytest.raises(StackUnavailableError) as error:
        yield
    assert text in str(error.value)


def test_what_cannot_be_asked_for_is_said(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused("stack oke: volumes of target oke are backed up by snapshots of the cluster's storage"):
        commands.places_of("oke")
    monkeypatch.setattr(commands, "places_of", lambda _: folders)
    with refused("stack local: loki has no data; there are: prometheus"):
        commands.backup(asked(tmp_path, "loki"))
    with refused(f"stack local: there is no backup in {tmp_path / 'none'}"):
        commands.verify(asked(tmp_path / "none"))
    with refused("--keep: at least 1 backup must be kept, got 0"):
        commands.backup(asked(tmp_path, keep=0))


def test_a_stack_that_is_down_does_not_hear_of_it(
    folders: Folders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def down(stack: str) -> dict[str, Any]:
        raise StackUnavailableError(f"stack {stack} has no outputs")

    monkeypatch.setattr(commands, "places_of", lambda _: folders)
    monkeypatch.setattr(commands, "outputs", down)
    assert commands.backup(asked(tmp_path / "backups")) == 0
    assert "warning: the stack does not hear of it: stack local has no outputs" in capsys.readouterr().err


def test_a_proof_is_told_with_every_backup_after_it(tmp_path: Path) -> None:
    report.prove(tmp_path, "loki", NOON)
    assert report.gauges(tmp_path, report.Outcome("loki", False)) == {
        "backup_last_status": 0.0,
        "backup_restore_test_last_success_timestamp_seconds": NOON.timestamp(),
    }
