"""blackbox_exporter: asks addresses as somebody outside would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

import versions
from placement import PORTS, Placement
from rendering import to_yaml
from runtimes import Runtime
from workload import Probe, Reload, Resources, Workload

NAME = "blackbox-exporter"


class BlackboxExporter(pulumi.ComponentResource):
    """Measures whether and how fast the probed addresses of the catalogue answer, and their certificates."""

    def __init__(self, name: str, runtime: Runtime, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:BlackboxExporter", name, None, opts)
        runtime.deploy(workload(runtime.placement), parent=self)
        self.register_outputs({})


def workload(placement: Placement) -> Workload:
    """Return blackbox_exporter as a workload."""
    return Workload(
        name=NAME,
        image=versions.BLACKBOX_EXPORTER,
        arguments=(
            f"--config.file={placement.config(NAME)}/blackbox.yaml",
            f"--web.listen-address={placement.listen(NAME, 'http')}",
            "--log.level=warn",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/-/healthy"),
        resources=Resources("50m", "100m", "32Mi", "64Mi"),
        files={"blackbox.yaml": to_yaml(configuration())},
        reload=Reload(files=("blackbox.yaml",), signal="SIGHUP"),
        outbound=True,
        joins_applications=True,
    )


def configuration() -> Mapping[str, Any]:
    """Return ``blackbox.yaml``; no module needs the right to send raw packets, as ICMP does."""
    # Containers have an IPv6 route less often than the names they ask have IPv6 addresses.
    return {
        "modules": {
            "http_2xx": {"prober": "http", "timeout": "9s", "http": {"preferred_ip_protocol": "ip4"}},
            "tcp_connect": {"prober": "tcp", "timeout": "9s", "tcp": {"preferred_ip_protocol": "ip4"}},
        }
    }
