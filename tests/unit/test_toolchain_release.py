"""Downloads of releases, and their sums, against a server on the loopback address."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.toolchain_machine import SCRIPT, bare_machine, demo, install, leftovers, served, tarball
from toolchain import installation, lookup
from toolchain.errors import ToolchainError


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but a shell; the folder is the first one on PATH."""
    return bare_machine(tmp_path, monkeypatch)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served, and its URL."""
    with served(tmp_path / "site") as url:
        yield tmp_path / "site", url


def test_a_release_with_the_published_sum_is_installed(site: tuple[Path, str]) -> None:
    folder, url = site
    digest = tarball(folder / "demo.tar.gz", {"demo-1.2.3/demo": SCRIPT, "demo-1.2.3/LICENSE": b"free"})
    (folder / "sums").write_text(f"{'0' * 64}  other.tar.gz\n{digest}  demo.tar.gz\n")
    [found], _ = install(demo(url))
    assert (found.version, found.origin) == ("1.2.3", "release")
    assert subprocess.check_output([found.folder / "demo"], text=True) == "demo 1.2.3\n"
    assert lookup.installed(found.program) == found
    assert leftovers() == []


@pytest.mark.parametrize(
    ("sums", "reason"),
    [
        (f"{'0' * 64}  demo.tar.gz\n", "but the release publishes 0000"),
        ("", "publishes no SHA-256 sum of demo.tar.gz"),
    ],
)
def test_a_release_without_the_published_sum_is_refused(
    site: tuple[Path, str], sums: str, reason: str
) -> None:
    folder, url = site
    tarball(folder / "demo.tar.gz", {"demo-1.2.3/demo": SCRIPT})
    (folder / "sums").write_text(sums)
    program = demo(url)
    with pytest.raises(ToolchainError, match=reason):
        install(program)
    assert lookup.installed(program) is None
    assert not lookup.release_folder(program).exists()
    assert leftovers() == []


def test_a_release_of_a_mere_executable_is_installed(site: tuple[Path, str]) -> None:
    folder, url = site
    (folder / "demo").write_bytes(SCRIPT)
    (folder / "demo.sha256").write_text(hashlib.sha256(SCRIPT).hexdigest())
    [found], _ = install(demo(url, archives=(f"{url}/demo",), checksums="{archive}.sha256", strip=0))
    assert (found.version, found.origin) == ("1.2.3", "release")
    assert subprocess.check_output([found.folder / "demo"], text=True) == "demo 1.2.3\n"
    assert leftovers() == []


def test_what_is_released_as_an_image_only_is_built(site: tuple[Path, str]) -> None:
    with pytest.raises(ToolchainError, match=r"release: there is none\n.*Go module: "):
        install(demo(site[1], archives=(), checksums=""))


def test_sums_of_archived_files_are_compared_after_unpacking(site: tuple[Path, str]) -> None:
    folder, url = site
    tarball(folder / "demo.tar.gz", {"demo-1.2.3/demo": SCRIPT})
    program = demo(url, sums_of="members")
    (folder / "sums").write_text(f"{hashlib.sha256(b'other').hexdigest()} *demo-1.2.3/demo\n")
    with pytest.raises(ToolchainError, match=r"demo-1\.2\.3/demo has SHA-256"):
        install(program)
    (folder / "sums").write_text(f"{hashlib.sha256(SCRIPT).hexdigest()} *demo-1.2.3/demo\n")
    [found], _ = install(program)
    assert found.origin == "release"


def test_a_zip_with_one_digest_and_another_name_is_installed(site: tuple[Path, str]) -> None:
    folder, url = site
    with zipfile.ZipFile(folder / "demo.zip", "w") as archive:
        archive.writestr("demo-any", SCRIPT)
    (folder / "demo.zip.sha256").write_text(hashlib.sha256((folder / "demo.zip").read_bytes()).hexdigest())
    [found], _ = install(
        demo(
            url,
            archives=(f"{url}/demo.zip",),
            checksums="{archive}.sha256",
            strip=0,
            rename=(("demo-any", "demo"),),
        )
    )
    assert os.access(found.folder / "demo", os.X_OK)


def test_an_archive_cannot_write_outside_its_folder(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    digest = tarball(folder / "demo.tar.gz", {"demo/demo": SCRIPT, "demo/../../../../escaped": b"x"})
    (folder / "sums").write_text(f"{digest}  demo.tar.gz\n")
    install(demo(url))
    assert list(tmp_path.rglob("escaped")) == []


def test_a_release_that_does_not_run_here_is_refused(site: tuple[Path, str]) -> None:
    folder, url = site
    digest = tarball(folder / "demo.tar.gz", {"demo-1.2.3/demo": b"\x7fELF for another machine"})
    (folder / "sums").write_text(f"{digest}  demo.tar.gz\n")
    with pytest.raises(ToolchainError, match="`demo --version` gives no version"):
        install(demo(url))


def test_an_answer_takes_the_note_about_unreachable_hosts_back(site: tuple[Path, str]) -> None:
    folder, url = site
    note = lookup.cache_folder() / installation.OFFLINE
    lookup.replace_file(note, "unreachable\n")
    digest = tarball(folder / "demo.tar.gz", {"demo-1.2.3/demo": SCRIPT})
    (folder / "sums").write_text(f"{digest}  demo.tar.gz\n")
    install(demo(url))
    assert not note.exists()
