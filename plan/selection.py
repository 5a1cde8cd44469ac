"""What a stack file and the catalogue select: a target, services, and the products that run there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import catalogue
import profiles
from catalogue import Service
from components import login_proxy
from plan import checks
from plan.checks import CHECKOUT
from runtimes import Runtime
from runtimes.factory import runtime_for
from scraping.container_engine import DISCOVERY, ContainerEngine, container_engine
from scraping.kubernetes_cluster import KubernetesCluster, kubernetes_cluster
from scraping.services import problems as service_problems
from settings import Settings, StackFileError, read
from targets import TARGETS, Target

PRODUCTS = ("prometheus", "alertmanager", "loki", "jaeger", "collector", "node-exporter", "grafana")
"""The products that run at every target, by the names of their workloads."""


@dataclass(frozen=True)
class Selection:
    """A stack that has been read and checked."""

    settings: Settings
    target: Target
    runtime: Runtime
    services: tuple[Service, ...]
    """The service catalogue."""
    engine: ContainerEngine | None
    """Engine whose containers are found by themselves; None where there is none."""
    cluster: KubernetesCluster | None
    """Cluster whose pods are found by themselves; None where there is none."""
    published: Mapping[str, str]
    """Product that people open behind the login → its DNS name."""
    products: tuple[str, ...]
    """What runs, by the name of its workload."""
    left_out: Mapping[str, str]
    """Product that cannot run on this machine → one line that says why."""

    @property
    def grafana_url(self) -> str:
        """Where people open Grafana; empty where it does not run."""
        return self.runtime.placement.public_url("grafana") if "grafana" in self.products else ""


def select(config: Mapping[str, str], secret_keys: Collection[str], stack: str) -> Selection:
    """Read and check everything; raises `StackFileError` with every problem at once."""
    settings, problems = read(config, secret_keys, stack)
    if settings is None:
        raise StackFileError(problems)
    services, found = catalogue.load([CHECKOUT / folder for folder in settings.catalog])
    target = TARGETS[settings.target]
    runtime, engine = runtime_for(target, settings), container_engine(target, settings)
    cluster = kubernetes_cluster(target, settings)
    published = settings.kubernetes.published_hosts if cluster else {}
    wanted = (
        *PRODUCTS,
        *(name for name in target.products if engine or name not in DISCOVERY),
        *(cluster.operated if cluster else ()),
        *([login_proxy.NAME] if published else []),
        *(profiles.products(settings) if target.replicates else ()),
    )
    left_out = runtime.unavailable(wanted)
    products = tuple(name for name in wanted if name not in left_out)
    problems += [
        *found,
        *runtime.problems(products),
        *checks.problems(settings, target, services, products, wanted),
        *service_problems(services, target, engine, cluster),
    ]
    if problems:
        raise StackFileError(problems)
    return Selection(settings, target, runtime, services, engine, cluster, published, products, left_out)
