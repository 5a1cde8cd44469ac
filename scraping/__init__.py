"""What Prometheus scrapes: the stack's own parts, the machine, containers, probes and services."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue import Service
from placement import Placement, url
from scraping.container_engine import SERVICE_LABELS, ContainerEngine

SERVICES = "services"
"""Stands for the catalogue where mixins say what they need."""
PROBES = "probe"
"""The job of the addresses that are probed from outside."""

OWN_JOBS = {
    "prometheus": ("prometheus", "http", "/metrics"),
    "alertmanager": ("alertmanager", "http", "/metrics"),
    "loki": ("loki", "http", "/metrics"),
    "loki-ingester": ("loki-ingester", "http", "/metrics"),
    "loki-querier": ("loki-querier", "http", "/metrics"),
    "loki-index-gateway": ("loki-index-gateway", "http", "/metrics"),
    "loki-compactor": ("loki-compactor", "http", "/metrics"),
    "jaeger": ("jaeger", "metrics", "/metrics"),
    "jaeger-collector": ("jaeger-collector", "metrics", "/metrics"),
    "jaeger-ingester": ("jaeger-ingester", "metrics", "/metrics"),
    "collector": ("collector", "metrics", "/metrics"),
    "grafana": ("grafana", "http", "/metrics"),
    "node": ("node-exporter", "http", "/metrics"),
    "blackbox": ("blackbox-exporter", "http", "/metrics"),
    "engine-proxy": ("engine-proxy", "http", "/metrics"),
    "cadvisor": ("cadvisor", "http", "/metrics"),
    "login-proxy": ("login-proxy", "metrics", "/metrics"),
    "log-collector": ("log-collector", "metrics", "/metrics"),
    "thanos-sidecar": ("thanos-sidecar", "sidecar-http", "/metrics"),
    "thanos-query": ("thanos-query", "http", "/metrics"),
    "thanos-store": ("thanos-store", "http", "/metrics"),
    "thanos-compactor": ("thanos-compactor", "http", "/metrics"),
    "prometheus-operator": ("prometheus-operator", "http", "/metrics"),
    "prometheus-agent": ("prometheus-agent", "http", "/metrics"),
}
"""Scrape job → workload, port and path of its metrics."""
PARTS = {
    **dict.fromkeys(("jaeger-collector", "jaeger-ingester"), "jaeger"),
    **dict.fromkeys(("loki-ingester", "loki-querier", "loki-index-gateway", "loki-compactor"), "loki"),
}
"""Scrape job of a part of a product → the product's, which is the label ``job`` of its series as well."""


@dataclass(frozen=True)
class Targets:
    """Instances that carry the same labels."""

    addresses: tuple[str, ...]
    """``host:port`` of each, or the URL of each where they are probed."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Relabel:
    """A step that makes labels from others, as Prometheus has them."""

    source: tuple[str, ...] = ()
    """Labels whose values are joined by semicolons."""
    target: str = ""
    """Label that is set."""
    regex: str = "(.+)"
    """What the joined values must match for the step to happen."""
    replacement: str = "$1"
    action: str = "replace"
    """``replace``, ``keep``, ``drop`` or ``labeldrop``."""

    def configuration(self) -> dict[str, Any]:
        """Return the step as an entry of ``relabel_configs``."""
        replaces = {"target_label": self.target, "replacement": self.replacement}
        return {
            **({"source_labels": list(self.source)} if self.source else {}),
            "regex": self.regex,
            **(replaces if self.action == "replace" else {"action": self.action}),
        }


@dataclass(frozen=True)
class ScrapeJob:
    """Targets of one kind that Prometheus scrapes alike."""

    name: str
    """Value of the label ``job``."""
    targets: tuple[Targets, ...] = ()
    path: str = "/metrics"
    interval: str = ""
    """Prometheus duration; empty for the server's own."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the request's URL."""
    discovery: Mapping[str, Any] = field(default_factory=dict)
    """Discovery that finds the targets by itself, as Prometheus' configuration has it."""
    relabel: tuple[Relabel, ...] = ()
    """Steps before a target is scraped."""
    metric_relabel: tuple[Relabel, ...] = ()
    """Steps for each of its series."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """How its targets are talked to (scheme, authorization), as Prometheus' configuration has it."""

    def configuration(self) -> dict[str, Any]:
        """Return the job as an entry of ``scrape_configs``."""
        static = [{"targets": list(t.addresses), "labels": dict(t.labels)} for t in self.targets]
        optional = {
            "params": {name: [value] for name, value in self.parameters.items()},
            "static_configs": static,
            **self.discovery,
            "relabel_configs": [step.configuration() for step in self.relabel],
            "metric_relabel_configs": [step.configuration() for step in self.metric_relabel],
        }
        return {
            "job_name": self.name,
            **({"scrape_interval": self.interval} if self.interval else {}),
            **({"metrics_path": self.path} if self.path != "/metrics" else {}),
            **self.options,
            **{key: value for key, value in optional.items() if value},
        }


