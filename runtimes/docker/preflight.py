"""What keeps a stack from starting in this machine's engine, and what is limited there."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from provider.ports import taken_ports
from runtimes import ports
from runtimes.docker import engine

_PRIVILEGED = 1024
_READ_THE_MACHINE = frozenset({"node-exporter"})
_LOOPBACK_IS_LOCAL = 28
_WATCHED_FILES = 512
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")


def skipped() -> bool:
    """Whether this machine is not to be looked at."""
    return os.environ.get(engine.SKIP) == "1"


def unavailable(host: str, workloads: Collection[str]) -> Mapping[str, str]:
    """Return the agents that read the machine's folders, where the engine refuses to show them."""
    if skipped() or not engine.refuses_root_mount(host):
        return {}
    return {
        name: f"{name} is left out: the engine's root file system is not shared between mounts, so it shows "
        "a container no folder of the machine; where the engine runs: sudo mount --make-rshared /"
        for name in sorted(_READ_THE_MACHINE.intersection(workloads))
    }


def problems(kind: str, host: str, stack: str, wanted: Mapping[str, int]) -> list[str]:
    """Return why the engine does not answer, or who holds which of the wanted ports."""
    if skipped():
        return []
    try:
        published = engine.published(host)
    except engine.EngineError as error:
        advice = "start it, or name another socket: pulumi config set --path docker.host unix:///PATH"
        return [f"docker.host: no {kind} engine answers at {host}: {error}; {advice}"]
    by_containers = {
        name: f"the container {published[port].container}"
        for name, port in wanted.items()
        if port in published and published[port].stack != stack
    }
    # The engine may bind ports below 1024 where we may not.
    others = {name: port for name, port in wanted.items() if port not in published and port >= _PRIVILEGED}
    return ports.taken(wanted, {**by_containers, **taken_ports(others)})


def notices(kind: str, host: str) -> tuple[str, ...]:
    """Return what is limited on this machine, a line each."""
    if skipped():
        return ()
    try:
        major = engine.version(host).split(".")[0]
    except engine.EngineError:
        return ()
    found = []
    if kind == "docker" and major.isdecimal() and int(major) < _LOOPBACK_IS_LOCAL:
        found.append(
            f"Docker Engine {major} lets the local network reach ports published on 127.0.0.1; "
            f"update to {_LOOPBACK_IS_LOCAL} or later"
        )
    if _INOTIFY.exists() and (limit := int(_INOTIFY.read_text())) < _WATCHED_FILES:
        found.append(
            f"this machine lets a user watch {limit} files at a time, which may be too few to follow logs: "
            f"sudo sysctl fs.inotify.max_user_instances={_WATCHED_FILES}"
        )
    return tuple(found)
