"""The Prometheus Operator: honours ServiceMonitor, PodMonitor, Probe and PrometheusRule objects."""

from __future__ import annotations

from typing import TypedDict

import pulumi

import versions
from placement import PORTS, Placement
from runtimes import Runtime
from scraping.kubernetes_cluster import KubernetesCluster
from settings import Images
from workload import Probe, Resources, Workload

NAME = "prometheus-operator"


class PrometheusOperatorArgs(TypedDict):
    """What an operator needs to know."""

    cluster: KubernetesCluster
    images: Images
    """Where the image is pulled from that it gives to pods of its own making."""


class PrometheusOperator(pulumi.ComponentResource):
    """Turns the objects that teams write into the configuration of the stack's own agent and Prometheus."""

    def __init__(
        self,
        name: str,
        args: PrometheusOperatorArgs,
        runtime: Runtime,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("observability:index:PrometheusOperator", name, None, opts)
        runtime.deploy(workload(args, runtime.placement), parent=self)
        self.register_outputs({})


def workload(args: PrometheusOperatorArgs, placement: Placement) -> Workload:
    """Return the operator as a workload that acts in the stack's namespace alone."""
    namespace = args["cluster"].namespace
    return Workload(
        name=NAME,
        image=versions.PROMETHEUS_OPERATOR,
        arguments=(
            f"--web.listen-address={placement.listen(NAME, 'http')}",
            f"--prometheus-instance-namespaces={namespace}",
            f"--prometheus-config-reloader={versions.reference(versions.CONFIG_RELOADER, args['images'])}",
            "--auto-gomemlimit-ratio=0.9",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/healthz"),
        resources=Resources("50m", "200m", "128Mi", "256Mi"),
    )
