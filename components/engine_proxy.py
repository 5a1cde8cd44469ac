"""HAProxy in front of the container engine's socket: questions pass, nothing that changes anything does."""

from __future__ import annotations

from typing import TypedDict

import pulumi

import versions
from placement import PORTS, Placement
from runtimes import Runtime
from scraping.container_engine import ContainerEngine
from workload import HostPath, Probe, Resources, Workload

NAME = "engine-proxy"
QUESTIONS = (
    "_ping",
    "version",
    "info",
    "events",
    "networks",
    "containers/json",
    "containers/[a-zA-Z0-9][a-zA-Z0-9_.-]*/json",
)
"""Paths of the engine's API that may be asked, as regular expressions."""
ALLOWED = rf"^(/v[0-9]+\.[0-9]+)?/({'|'.join(QUESTIONS)})$"
"""Regular expression of the paths that are let through."""
_SOCKET = "/run/engine.sock"


class EngineProxyArgs(TypedDict):
    """What the proxy needs to know."""

    engine: ContainerEngine


class EngineProxy(pulumi.ComponentResource):
    """The only product that holds the engine's socket; the others ask it over the private network."""

    def __init__(
        self, name: str, args: EngineProxyArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:EngineProxy", name, None, opts)
        runtime.deploy(workload(args, runtime.placement), parent=self)
        self.register_outputs({})


def workload(args: EngineProxyArgs, placement: Placement) -> Workload:
    """Return the proxy; root without any capability is the owner of the socket, and of nothing else."""
    return Workload(
        name=NAME,
        image=versions.HAPROXY,
        arguments=("-db", "-f", f"{placement.config(NAME)}/haproxy.cfg"),
        ports=PORTS[NAME],
        probe=Probe("http", "/health"),
        resources=Resources("20m", "100m", "32Mi", "64Mi"),
        files={"haproxy.cfg": configuration(placement)},
        host_paths=(HostPath(args["engine"].socket, _SOCKET),),
        user=0,
    )


def configuration(placement: Placement) -> str:
    """Return ``haproxy.cfg``."""
    sections = {
        # The default, as many as the process may open, is gigabytes of memory on some machines.
        "global": ("log stdout format raw daemon notice", "maxconn 200"),
        "defaults": (
            "mode http",
            "log global",
            "timeout connect 5s",
            "timeout client 30s",
            "timeout server 30s",
        ),
        "frontend questions": (
            f"bind {placement.listen(NAME, 'http')}",
            "monitor-uri /health",
            "http-request use-service prometheus-exporter if { path /metrics }",
            "acl asks method GET HEAD",
            f"acl known path_reg '{ALLOWED}'",
            "http-request deny deny_status 403 unless asks known",
            # An engine refuses a client that asks for a newer API than its own; without a version it answers.
            r"http-request replace-path ^/v[0-9]+[.][0-9]+(/.*)$ \1",
            "use_backend events if { path_end /events }",
            "default_backend engine",
        ),
        "backend engine": (f"server engine {_SOCKET}",),
        # Who listens to events may hear nothing for hours.
        "backend events": ("timeout server 1d", f"server engine {_SOCKET}"),
    }
    return "\n".join(
        f"{name}\n" + "".join(f"    {line}\n" for line in lines) for name, lines in sections.items()
    )
