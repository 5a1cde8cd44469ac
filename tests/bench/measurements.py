"""What is measured: times of runs in turns, the memory of the idle stack, what a preview imports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil

from provider.health import is_healthy
from provider.layout import Layout
from provider.ownership import marked
from provider.supervision import KEPT_VARIABLES
from provider.waiting import NEVER
from tests.project import CHECKOUT, Project, free_offset

STANDIN = CHECKOUT / "tests" / "standin"
PROD_SECRETS = {"slackApiUrl": "https://hooks.example.org/x", "pagerdutyRoutingKey": "0" * 32}
OTHER_TARGETS = ("pulumi_kubernetes", "pulumi_docker")
"""Packages that the target `process` has no use for."""
NOT_GIVEN = ("data", "logs", "supervisor")
"""What a server that is started by itself does not find."""
RECORD_MODULES = """\
import atexit, os, pathlib, sys
folder = pathlib.Path(os.environ["BENCH_MODULES"])
atexit.register(lambda: (folder / str(os.getpid())).write_text("\\n".join(sorted(sys.modules))))
"""
EMPTY_PROJECT = """\
name: empty
runtime:
  name: python
  options:
    virtualenv: .venv
"""


@dataclass(frozen=True)
class Bench:
    """The projects that are measured, and the times so far by what took them, in seconds."""

    empty: Project
    local: Project
    prod: Project
    rounds: int
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory: list[float] = field(default_factory=list)
    """Of the whole idle stack, in MB."""

    def time(self, what: str, action: Callable[[], object]) -> None:
        """Do something and note how long it took."""
        begin = perf_counter()
        action()
        self.times[what].append(perf_counter() - begin)
        say(f"  {what}: {self.times[what][-1]:.1f} s")

    def median(self, what: str) -> float:
        """Return the median time in seconds."""
        return median(self.times[what])


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def prepared(rounds: int) -> Iterator[Bench]:
    """Make copies of the project with a state of their own; nothing of them is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        local = Project.copy(folder)
        local.configure({"portOffset": free_offset(), "deleteData": "true"})

        path = os.pathsep.join([str(STANDIN), local.environment["PATH"]])
        prod = replace(local, stack="prod", environment={**local.environment, "PATH": path})
        prod.run("stack", "init", prod.stack)
        for key, value in PROD_SECRETS.items():
            prod.run("config", "set", "--secret", key, value, "--stack", prod.stack)

        empty = replace(local, path=folder / "empty", stack="empty")
        empty.path.mkdir()
        (empty.path / "Pulumi.yaml").write_text(EMPTY_PROJECT)
        (empty.path / "__main__.py").write_text("import pulumi\n")
        (empty.path / ".venv").symlink_to(CHECKOUT / ".venv")
        empty.run("stack", "init", empty.stack)
        try:
            yield Bench(empty, local, prod, rounds)
        finally:
            local.run("cancel", "--yes", "--stack", local.stack, succeeds=None)
            local.destroy()


def measure_previews(bench: Bench) -> None:
    """Preview an empty program, `local` and `prod` in turns."""
    projects = {"empty": bench.empty, "local": bench.local, "prod": bench.prod}
    say("previews, one round to warm up")
    for project in projects.values():
        project.preview()
    for number in range(1, bench.rounds + 1):
        say(f"previews, round {number} of {bench.rounds}")
        for name, project in projects.items():
            bench.time(f"preview of {name}", project.preview)


def measure_starts(bench: Bench) -> None:
    """Bring `local` up on empty disks, take it down, and start each of its servers by itself, in turns."""
    for number in range(1, bench.rounds + 1):
        say(f"starts, round {number} of {bench.rounds}")
        bench.time("up", bench.local.up)
        urls = health_urls(bench.local)
        if number == bench.rounds:
            measure_no_change(bench)
        saved = bench.local.path.parent / "saved"
        shutil.copytree(bench.local.directory, saved, ignore=shutil.ignore_patterns(*NOT_GIVEN))
        bench.local.destroy()
        for name, url in urls.items():
            start_alone(bench, saved, name, url)
        shutil.rmtree(saved)


def measure_no_change(bench: Bench) -> None:
    """Preview and update the running stack in turns, and see what it takes of memory meanwhile."""
    for number in range(1, bench.rounds + 1):
        say(f"no-change updates, round {number} of {bench.rounds}")
        bench.time("preview of the running stack", lambda: bench.local.preview("--expect-no-changes"))
        bench.time("no-change up", lambda: bench.local.up("--expect-no-changes"))
        bench.memory.append(sum(resident(process) for process in marked(bench.local.directory)) / 1e6)


def resident(process: psutil.Process) -> int:
    """Return a process's resident memory in bytes."""
    size: int = process.memory_info().rss
    return size


def health_urls(project: Project) -> Mapping[str, str]:
    """Return the URL of each server's probe by the server's name."""
    export = project.run("stack", "export", "--stack", project.stack)
    resources = json.loads(export[export.index("{") :])["deployment"]["resources"]
    inputs = [r["inputs"] for r in resources if r["type"] == "observability:index:Process"]
    return {given["name"]: given["healthUrl"] for given in inputs}


def start_alone(bench: Bench, saved: Path, name: str, url: str) -> None:
    """Start one server with the files it has in the stack, nothing else running, until its probe answers."""
    layout = Layout(bench.local.directory, name)
    shutil.copytree(saved / name, layout.home)
    layout.data.mkdir(mode=0o700)
    environment = {key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}
    log = bench.local.path.parent / "alone.log"
    with ExitStack() as cleanup, log.open("wb") as output:
        cleanup.callback(shutil.rmtree, layout.home)

        def start() -> None:
            command = ["/bin/sh", str(layout.script)]
            server = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
            cleanup.callback(stop, server)
            for _ in NEVER.attempts(120, pause_seconds=0.02):
                if is_healthy(url):
                    return
                if server.poll() is not None:
                    break
            raise AssertionError(f"{name} by itself did not get ready:\n{log.read_text()[-2000:]}")

        bench.time(f"{name} by itself", start)


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop a server that was started by itself."""
    server.terminate()
    server.wait(60)


def modules_of_other_targets(bench: Bench) -> Sequence[str]:
    """Return the packages that a preview of `local` imports in vain."""
    folder = bench.local.path.parent / "modules"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(RECORD_MODULES)
    bench.local.run(
        "preview", "--stack", bench.local.stack, PYTHONPATH=str(folder), BENCH_MODULES=str(folder)
    )
    seen = [set(path.read_text().split()) for path in folder.glob("[0-9]*")]
    programs = [modules for modules in seen if "components.prometheus" in modules]
    assert programs, "the program did not record what it imports"
    return [name for name in OTHER_TARGETS if any(name in modules for modules in programs)]
