"""The Prometheus agent that scrapes what ServiceMonitor, PodMonitor and Probe objects of a cluster say."""

from __future__ import annotations

import pulumi

import versions
from placement import PORTS
from runtimes import Runtime
from workload import Probe, Resources, Workload

NAME = "prometheus-agent"


class PrometheusAgent(pulumi.ComponentResource):
    """Scrapes what teams have described by objects of the cluster, and sends it to the stack's Prometheus."""

    def __init__(self, name: str, runtime: Runtime, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:PrometheusAgent", name, None, opts)
        runtime.deploy(workload(), parent=self)
        self.register_outputs({})


def workload() -> Workload:
    """Return the agent as a workload; the operator makes its command line and its configuration."""
    return Workload(
        name=NAME,
        image=versions.PROMETHEUS,
        arguments=(),
        ports=PORTS[NAME],
        probe=Probe("http", "/-/ready"),
        resources=Resources("100m", "500m", "256Mi", "512Mi"),
        needs=("prometheus-operator",),
        outbound=True,
        joins_applications=True,
    )
