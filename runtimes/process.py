"""Plain processes on this machine, bound to loopback, kept running by a supervisor."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

import pulumi

import toolchain
import versions
from placement import PORTS
from provider.ports import taken_ports
from provider.resources import Process
from runtimes import Deployed, looks_around, ports, refuse_sidecars
from runtimes.order import Order
from settings import Settings
from workload import Workload

PROJECT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"

_ELSEWHERE = {"jaeger-otlp-grpc": 14317, "jaeger-health": 13134, "jaeger-metrics": 8889, "loki-grpc": 9096}
"""Ports that two products share by default, which one machine cannot."""
_OPTIONAL = {"grafana"}


class LoopbackPlacement:
    """Every product has ports of its own on loopback and folders of its own in the stack's directory."""

    def __init__(self, settings: Settings) -> None:
        given = Path(settings.data_directory).expanduser() if settings.data_directory else None
        self.directory = (given or PROJECT / ".state" / "stacks" / settings.stack).absolute()
        self.ports = ports.chosen(settings, usual_ports())

    def listen(self, workload: str, port: str) -> str:
        return f"{LOOPBACK}:{self.ports[f'{workload}-{port}']}"

    def address(self, workload: str, port: str) -> str:
        return self.listen(workload, port)

    def replicas(self, workload: str) -> tuple[str, ...]:
        return ()

    def config(self, workload: str) -> str:
        return str(self.directory / workload / "config")

    def data(self, workload: str) -> str:
        return str(self.directory / workload / "data")

    def secret(self, workload: str, name: str) -> str:
        return str(self.directory / workload / "secrets" / name)

    def public_url(self, workload: str) -> str:
        return f"http://{self.address(workload, 'http')}"

    def log(self, workload: str) -> str:
        return str(self.directory / "logs" / f"{workload}.log")

    def home(self, workload: str) -> str:
        program = toolchain.find(versions.PRODUCTS[workload].program)
        return str(program.resolve().parent.parent) if program else ""

    def host(self, path: str) -> str:
        return path


class ProcessRuntime:
    """Lowers each workload to one supervised process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._order = Order()
        self.placement = LoopbackPlacement(settings)

    def unavailable(self, workloads: Collection[str]) -> Mapping[str, str]:
        return {
            name: f"{name} is left out: no {program} program could be found or downloaded here"
            for name in workloads
            if name in _OPTIONAL and toolchain.find(program := versions.PRODUCTS[name].program) is None
        }

    def notices(self) -> tuple[str, ...]:
        return ()

    def announcements(self, workloads: Collection[str]) -> tuple[str, ...]:
        return ()

    def problems(self, workloads: Collection[str]) -> list[str]:
        missing = [
            f"target: {name} is not installed; run: make setup"
            for name in workloads
            if name not in _OPTIONAL and toolchain.find(versions.PRODUCTS[name].program) is None
        ]
        wanted = {f"{w}-{p.name}": self.placement.ports[f"{w}-{p.name}"] for w in workloads for p in PORTS[w]}
        looks = looks_around()
        owners = taken_ports(wanted, allowed=self.placement.directory) if looks else {}
        return [
            *missing,
            *(_no_place(self.placement.directory) if looks else []),
            *ports.unknown(self._settings.ports, usual_ports()),
            *ports.conflicts(wanted),
            *ports.taken(wanted, owners),
        ]

    def deploy(self, workload: Workload, parent: pulumi.Resource) -> Deployed:
        refuse_sidecars(workload, "process")
        program = toolchain.find(workload.image.program)
        if program is None:
            raise FileNotFoundError(f"{workload.image.program} is not installed; run: make setup")
        placement, probe, reload = self.placement, workload.probe, workload.reload
        process = Process(
            f"{parent.pulumi_resource_name}-process",
            name=workload.name,
            directory=str(placement.directory),
            program=str(program),
            version=toolchain.installed_version(workload.image.program) or "",
            arguments=list(workload.arguments),
            files=dict(workload.files),
            secret_files=dict(workload.secrets),
            reload_files=list(reload.files) if reload else [],
            reload_signal=(reload.signal or None) if reload else None,
            reload_check=(
                {
                    "url": f"http://{placement.address(workload.name, probe.port)}/metrics",
                    "metric": reload.success_metric,
                }
                if reload and reload.success_metric
                else None
            ),
            ports={port.name: placement.ports[f"{workload.name}-{port.name}"] for port in workload.ports},
            health_url=f"http://{placement.address(workload.name, probe.port)}{probe.path}",
            delete_data=self._settings.delete_data,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=self._order.before(workload)),
        )
        self._order.runs(workload, process)
        return Deployed(
            {
                port.name: _once_there(process, placement.address(workload.name, port.name))
                for port in workload.ports
                if port.public
            }
        )


def _no_place(directory: Path) -> list[str]:
    """Return why the folder of the data cannot be made, or not be written to."""
    there = directory
    while not os.access(there, os.F_OK):
        there = there.parent
    if not there.is_dir():
        return [f"dataDirectory: {there} is a file; choose another folder"]
    if not os.access(there, os.W_OK | os.X_OK):
        return [f"dataDirectory: you may not write to {there}; choose another folder"]
    return []


def _once_there(process: Process, address: str) -> pulumi.Output[str]:
    """Return an address that is known before, as an output that waits for the process."""
    return pulumi.Output.all(address, process.urn).apply(lambda values: str(values[0]))


def usual_ports() -> Mapping[str, int]:
    """Return every port of a stack on this machine by name, ``prometheus-http``."""
    return {
        f"{workload}-{port.name}": _ELSEWHERE.get(f"{workload}-{port.name}", port.number)
        for workload, ports in PORTS.items()
        for port in ports
    }
