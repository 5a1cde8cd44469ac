"""A Docker engine for the tier: the one that answers, or one of our own that leaves nothing behind."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.project import until
from tests.standin.docker_api import Docker, DockerError

_SOCKET = "/var/run/docker.sock"
_BRIDGE = "docker0"
_ENGINES = re.compile(r"DOCKER|docker0$|br-[0-9a-f]{12}$")
"""Names of an engine's chains and bridges."""
NO_ENGINE = "no container engine answers"


def answering() -> Docker | None:
    """Return the engine of DOCKER_HOST, or of the usual socket, if it answers."""
    path = os.environ.get("DOCKER_HOST", f"unix://{_SOCKET}").removeprefix("unix://")
    engine = Docker(path)
    try:
        engine.get("/version")
    except (OSError, DockerError, ValueError):
        return None
    return engine


def obstacle() -> str:
    """Return why no engine of our own can be started; nothing where it can."""
    if not shutil.which("dockerd"):
        return f"{NO_ENGINE}, and there is no dockerd on PATH to start (Debian: apt-get install docker.io)"
    if os.geteuid() != 0:
        return f"{NO_ENGINE}, and only root may start one"
    return ""


@contextmanager
def an_engine() -> Iterator[Docker]:
    """Give the engine that answers, or start one; skip, and say why, where there is neither."""
    if found := answering():
        yield found
        return
    if reason := obstacle():
        pytest.skip(reason)
    with our_own() as engine:
        yield engine


@contextmanager
def our_own() -> Iterator[Docker]:
    """Run an engine whose data, socket and process ids are in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="docker-"))  # short: a socket's path may have 108 characters only
    forwarding, bridge = _forwarding(), _link(_BRIDGE)
    log = folder / "log"
    engine = Docker(str(folder / "socket"))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                # Mounts of its own, so that none is left behind, and shared ones: node_exporter's needs that.
                *("unshare", "--mount", "--propagation", "shared"),
                "dockerd",
                f"--data-root={folder / 'data'}",
                f"--exec-root={folder / 'run'}",
                f"--pidfile={folder / 'pid'}",
                f"--host={engine.host}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        until(lambda: _answers(engine, process, log), seconds=60, what="the engine answers")
        yield engine
    finally:
        process.terminate()
        process.wait(60)
        if not bridge:
            subprocess.run(["ip", "link", "delete", _BRIDGE], check=False, capture_output=True)
            _remove_rules(forwarding)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(engine: Docker, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"dockerd ended:\n{log.read_text()[-2000:]}")
    return bool(engine.get("/version"))


def _link(name: str) -> bool:
    return Path("/sys/class/net", name).exists()


def _forwarding() -> str:
    """Return what happens to packets that no rule for forwarding matches: an engine changes that."""
    policy = _iptables("-S", "FORWARD").partition("\n")[0].split()
    return policy[-1] if policy else "ACCEPT"


def _remove_rules(forwarding: str) -> None:
    """Remove the engine's rules from the packet filter, and leave those of others alone."""
    for table in ("filter", "nat"):
        rules = [shlex.split(line) for line in _iptables("-t", table, "-S").splitlines()]
        for rule in rules:
            if rule[0] == "-A" and any(_ENGINES.match(word) for word in rule):
                _iptables("-t", table, "-D", *rule[1:])
        chains = [rule[1] for rule in rules if rule[0] == "-N" and _ENGINES.match(rule[1])]
        for action in ("-F", "-X"):
            for chain in chains:
                _iptables("-t", table, action, chain)
    _iptables("-P", "FORWARD", forwarding)


def _iptables(*arguments: str) -> str:
    command = ["iptables", "--wait", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout
