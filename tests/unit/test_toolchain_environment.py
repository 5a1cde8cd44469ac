"""The shell environment, the passphrase, the virtual environment and the command line."""

from __future__ import annotations

import io
import os
import runpy
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import command, environment, lookup, virtualenv
from toolchain.errors import ToolchainError
from toolchain.installation import OFFLINE
from toolchain.programs.stack import PULUMI
from toolchain.progress import Progress

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has set nothing and has only a shell."""
    for name in [name for name in os.environ if name.startswith(("PULUMI_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def cached_engine() -> Path:
    folder = lookup.release_folder(PULUMI) / "bin"
    folder.mkdir(parents=True)
    for name in PULUMI.binaries:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_passphrase_is_generated_once_for_its_owner_only(home: Path) -> None:
    before = os.umask(0)
    try:
        path = environment.ensure_passphrase()
    finally:
        os.umask(before)
    assert path == home / ".config/observability/passphrase"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    passphrase = path.read_text()
    assert len(passphrase.strip()) >= 32
    assert environment.ensure_passphrase().read_text() == passphrase
    assert list(path.parent.iterdir()) == [path]


def test_a_passphrase_file_that_others_can_read_is_closed() -> None:
    path = environment.ensure_passphrase()
    path.chmod(0o644)
    path.parent.chmod(0o755)
    environment.ensure_passphrase()
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_a_passphrase_of_a_set_up_at_the_same_time_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    path = environment.passphrase_file()

    def other_was_faster(_: int) -> str:
        path.write_text("of the other\n")
        return "of this one"

    monkeypatch.setattr("toolchain.environment.secrets.token_urlsafe", other_was_faster)
    assert environment.ensure_passphrase().read_text() == "of the other\n"


def test_a_folder_that_cannot_be_written_gives_a_message(home: Path) -> None:
    (home / ".config").write_text("a file where the folder should be")
    with pytest.raises(ToolchainError, match=r"passphrase cannot be written .*\n.* XDG_CONFIG_HOME"):
        environment.ensure_passphrase()


def test_env_never_prints_the_passphrase(capfd: pytest.CaptureFixture[str]) -> None:
    cached_engine()
    assert command.main(["env"]) == 0
    out, err = capfd.readouterr()
    passphrase = environment.passphrase_file().read_text().strip()
    assert passphrase not in out + err
    assert f"export PULUMI_CONFIG_PASSPHRASE_FILE={environment.passphrase_file()}" in out


def test_env_can_be_evaluated_by_a_shell(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "a ca'che; exit 3"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "$(exit 4) config"))
    engine = cached_engine()
    command.main(["env"])
    shell = 'set -e; eval "$1"; printf "%s\\n" "$(type -p pulumi)" "$PULUMI_CONFIG_PASSPHRASE_FILE" "$PATH"'
    done = subprocess.check_output(["/bin/bash", "-c", shell, "bash", capfd.readouterr().out], text=True)
    pulumi, passphrase, path = done.splitlines()
    assert pulumi == str(engine / "pulumi")
    assert passphrase == str(environment.passphrase_file())
    assert path.split(":")[:2] == [str(CHECKOUT / ".venv/bin"), str(engine)]


def test_the_state_is_kept_in_the_checkout(home: Path) -> None:
    spaced = home / "a check'out"
    assert (
        environment.exports([], spaced)["PULUMI_BACKEND_URL"]
        == f"file://{home}/a%20check%27out/.state/pulumi"
    )
    assert (spaced / ".state" / "pulumi").is_dir()


def test_env_twice_does_not_grow_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = environment.exports([home / "bin"], home)["PATH"]
    monkeypatch.setenv("PATH", once)
    assert environment.exports([home / "bin"], home)["PATH"] == once


def test_a_chosen_backend_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.exports([], home)["PULUMI_BACKEND_URL"] == f"file://{home}/.state/pulumi"
    (home / ".pulumi").mkdir()
    credentials = home / ".pulumi" / "credentials.json"
    credentials.write_text('{"current": "https://api.pulumi.com"}')
    assert "PULUMI_BACKEND_URL" not in environment.exports([], home)
    credentials.write_text('{"current": ""}')
    assert "PULUMI_BACKEND_URL" in environment.exports([], home)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://mine")
    assert "PULUMI_BACKEND_URL" not in environment.exports([], home)


@pytest.mark.parametrize("name", ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_a_passphrase_of_the_user_is_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in environment.exports([], home)
    assert not environment.passphrase_file().exists()


def test_plugins_are_downloaded_unless_the_hosts_were_unreachable(home: Path) -> None:
    name = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"
    assert name not in environment.exports([], home)
    lookup.replace_file(lookup.cache_folder() / OFFLINE, "unreachable\n")
    assert environment.exports([], home)[name] == "true"


def test_env_without_an_engine_says_what_to_run(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "toolchain", "env"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "pulumi is not set up yet. Run: make setup\n",
    )
    assert not environment.passphrase_file().exists()


def test_an_old_python_gets_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.delitem(sys.modules, "toolchain.__main__", raising=False)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; .* is 3\.9\.\nInstall one .*PYTHON="):
        runpy.run_path(str(CHECKOUT / "toolchain" / "__main__.py"), run_name="__main__")


def test_packages_are_installed_again_only_when_the_lock_changes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []

    def run(arguments: list[str], _: str) -> None:
        commands.append(arguments[2])
        (home / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        (home / ".venv" / "bin" / "python").touch()

    monkeypatch.setattr(virtualenv, "_run", run)
    lock, progress = home / "requirements.txt", Progress(io.StringIO())
    lock.write_text("a==1\n")
    virtualenv.ensure(progress, home)
    virtualenv.ensure(progress, home)
    assert commands == ["venv", "pip"]
    lock.write_text("a==2\n")
    virtualenv.ensure(progress, home)
    assert commands == ["venv", "pip", "pip"]


def test_the_sdk_is_imported_from_the_checkout_wherever_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, copy = tmp_path / "checkout", tmp_path / "copy"
    checkout.mkdir()
    copy.mkdir()
    (checkout / "requirements.txt").touch()
    make = virtualenv._run
    monkeypatch.setattr(
        virtualenv, "_run", lambda a, m: make([*a, "--without-pip"], m) if "venv" in a else None
    )
    python = virtualenv.ensure(Progress(io.StringIO()), checkout)
    (copy / ".venv").symlink_to(checkout / ".venv")

    def imported(python: Path) -> str:
        script = "import observability_sdk; print(observability_sdk.__file__)"
        run = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
        return run.stdout.strip()

    for where in (checkout, copy):
        (where / "sdk").mkdir()
        module = where / "sdk" / "observability_sdk.py"
        module.touch()
        assert imported(where / python.relative_to(checkout)) == str(module)


def test_an_interrupted_installation_is_not_taken_for_a_complete_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "requirements.txt").write_text("no-such-package==1 --hash=sha256:00\n")

    def run(arguments: list[str], message: str) -> None:
        (home / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        (home / ".venv" / "bin" / "python").touch()
        if arguments[2] == "pip":
            raise ToolchainError(message)

    monkeypatch.setattr(virtualenv, "_run", run)
    for _ in range(2):
        with pytest.raises(ToolchainError, match="Python packages cannot be installed"):
            virtualenv.ensure(Progress(io.StringIO()), home)


def test_a_message_shows_what_pip_said(home: Path) -> None:
    with pytest.raises(ToolchainError, match="cannot be installed\n  no matching distribution"):
        virtualenv._run(["/bin/sh", "-c", "echo no matching distribution >&2; exit 1"], "cannot be installed")
