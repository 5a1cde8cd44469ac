"""The definitions of the Prometheus Operator: fetched once, by a pinned sum, from where they can be had."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from tests.unit.toolchain_machine import GO, bare_machine, closed_address, served
from toolchain import definitions
from toolchain.progress import Progress

CONTENT = b"---\nkind: CustomResourceDefinition\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no definitions and no Go, where the sum of these is pinned."""
    monkeypatch.setattr(definitions, "_SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(definitions, "_URL", f"{closed_address()}/bundle.yaml")
    return bare_machine(tmp_path, monkeypatch)


def ensured() -> str:
    said = io.StringIO()
    definitions.ensure(Progress(said))
    return said.getvalue()


def module(path: Path, content: bytes) -> None:
    folder = path.parent / "module"
    folder.mkdir()
    (folder / "bundle.yaml").write_bytes(content)
    go = GO.format(log=path.parent / "go.log", module=folder, during="", script="")
    (path / "go").write_text(go)
    (path / "go").chmod(0o755)


def test_they_come_from_the_project_where_it_is_reached_and_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with served(tmp_path / "project") as url:
        (tmp_path / "project" / "bundle.yaml").write_bytes(CONTENT)
        monkeypatch.setattr(definitions, "_URL", f"{url}/bundle.yaml")
        assert "fetching" in ensured()
    assert definitions.file().read_bytes() == CONTENT
    assert ensured() == ""


def test_they_come_from_the_go_module_where_the_project_is_not_reached(path: Path) -> None:
    module(path, CONTENT)
    ensured()
    assert definitions.file().read_bytes() == CONTENT
    assert f"{definitions.VERSION}" in (path.parent / "go.log").read_text()


def test_what_has_another_sum_is_not_used(path: Path) -> None:
    module(path, b"something else")
    said = ensured()
    assert not definitions.file().exists()
    assert "is pinned; it was not used" in said


def test_what_cannot_be_done_without_them_is_said(path: Path) -> None:
    said = ensured()
    assert "no stack with kubernetes.monitors: installed can be deployed from here" in said
    assert "`go` is not on PATH" in said
