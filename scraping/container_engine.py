"""The engine of a ``docker`` or ``podman`` target as what finds containers by themselves needs to know it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from settings import PROJECT, Settings
from targets import Target

DISCOVERY = frozenset({"engine-proxy", "cadvisor"})
"""Products that make sense only where containers are found by themselves."""
SERVICE_LABELS = ("service", "com.docker.compose.service", "observability.service")
"""Labels of a container that name its service, the decisive one last; without any its own name does."""
_DESKTOP = "/.docker/"
"""In the path of the socket by which Docker Desktop's virtual machine is reached from the outside."""


@dataclass(frozen=True)
class ContainerEngine:
    """A container engine on this machine."""

    name: str
    """``docker`` or ``podman``."""
    socket: str
    """Path of its socket where it runs itself."""
    data_root: str
    """Folder of its data."""
    log_file: str
    """Path of a container's log; ``{id}`` is the container's id."""
    log_format: str
    """Format of the logs: ``docker`` or ``crio``."""
    containerd_socket: str
    """Socket of the containerd that holds its images; empty where it holds them itself."""
    networks: tuple[str, ...]
    """Networks on which the stack reaches containers."""

    @property
    def log_folder(self) -> str:
        """Folder that the logs of all containers are below."""
        return str(PurePosixPath(self.log_file.partition("{id}")[0]))


def container_engine(target: Target, settings: Settings) -> ContainerEngine | None:
    """Return the target's engine; None where it has none, or where nothing is to be found by itself."""
    if not target.container_log or not settings.docker.discovery:
        return None
    # Brings the plugin's package, which no other target needs.
    from runtimes.docker.engine import address  # noqa: PLC0415

    scheme, _, path = address(target, settings).partition("://")
    seen_by_itself = scheme == "unix" and _DESKTOP not in path
    data_root = settings.docker.data_root or target.engine_data_root
    return ContainerEngine(
        name=target.name,
        socket=path if seen_by_itself else target.engine_sockets[0],
        data_root=data_root,
        log_file=f"{data_root}/{target.container_log}",
        log_format=target.container_log_format,
        containerd_socket=settings.docker.containerd_socket,
        networks=(f"{PROJECT}-{settings.stack}-private", *settings.docker.monitored_networks),
    )
