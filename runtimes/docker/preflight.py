"""What keeps a stack from starting in this machine's engine, and what is limited there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from provider.ports import taken_ports
from runtimes import looks_around, ports
from runtimes.docker import engine, pulls
from settings import PROJECT, Settings
from versions import PRODUCTS, Image

_PRIVILEGED = 1024
_READ_THE_MACHINE = frozenset({"node-exporter"})
_LOOPBACK_IS_LOCAL = 28
_WATCHED_FILES = 512
WITH_DATA = frozenset({"prometheus", "alertmanager", "loki", "jaeger", "collector", "grafana"})
"""Products that keep data in a volume."""
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")


def unavailable(host: str, workloads: Collection[str]) -> Mapping[str, str]:
    """Return the agents that read the machine's folders, where the engine refuses to show them."""
    if not looks_around() or not engine.refuses_root_mount(host):
        return {}
    return {
        name: f"{name} is left out: the engine's root file system is not shared between mounts, so it shows "
        "a container no folder of the machine; where the engine runs: sudo mount --make-rshared /"
        for name in sorted(_READ_THE_MACHINE.intersection(workloads))
    }


def problems(
    kind: str, host: str, settings: Settings, wanted: Mapping[str, int], images: Mapping[str, Image]
) -> list[str]:
    """Return what keeps a stack from starting: engine, ports, networks, disk, data of a newer release.

    ``wanted`` is port name → number, ``images`` is reference → image of everything that is deployed.
    """
    if not looks_around():
        return []
    try:
        published = engine.published(host)
        others = [
            *_missing_networks(host, settings.docker.monitored_networks),
            *pulls.no_room(host, pulls.missing(host, images)),
            *_downgrades(host, settings.stack),
        ]
    except engine.EngineError as error:
        advice = "start it, or name another socket: pulumi config set --path docker.host unix:///PATH"
        return [f"docker.host: no {kind} engine answers at {host}: {error}; {advice}"]
    by_containers = {
        name: f"the container {published[port].container}"
        for name, port in wanted.items()
        if port in published and published[port].stack != settings.stack
    }
    # The engine may bind ports below 1024 where we may not.
    unknown = {name: port for name, port in wanted.items() if port not in published and port >= _PRIVILEGED}
    return [*ports.taken(wanted, {**by_containers, **taken_ports(unknown)}), *others]


def _missing_networks(host: str, monitored: Collection[str]) -> list[str]:
    """Return a problem for each network of others that the engine does not have."""
    known = engine.networks(host) if monitored else None
    if known is None:
        return []
    return ports.unknown(monitored, sorted(known), "docker.monitoredNetworks", "network")


def _downgrades(host: str, stack: str) -> list[str]:
    """Return a problem for each product whose data was written by a newer release than is to read it."""
    return [
        f"{product}: its data was written by {deployed}, and {wanted} may not be able to read it; stay with "
        f"{deployed} or later, or begin anew: pulumi destroy with deleteData, then pulumi up"
        for product, deployed in engine.deployed_versions(host, stack).items()
        if (wanted := PRODUCTS[product].tag) and _line(wanted) < _line(deployed)
    ]


def _line(tag: str) -> tuple[int, ...]:
    """Return the first two numbers of a version: data formats change with those only."""
    return tuple(int(number) for number in re.findall(r"\d+", tag)[:2])


def _lost_data(host: str, stack: str) -> list[str]:
    """Return a notice for each product that was deployed and whose data volume is gone."""
    found = engine.volumes(host, stack)
    configured = {name.removesuffix("-configuration") for name in found if name.endswith("-configuration")}
    with_data = {f"{PROJECT}-{stack}-{product}" for product in WITH_DATA}
    return [
        f"the volume {name}-data is gone: a new, empty one is made in its place"
        for name in sorted(configured & with_data)
        if f"{name}-data" not in found
    ]


def notices(kind: str, host: str, stack: str) -> tuple[str, ...]:
    """Return what is limited on this machine, and what was lost on it, a line each."""
    if not looks_around():
        return ()
    try:
        major = engine.version(host).split(".")[0]
        found = _lost_data(host, stack)
    except engine.EngineError:
        return ()
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
