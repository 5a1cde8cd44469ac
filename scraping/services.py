"""The services of the catalogue: found where the target finds instances, else at the addresses they name.

Instances of a service whose entry says where its metrics are need not ask to be scraped, and where others do
they are left out, so that nothing is scraped twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from catalogue import Service, ServiceMetrics
from placement import Placement
from scraping import Relabel, ScrapeJob, Targets, container_label, containers_job, labels_of, literally
from scraping.container_engine import ContainerEngine
from scraping.kubernetes import pod_label, pods_job
from scraping.kubernetes_cluster import KubernetesCluster
from targets import Target

_POD = "__meta_kubernetes_pod_"


def service_jobs(
    services: Sequence[Service],
    placement: Placement,
    engine: ContainerEngine | None,
    cluster: KubernetesCluster | None,
) -> tuple[ScrapeJob, ...]:
    """Return a job for each service of the catalogue that has metrics."""
    return tuple(
        _job(service, service.metrics, placement, engine, cluster) for service in services if service.metrics
    )


def declared_pods(services: Sequence[Service]) -> tuple[Relabel, ...]:
    """Return the steps that drop the pods of services whose entries say where their metrics are."""
    return tuple(_pods_of(service, service.metrics, "drop") for service in services if service.metrics)


def declared_containers(services: Sequence[Service]) -> tuple[Relabel, ...]:
    """Return the steps that drop the containers of services whose entries say where their metrics are."""
    return tuple(_containers_of(service, service.metrics, "drop") for service in services if service.metrics)


def problems(
    services: Sequence[Service],
    target: Target,
    engine: ContainerEngine | None,
    cluster: KubernetesCluster | None,
) -> list[str]:
    """Return what entries ask for that cannot be done here."""
    return [
        f"{service.service}.metrics{problem}"
        for service in services
        if service.metrics and service.metrics.port is not None
        for problem in _problems(service.metrics, target, engine, cluster)
    ]


def _problems(
    metrics: ServiceMetrics,
    target: Target,
    engine: ContainerEngine | None,
    cluster: KubernetesCluster | None,
) -> Iterator[str]:
    if cluster:
        watched = cluster.monitored
        if metrics.namespace and watched and metrics.namespace not in watched:
            yield (
                f".namespace: {metrics.namespace!r} is not watched; "
                f"add it to kubernetes.monitoredNamespaces, which has {', '.join(watched)}"
            )
    elif engine:
        if isinstance(metrics.port, str):
            yield f".port: {metrics.port!r} is a port's name, which containers do not have; write its number"
    elif not metrics.targets:
        found = "finds containers once docker.discovery is true" if target.container_log else "finds none"
        yield f": target {target.name} {found}; add targets, the host:port of each instance"


def _job(
    service: Service,
    metrics: ServiceMetrics,
    placement: Placement,
    engine: ContainerEngine | None,
    cluster: KubernetesCluster | None,
) -> ScrapeJob:
    name, path, interval = service.service, metrics.path, metrics.interval or ""
    owner = tuple(Relabel((), label, "(.*)", value) for label, value in labels_of(service).items())
    if metrics.port is not None and cluster:
        steps = (_pods_of(service, metrics, "keep"), *_port_of_pods(metrics.port), *owner)
        return pods_job(cluster, name, steps, path, interval)
    if metrics.port is not None and engine:
        address = Relabel(("__meta_docker_network_ip",), "__address__", replacement=f"$1:{metrics.port}")
        steps = (_containers_of(service, metrics, "keep"), address, *owner)
        return containers_job(engine, placement, name, steps, path=path, interval=interval)
    return ScrapeJob(name, (Targets(metrics.targets, labels_of(service)),), path, interval)


def _port_of_pods(port: int | str) -> tuple[Relabel, ...]:
    """Return the steps that lead to a port: by its name, or by its number whether it is declared or not."""
    if isinstance(port, str):
        return (Relabel((f"{_POD}container_port_name",), regex=port, action="keep"),)
    return (
        Relabel((f"{_POD}ip",), "__address__", r"([\d.]+)", f"$1:{port}"),
        Relabel((f"{_POD}ip",), "__address__", r"([\da-fA-F]*:[\da-fA-F:]*)", f"[$1]:{port}"),
        # One target a pod: the number may belong to any of its containers.
        Relabel((), "container", "(.*)", ""),
    )


def _pods_of(service: Service, metrics: ServiceMetrics, action: str) -> Relabel:
    place = {"namespace": metrics.namespace} if metrics.namespace else {}
    own = {pod_label(key): value for key, value in (metrics.pods or {}).items()}
    return _where({**place, **(own or {"service": service.service})}, action)


def _containers_of(service: Service, metrics: ServiceMetrics, action: str) -> Relabel:
    own = {container_label(key): value for key, value in (metrics.containers or {}).items()}
    return _where(own or {"service": service.service}, action)


def _where(labels: Mapping[str, str], action: str) -> Relabel:
    """Return the step that keeps or drops what has all of these labels."""
    return Relabel(tuple(labels), regex=";".join(map(literally, labels.values())), action=action)
