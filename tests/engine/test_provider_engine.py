"""The provider under the real engine: a temporary project, a file backend, a real process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from provider.layout import Layout
from provider.ownership import marked
from provider.runtime_folder import runtime_folder

pytestmark = pytest.mark.engine

CHECKOUT = Path(__file__).parents[2]
CANARY = "canary-of-a-secret-file"
SLEEPER = f"#!{sys.executable}\nimport time\nprint('started', flush=True)\ntime.sleep(600)\n"

PROGRAM = """
import json, os, pulumi
from provider.resources import Password, Process
given = json.load(open("given.json"))
password = Password("password", length=24)
secrets = {"password": password.result, "token": pulumi.Output.secret(given["token"])}
for name, changes in given["processes"].items():
    inputs = {"files": {"main.yaml": "a", "rules/a.yaml": "b"}, **changes}
    where = {"directory": given["directory"], "program": given["program"]}
    Process(name, name=name, **where, secret_files=secrets, **inputs)
pulumi.export("password", password.result)
"""


class Project:
    """A Pulumi project in a temporary folder, used through the command line as people do."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.directory = folder, folder / "stack"
        self.program = folder / "sleeper"
        self.program.write_text(SLEEPER)
        self.program.chmod(0o755)
        plugins = {"providers": [{"name": "observability", "path": str(CHECKOUT / "provider")}]}
        project = {"name": "trial", "runtime": "python", "plugins": plugins}
        (folder / "Pulumi.yaml").write_text(json.dumps(project))
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "state").mkdir()
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(CHECKOUT),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "of the test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        self.declare(server={})
        self.run("stack", "init", "trial")

    def declare(self, **processes: dict[str, Any]) -> None:
        given = {"directory": str(self.directory), "program": str(self.program), "token": CANARY}
        (self.folder / "given.json").write_text(json.dumps({**given, "processes": processes}))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        process = self.start(*arguments)
        output = process.communicate(timeout=120)[0]
        assert (process.returncode != 0) == fails, output
        return output

    def up(self) -> str:
        return self.run("up", "--yes", "--skip-preview")

    def changed(self) -> dict[str, list[str]]:
        """The changed property paths of every resource that a preview would not leave as it is."""
        text = self.run("preview", "--json")
        steps = json.loads(text[text.index("{") :])["steps"]
        changing = [step for step in steps if step["op"] != "same"]
        return {step["urn"].rsplit("::", 1)[-1]: sorted(step.get("detailedDiff") or {}) for step in changing}

    def logged(self, name: str) -> bool:
        """Whether the process was started."""
        log = Layout(self.directory, name).log
        return log.is_file() and "started" in log.read_text()


def until(condition: Any, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    assert shutil.which("pulumi"), 'pulumi is not on PATH; run `make setup` and `eval "$(make -s env)"`'
    project = Project(tmp_path)
    yield project
    for left in marked(project.directory):
        left.kill()
    shutil.rmtree(runtime_folder(project.directory), ignore_errors=True)


NEVER_HEALTHY: dict[str, Any] = {"health_url": "http://127.0.0.1:1/", "health_timeout_seconds": 600}


def test_the_life_of_a_stack(project: Project) -> None:
    project.up()
    layout = Layout(project.directory, "server")
    password = project.run("stack", "output", "password", "--show-secrets").strip().splitlines()[-1]
    assert len(password) == 24
    assert (layout.secrets / "password").read_text() == password
    state = [path for path in (project.folder / "state").rglob("*") if path.is_file()]
    assert len(state) > 3
    for secret in (password, CANARY):
        assert [path for path in state if secret in path.read_text()] == []

    pids = {running.pid for running in marked(project.directory)}
    assert "3 unchanged" in project.up()
    assert {running.pid for running in marked(project.directory)} == pids

    project.declare(server={"files": {"main.yaml": "a", "rules/a.yaml": "changed"}})
    assert project.changed() == {"server": ['files["rules/a.yaml"]']}
    project.up()
    assert (layout.config / "rules/a.yaml").read_text() == "changed"
    assert project.changed() == {}
    assert project.run("stack", "output", "password", "--show-secrets").strip().splitlines()[-1] == password

    (layout.data / "kept").write_text("x")
    project.run("destroy", "--yes", "--skip-preview")
    assert marked(project.directory) == []
    assert (layout.data / "kept").read_text() == "x"
    assert not layout.secrets.exists()


def test_a_stack_that_was_killed_shows_in_a_preview_and_comes_back(project: Project) -> None:
    project.up()
    for running in marked(project.directory):
        running.kill()
    assert project.changed() == {"server": ["running"]}
    project.run("refresh", "--yes", "--skip-preview")
    assert project.changed() == {"server": ["running"]}
    project.up()
    assert project.changed() == {}
    assert len(marked(project.directory)) == 2


def test_a_failure_is_one_clear_message(project: Project) -> None:
    crash = f"#!{sys.executable}\nraise SystemExit('no such bucket')\n"
    project.program.write_text(crash)
    output = project.run("up", "--yes", "--skip-preview", fails=True)
    assert "server ended 3 times right after its start; it was stopped." in output
    assert "no such bucket" in output
    assert "Traceback" not in output
    assert "rpc error" not in output
    assert marked(project.directory) == []


def test_bad_inputs_are_reported_together_before_anything_starts(project: Project) -> None:
    project.declare(server={"ports": {"http": 99999}, "reload_signal": "HANGUP"})
    output = project.run("preview", fails=True)
    assert "must be a number from 1 to 65535" in output
    assert "must be the name of a signal" in output
    assert not project.directory.exists()


def test_an_interrupted_up_leaves_nothing_unrecorded_and_the_next_one_converges(project: Project) -> None:
    project.declare(server={}, never=NEVER_HEALTHY)
    up = project.start("up", "--yes", "--skip-preview")
    until(lambda: project.logged("never"))
    up.send_signal(signal.SIGINT)
    output = up.communicate(timeout=60)[0]
    assert up.returncode != 0, output
    recorded = json.loads(project.run("stack", "export"))["deployment"]["resources"]
    names = {resource["id"] for resource in recorded if resource["type"].endswith(":Process")}
    assert {running.environ().get("SUPERVISOR_PROCESS_NAME") for running in marked(project.directory)} <= {
        *names,
        None,
    }
    project.declare(server={}, never={})
    project.up()
    assert project.changed() == {}
    project.run("destroy", "--yes", "--skip-preview")
    assert marked(project.directory) == []


def test_after_the_engine_was_killed_the_next_up_converges(project: Project) -> None:
    project.declare(server={}, never=NEVER_HEALTHY)
    up = project.start("up", "--yes", "--skip-preview")
    until(lambda: project.logged("never"))
    # The provider notices the engine's death by itself; an old language host may wait for ever.
    children = psutil.Process(up.pid).children(recursive=True)
    hosts = [child for child in children if "provider" not in child.cmdline()]
    up.kill()
    up.wait()
    for host in hosts:
        with suppress(psutil.NoSuchProcess):
            host.kill()
    up.communicate(timeout=60)
    project.run("cancel", "--yes")
    project.declare(server={}, never={})
    project.up()
    assert project.changed() == {}
    assert len(marked(project.directory)) == 3
    project.run("destroy", "--yes", "--skip-preview")
    assert marked(project.directory) == []