def own_jobs(workloads: Collection[str], placement: Placement) -> tuple[ScrapeJob, ...]:
    """Return a job for each part of the stack that is deployed."""
    return tuple(
        ScrapeJob(
            job,
            (Targets((placement.address(workload, port),), {"service": workload}),),
            path,
            metric_relabel=_CONTAINER_METRICS if job == "cadvisor" else (),
        )
        for job, (workload, port, path) in OWN_JOBS.items()
        if workload in workloads
    )


def probe_jobs(services: Sequence[Service], placement: Placement) -> tuple[ScrapeJob, ...]:
    """Return the job that has blackbox_exporter ask the probed addresses; none where there are none."""
    probed = tuple(Targets(service.probes, labels_of(service)) for service in services if service.probes)
    steps = (
        Relabel(("__address__",), "__param_target"),
        Relabel(("__param_target",), "instance"),
        Relabel((), "__address__", "(.*)", placement.address("blackbox-exporter", "http")),
    )
    if not probed:
        return ()
    return (ScrapeJob(PROBES, probed, "/probe", parameters={"module": "http_2xx"}, relabel=steps),)


def container_jobs(
    engine: ContainerEngine | None, placement: Placement, declared: Sequence[Relabel] = ()
) -> tuple[ScrapeJob, ...]:
    """Return the job of the containers that ask to be scraped by the label ``prometheus.scrape=true``.

    ``declared`` drops those that a job of their own scrapes.
    """
    if engine is None:
        return ()
    address = Relabel(
        ("__meta_docker_network_ip", container_label("prometheus.port")),
        "__address__",
        r"(.+);(\d+)",
        "$1:$2",
    )
    path = Relabel((container_label("prometheus.path"),), "__metrics_path__")
    asked = [{"name": "label", "values": ["prometheus.scrape=true"]}]
    job = containers_job(engine, placement, "containers", (address, path, *declared), filters=asked)
    return (job,)


def containers_job(
    engine: ContainerEngine,
    placement: Placement,
    name: str,
    steps: Sequence[Relabel],
    *,
    filters: Sequence[Mapping[str, Any]] = (),
    path: str = "/metrics",
    interval: str = "",
) -> ScrapeJob:
    """Return a job of the containers that are reached and that ``steps`` keep, which see whose each is."""
    discovery = {
        "host": url(placement, "engine-proxy"),
        "refresh_interval": "15s",
        # Each network of a container is a target; the step below keeps those that are reached.
        "match_first_network": False,
        **({"filters": list(filters)} if filters else {}),
    }
    reached = "|".join(map(literally, engine.networks))
    container = "__meta_docker_container_name"
    relabel = (
        # Podman does not say which network it is.
        Relabel(("__meta_docker_network_name",), regex=f"({reached})?", action="keep"),
        Relabel((container,), "container", "/?(.+)"),
        Relabel((container,), "service", "/?(.+)"),
        *(Relabel((container_label(label),), "service") for label in SERVICE_LABELS),
        Relabel((container_label("team"),), "team"),
        *steps,
    )
    return ScrapeJob(name, (), path, interval, discovery={"docker_sd_configs": [discovery]}, relabel=relabel)


def literally(text: str) -> str:
    """Return the regular expression of exactly this text."""
    return re.escape(text).replace("\\-", "-")


def labels_of(service: Service) -> dict[str, str]:
    """Return the labels that everything of a service has."""
    return {"service": service.service, "team": service.team}


def container_label(label: str) -> str:
    """Return the name that a label of a container has while containers are found."""
    return f"__meta_docker_container_label_{_sanitised(label)}"


def _sanitised(label: str) -> str:
    return re.sub(r"\W", "_", label)


_CONTAINER_METRICS = (
    # What has an id but no name is a control group that is no container.
    Relabel(("id", "name"), regex="/.*;", action="drop"),
    Relabel(("name",), "container"),
    Relabel(("name",), "service"),
    *(Relabel((f"container_label_{_sanitised(label)}",), "service") for label in SERVICE_LABELS),
    Relabel(("container_label_team",), "team"),
    # The id is another one after each deployment, and the name is in the label `container`.
    Relabel(regex="id|name|container_label_.+", action="labeldrop"),
)
"""Gives cAdvisor's series the labels that everything else has."""
