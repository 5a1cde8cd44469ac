"""Containers of a Docker or Podman engine on this machine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property

import pulumi
import pulumi_docker as docker

import versions
from placement import PORTS, ContainerPlacement
from runtimes import Deployed, looks_around, ports, refuse_sidecars
from runtimes.docker import engine, lowering, preflight, pulls
from runtimes.docker.loader import check_end, digest, loader
from runtimes.docker.networks import Networks
from runtimes.order import Order
from settings import PROJECT, Settings
from targets import Target
from versions import Image
from workload import Port, Workload

_HOMES = {"grafana": "/usr/share/grafana"}
_TMPFS = {"/tmp": "rw,noexec,nosuid,size=64m"}  # noqa: S108
_START_SECONDS = 180
"""How long a product may take until it is healthy, reading its log after a crash included."""
_STOP_SECONDS = 30
"""How long a product may take to write what it holds in memory."""


def _usual_ports() -> Mapping[str, int]:
    """Return the ports that are published, by name, ``prometheus-http``."""
    return {
        f"{workload}-{port.name}": port.number
        for workload, listed in PORTS.items()
        for port in listed
        if port.public
    }


class DockerRuntime:
    """Lowers each workload to a container, its volumes, and the loaders that fill them."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self._target, self._settings = target, settings
        self._host = engine.address(target, settings)
        self._order = Order()
        self._ports = ports.chosen(settings, _usual_ports())
        self.placement = ContainerPlacement(
            homes=_HOMES,
            public_urls={
                workload: f"http://{settings.docker.bind_address}:{self._ports[f'{workload}-http']}"
                for workload in PORTS
                if f"{workload}-http" in self._ports
            },
        )

    def unavailable(self, workloads: Collection[str]) -> Mapping[str, str]:
        return preflight.unavailable(self._host, workloads)

    def notices(self) -> tuple[str, ...]:
        name = self._target.name
        unused = f"dataDirectory: is not used on target {name!r}, where data are in volumes of the engine"
        return (
            *([unused] if self._settings.data_directory else []),
            *preflight.notices(name, self._host, self._settings.stack),
        )

    def announcements(self, workloads: Collection[str]) -> tuple[str, ...]:
        """Return which images are pulled, and how much that is."""
        missing = pulls.missing(self._host, self._images(workloads)) if looks_around() else ()
        return (pulls.announcement(missing),) if missing else ()

    def problems(self, workloads: Collection[str]) -> list[str]:
        """Return what is wrong with the ports, the disk and the data, and why the engine does not answer."""
        wanted = {
            (name := f"{workload}-{port.name}"): self._ports[name]
            for workload in workloads
            for port in PORTS[workload]
            if port.public
        }
        return [
            *ports.unknown(self._settings.ports, self._ports),
            *ports.unknown(self._settings.docker.addresses, workloads, "docker.addresses", "product"),
            *ports.conflicts(wanted),
            *preflight.problems(
                self._target.name, self._host, self._settings, wanted, self._images(workloads)
            ),
        ]

    def _images(self, workloads: Collection[str]) -> Mapping[str, Image]:
        """Return reference → image of everything that these workloads take."""
        wanted = [*(versions.PRODUCTS[workload] for workload in workloads), versions.LOADER]
        return {versions.reference(image, self._settings.images): image for image in wanted}

    def deploy(self, workload: Workload, parent: pulumi.Resource) -> Deployed:
        """Register the product's container, and before it the volumes with its files and the loaders."""
        refuse_sidecars(workload, self._target.name)
        name, opts, placement = parent.pulumi_resource_name, self._below(parent), self.placement
        mounts = [lowering.host_mount(path) for path in workload.host_paths]
        labels = {**self._labels(workload), engine.VERSION_LABEL: workload.image.tag}
        loaders: list[docker.Container] = []

        data = self._volume(f"{name}-data", workload, opts, keep=True) if workload.volume else None
        if data:
            mounts.append(lowering.volume_mount(data, placement.data(workload.name)))
        if workload.files or data:
            volume = self._volume(f"{name}-configuration", workload, opts)
            loaders.append(self._load(volume, workload.files, workload, opts, data=data))
            mounts.append(lowering.volume_mount(volume, placement.config(workload.name), read_only=True))
            read = pulumi.Output.from_input(lowering.read_at_start(workload))
            labels["observability.configuration"] = read.apply(digest)
        if workload.secrets:
            volume = self._volume(f"{name}-secrets", workload, opts)
            loaders.append(self._load(volume, workload.secrets, workload, opts))
            folder = placement.secret(workload.name, "").rstrip("/")
            mounts.append(lowering.volume_mount(volume, folder, read_only=True))
            # Secrets could be guessed from their digest; which container brought them says nothing.
            labels["observability.secrets"] = loaders[-1].id

        health = lowering.health_check(workload)
        container = docker.Container(
            f"{name}-container",
            name=self._name(workload.name),
            image=self._image(f"{name}-image", workload.image, opts),
            entrypoints=list(workload.image.entrypoint),
            command=list(workload.arguments),
            labels=lowering.labels(labels),
            hostname=workload.name,
            network_mode="bridge",
            networks_advanced=self._networks.of(workload),
            ports=self._publish(workload),
            mounts=mounts,
            tmpfs=_TMPFS,
            read_only=True,
            user=f"{workload.user}:{workload.user}",
            pid_mode="host" if workload.per_node else None,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=lowering.security(workload),
            cpus=lowering.processors(workload.resources.cpu_limit),
            memory=lowering.mebibytes(workload.resources.memory_limit),
            # Memory alone is a change at every preview, because the engine fills this in.
            memory_swap=lowering.mebibytes(workload.resources.memory_limit),
            log_driver="json-file",
            log_opts=dict(self._target.log_options),
            healthcheck=health,
            wait=health is not None,
            wait_timeout=_START_SECONDS,
            destroy_grace_seconds=_STOP_SECONDS,
            restart="unless-stopped",
            opts=pulumi.ResourceOptions.merge(
                opts,
                # Name and ports are free only once the predecessor is gone.
                pulumi.ResourceOptions(
                    delete_before_replace=True,
                    depends_on=[*loaders, *self._order.before(workload)],
                ),
            ),
        )
        self._order.runs(workload, container)
        return Deployed(
            {
                port.name: pulumi.Output.format("{0}", self._address(workload, port))
                for port in workload.ports
                if port.public
            }
        )

    def _name(self, role: str) -> str:
        """Return the name by which people see something in the engine."""
        return f"{PROJECT}-{self._settings.stack}-{role}"

    def _labels(self, workload: Workload) -> dict[str, pulumi.Input[str]]:
        return {engine.STACK_LABEL: self._settings.stack, engine.SERVICE_LABEL: workload.name}

    def _below(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=parent, provider=self._provider)

    def _address(self, workload: Workload, port: Port) -> str:
        return f"{self._settings.docker.bind_address}:{self._ports[f'{workload.name}-{port.name}']}"

    def _publish(self, workload: Workload) -> list[docker.ContainerPortArgs]:
        return [
            docker.ContainerPortArgs(
                internal=port.number,
                external=self._ports[f"{workload.name}-{port.name}"],
                ip=self._settings.docker.bind_address,
                protocol="tcp",
            )
            for port in workload.ports
            if port.public
        ]

    def _volume(
        self, name: str, workload: Workload, opts: pulumi.ResourceOptions, *, keep: bool = False
    ) -> docker.Volume:
        kept = pulumi.ResourceOptions(retain_on_delete=keep and not self._settings.delete_data)
        return docker.Volume(
            name,
            name=self._name(name),
            labels=[docker.VolumeLabelArgs(label=k, value=v) for k, v in self._labels(workload).items()],
            opts=pulumi.ResourceOptions.merge(opts, kept),
        )

    def _load(
        self,
        volume: docker.Volume,
        files: Mapping[str, pulumi.Input[str]],
        workload: Workload,
        opts: pulumi.ResourceOptions,
        *,
        data: docker.Volume | None = None,
    ) -> docker.Container:
        arguments = loader(
            self._loader_image, volume, files, workload.user, self._labels(workload), data=data
        )
        container = docker.Container(f"{volume.pulumi_resource_name}-loader", arguments, opts)
        pulumi.Output.all(container.exit_code, container.name).apply(lambda ended: check_end(*ended))
        return container

    def _image(self, name: str, image: Image, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
        # The image stays on the machine: another stack, or the next `up`, needs it.
        reference = versions.reference(image, self._settings.images)
        return docker.RemoteImage(name, name=reference, keep_locally=True, opts=opts).image_id

    @cached_property
    def _provider(self) -> docker.Provider:
        return docker.Provider("docker", host=self._host)

    @cached_property
    def _loader_image(self) -> pulumi.Output[str]:
        return self._image("loader-image", versions.LOADER, pulumi.ResourceOptions(provider=self._provider))

    @cached_property
    def _networks(self) -> Networks:
        return Networks(self._settings, self._name, pulumi.ResourceOptions(provider=self._provider))
