"""Programs that are there already: versions accepted on PATH, the cache, and what the pins say."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import toolchain
from toolchain import lookup, programs, release
from toolchain.model import GoModule, Program, Release
from toolchain.programs.stack import PROMETHEUS

DEMO = Program(
    "demo",
    "a program for tests",
    binaries=("demo", "democtl"),
    at_least=(3, 7, 6),
    below=(4, 0, 0),
    release=Release("3.8.0", archives=(), checksums=""),
    modules=(GoModule("example.org/demo", "v3.9.0", packages=(".",), version="3.9.0"),),
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but a shell, and a folder first on PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def fake(folder: Path, version: str, names: tuple[str, ...] = DEMO.binaries) -> Path:
    """Put programs there that print a version and count how often they are started."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        program = folder / name
        program.write_text(
            f"#!/bin/sh\necho x >> {folder.parent}/starts\necho '{name}, version {version} (x)'\n"
        )
        program.chmod(0o755)
    return folder / names[0]


def starts(tmp_path: Path) -> int:
    file = tmp_path / "starts"
    return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("loki, version 3.7.6 (branch: HEAD, revision: 1.2)", (3, 7, 6)),
        ("v3.272.0\n", (3, 272, 0)),
        ("otelcol-contrib version 0.159.0", (0, 159, 0)),
        (
            '2026/11/21 07:44:04 application version: git-version=v2.19.0\n{"gitVersion":"v2.19.0"}',
            (2, 19, 0),
        ),
        ("grafana version 13.1.3+security-01", (13, 1, 3)),
        ("prometheus, version  (branch: , revision: unknown)", None),
        ("listening on 127.0.0.1:9090", None),
        ("", None),
    ],
)
def test_version_is_read_from_what_a_program_prints(
    printed: str, version: tuple[int, int, int] | None
) -> None:
    assert lookup.parse_version(printed) == version


@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        ("3.7.5", False),
        ("3.7.6", True),
        ("3.10.0", True),
        ("4.0.0", False),
        ("2.99.99", False),
        ("dev", False),
    ],
)
def test_path_counts_in_an_accepted_version_only(machine: Path, version: str, accepted: bool) -> None:
    fake(machine, version)
    found = lookup.on_path(DEMO)
    assert (found is not None) is accepted
    if found:
        assert (found.version, found.origin, found.folder) == (version, "PATH", machine)


def test_path_counts_only_with_all_tools(machine: Path) -> None:
    fake(machine, "3.8.0", names=("demo",))
    assert lookup.on_path(DEMO) is None


def test_a_program_on_path_is_asked_for_its_version_once(machine: Path, tmp_path: Path) -> None:
    program = fake(machine, "3.8.0")
    assert lookup.on_path(DEMO)
    assert lookup.on_path(DEMO)
    assert starts(tmp_path) == 1
    fake(machine, "3.8.1-changed")
    os.utime(program, (1, 1))
    found = lookup.on_path(DEMO)
    assert found is not None
    assert found.version == "3.8.1"
    assert starts(tmp_path) == 2


def test_a_damaged_memory_of_versions_is_ignored(machine: Path) -> None:
    fake(machine, "3.8.0")
    lookup.cache_folder().mkdir(parents=True)
    (lookup.cache_folder() / "probes.json").write_text("{half")
    assert lookup.on_path(DEMO) is not None


def test_path_comes_before_the_cache_and_the_release_before_the_build(machine: Path) -> None:
    assert lookup.installed(DEMO) is None
    fake(lookup.build_folder(DEMO) / "bin", "3.9.0")
    built = lookup.installed(DEMO)
    fake(lookup.release_folder(DEMO) / "bin", "3.8.0")
    released = lookup.installed(DEMO)
    fake(machine, "3.7.7")
    found = lookup.installed(DEMO)
    assert built is not None
    assert released is not None
    assert found is not None
    assert [built.origin, released.origin, found.origin] == ["Go module", "release", "PATH"]
    assert [built.version, released.version, found.version] == ["3.9.0", "3.8.0", "3.7.7"]


def test_an_old_version_in_the_cache_does_not_count_when_its_folder_is_on_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = fake(lookup.cache_folder() / "demo" / "3.7.9" / "bin", "3.7.9").parent
    monkeypatch.setenv("PATH", f"{old}:/usr/bin:/bin")
    assert lookup.installed(DEMO) is None


def test_an_incomplete_folder_in_the_cache_does_not_count() -> None:
    fake(lookup.release_folder(DEMO) / "bin", "3.8.0", names=("demo",))
    assert lookup.installed(DEMO) is None


def test_a_changed_build_has_another_folder() -> None:
    one = GoModule("example.org/demo", "v1.0.0", packages=(".",), version="1.0.0")
    other = GoModule("example.org/demo", "v1.0.0", packages=(".",), version="1.0.0", tags="netgo")
    assert lookup.recipe((one,)) != lookup.recipe((other,))


def test_find_never_installs_and_knows_tools(machine: Path) -> None:
    assert toolchain.find("promtool") is None
    assert toolchain.installed_version("prometheus") is None
    fake(machine, "3.13.1", names=PROMETHEUS.binaries)
    assert toolchain.find("promtool") == machine / "promtool"
    assert toolchain.find("prometheus") == machine / "prometheus"
    assert toolchain.installed_version("promtool") == "3.13.1"


def test_find_says_which_names_there_are() -> None:
    with pytest.raises(KeyError, match=r"'promethius' is not a program .* prometheus"):
        toolchain.find("promethius")


def test_the_collector_is_found_by_its_role() -> None:
    assert programs.owner_of("otelcol").binaries == ("otelcol-contrib",)


@pytest.mark.parametrize("program", programs.PROGRAMS, ids=lambda program: program.name)
def test_pins_are_complete(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolchain.release.sys.platform", "darwin")
    monkeypatch.setattr("toolchain.release.platform.machine", lambda: "arm64")
    values = release.placeholders(program.release.version)
    for template in program.release.archives:
        archive = template.format(**values)
        urls = [archive, program.release.checksums.format(archive=archive, **values)]
        assert all(re.fullmatch(r"https://[\w./%+-]+", url) for url in urls)
        assert program.release.version in urls[0]
    pinned = [program.release.version] + [module.version for module in program.modules[:1]]
    for version in pinned:
        parsed = lookup.parse_version(version)
        assert parsed is not None
        assert lookup.accepts(program, parsed), f"{version} would be refused on PATH"
    assert program.modules or program.optional


def test_no_two_programs_share_a_name() -> None:
    names = [name for program in programs.PROGRAMS for name in {program.name, *program.binaries}]
    assert len(names) == len(set(names))
