"""The script by which a loader fills a volume, run by this machine's shell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pulumi
import pytest

from runtimes.docker.loader import SCRIPT, check_end, digest

pytestmark = pytest.mark.graph


def load(folder: Path, files: dict[str, str], data: str = "") -> dict[str, str]:
    """Run the script with these uploads; return what is in the volume afterwards."""
    stage, volume = folder / "stage of one loader", folder / "volume"
    subprocess.run(["rm", "-rf", str(stage)], check=True)
    volume.mkdir(exist_ok=True)
    for name, content in files.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_text(content)
        (stage / name).chmod(0o400)
    words = ["/bin/sh", "-euc", SCRIPT, "loader", str(os.getuid()), str(stage), str(volume)]
    words += [data] if data else []
    subprocess.run(words, check=True, timeout=30)
    return {str(f.relative_to(volume)): f.read_text() for f in volume.rglob("*") if f.is_file()}


def test_the_volume_holds_exactly_the_files(tmp_path: Path) -> None:
    first = {"main.yaml": "1", "rules/a.yaml": "a", "rules/with space.yaml": "b"}
    assert load(tmp_path, first) == first
    second = {"main.yaml": "2", "rules/with space.yaml": "b"}
    assert load(tmp_path, second) == second
    assert load(tmp_path, {}) == {}


def test_only_the_user_reads_them_and_nobody_writes(tmp_path: Path) -> None:
    load(tmp_path, {"rules/a.yaml": "a"})
    volume = tmp_path / "volume"
    assert (volume / "rules" / "a.yaml").stat().st_mode & 0o777 == 0o400
    for folder in (volume, volume / "rules"):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == os.getuid()


def test_a_failure_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        load(tmp_path, {"a": "a"}, data=str(tmp_path / "no such volume"))


def test_a_file_that_is_being_read_stays_as_it_was(tmp_path: Path) -> None:
    load(tmp_path, {"main.yaml": "first"})
    with (tmp_path / "volume" / "main.yaml").open() as reader:
        load(tmp_path, {"main.yaml": "second"})
        assert reader.read() == "first"
    assert [path.name for path in (tmp_path / "volume").iterdir()] == ["main.yaml"]


def test_a_loader_that_failed_is_named_with_the_way_out() -> None:
    check_end(0, "loader-1")
    check_end(None, "loader-1")
    with pytest.raises(pulumi.RunError, match="docker rm loader-1, then pulumi up --refresh"):
        check_end(2, "loader-1")


def test_a_digest_depends_on_names_and_contents_only() -> None:
    assert digest({"a": "1", "b": "2"}) == digest({"b": "2", "a": "1"})
    assert len({digest({"a": "1"}), digest({"a": "2"}), digest({"b": "1"}), digest({})}) == 4
