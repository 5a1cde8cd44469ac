"""Prometheus: metrics, recording rules and alerts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

import versions
from components import thanos, thanos_bucket
from components.hub import HubLink, Intake, password_files, remote_write
from mixins.model import Links, Mixin, rule_file
from mixins.thresholds import Thresholds
from placement import PORTS, Placement, each
from rendering import to_yaml
from runtimes import Runtime
from scraping import ScrapeJob
from settings.model import Metrics
from workload import Probe, Reload, Resources, Volume, Workload

NAME = "prometheus"


class PrometheusArgs(TypedDict):
    """What a Prometheus needs to know."""

    environment: str
    """Value of the label ``environment`` on everything that leaves this Prometheus."""
    metrics: Metrics
    jobs: Sequence[ScrapeJob]
    """What it scrapes."""
    rule_folders: Sequence[str]
    """Folders below that of its configuration with rules that somebody else puts there."""
    mixins: Sequence[Mixin]
    """What it records and alerts on."""
    thresholds: Thresholds
    links: Links
    """Where the links of its alerts lead."""
    resources: NotRequired[Resources]
    """What is reserved for it, where its load is declared."""
    thanos: NotRequired[thanos.ThanosArgs | None]
    """What Thanos knows of it; None where it answers for itself."""
    spokes: NotRequired[Sequence[str]]
    """Environments that send it their series, and notify of their alerts themselves."""
    hub: NotRequired[HubLink | None]
    """Stack that it sends its series to."""
    teams: NotRequired[Mapping[str, str]]
    """Namespace → team that alerts on what is in it are for, where they name none."""


class Prometheus(pulumi.ComponentResource):
    """Collects metrics, evaluates rules and sends alerts to Alertmanager."""

    url: pulumi.Output[str] | None
    """Its page and HTTP API."""
    remote_write_url: pulumi.Output[str] | None
    """Where other Prometheus servers and agents push their samples."""

    def __init__(
        self, name: str, args: PrometheusArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Prometheus", name, None, opts)
        self.url = runtime.deploy(workload(args, runtime.placement), parent=self).url()
        self.remote_write_url = self.url and pulumi.Output.concat(self.url, "/api/v1/write")
        self.register_outputs({"url": self.url, "remote_write_url": self.remote_write_url})


def workload(args: PrometheusArgs, placement: Placement) -> Workload:
    """Return Prometheus as a workload; every rule file is one mixin."""
    rules = {
        f"rules/{mixin.name}.yaml": to_yaml(rule_file(groups, args["links"]))
        for mixin in args["mixins"]
        if (groups := mixin.rules(args["thresholds"]))
    }
    return Workload(
        name=NAME,
        image=versions.PROMETHEUS,
        arguments=(
            f"--config.file={placement.config(NAME)}/prometheus.yaml",
            f"--storage.tsdb.path={placement.data(NAME)}",
            f"--web.listen-address={placement.listen(NAME, 'http')}",
            f"--web.external-url={placement.public_url(NAME)}",
            "--web.enable-remote-write-receiver",
            "--web.enable-otlp-receiver",
            "--enable-feature=exemplar-storage",
            "--config.auto-reload",
            "--config.auto-reload-interval=15s",
            *_blocks(args["metrics"]),
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/-/ready", alive="/-/healthy"),
        resources=args.get("resources", Resources("500m", "1000m", "512Mi", "1Gi")),
        files={"prometheus.yaml": _file(args, placement), **rules},
        secrets=password_files(args.get("hub")),
        volume=Volume(args["metrics"].storage),
        outbound=True,
        replicas=len(placement.replicas(NAME)) or 1,
        joins_applications=True,
        sidecars=(thanos.sidecar(beside, placement),) if (beside := args.get("thanos")) else (),
        # The sidecar has no account of its own.
        cloud_identity=thanos_bucket.identity(beside) if beside else "",
        reload=Reload(
            files=("prometheus.yaml", "rules/*"),
            signal="SIGHUP",
            watches=True,
            success_metric="prometheus_config_last_reload_successful",
        ),
    )


def _blocks(metrics: Metrics) -> tuple[str, ...]:
    """Return what keeps blocks as they are uploaded: they are joined in the bucket, not here."""
    if not metrics.object_storage:
        return ()
    return ("--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h")


def _file(args: PrometheusArgs, placement: Placement) -> pulumi.Input[str]:
    """Return ``prometheus.yaml`` as text, once it is known where the hub is."""
    if hub := args.get("hub"):
        return hub.intake.apply(lambda intake: to_yaml(configuration(args, placement, intake)))
    return to_yaml(configuration(args, placement))


def configuration(args: PrometheusArgs, placement: Placement, hub: Intake | None = None) -> Mapping[str, Any]:
    """Return ``prometheus.yaml``."""
    metrics, pair, spokes = args["metrics"], placement.replicas(NAME), args.get("spokes", ())
    relabel = [
        # To Alertmanager what both of a pair find is one alert.
        *([{"regex": "replica", "action": "labeldrop"}] if pair else []),
        *([{"source_labels": ["environment"], "regex": _any_of(spokes), "action": "drop"}] if spokes else []),
        # The cluster's own metrics know namespaces and no teams.
        *(
            {
                "source_labels": ["team", "namespace"],
                "regex": f";{namespace}",
                "target_label": "team",
                "replacement": team,
            }
            for namespace, team in args.get("teams", {}).items()
        ),
    ]
    return {
        "global": {
            "scrape_interval": metrics.scrape_interval,
            "evaluation_interval": metrics.scrape_interval,
            "external_labels": {
                "environment": args["environment"],
                **({"replica": "${HOSTNAME}"} if pair else {}),
            },
        },
        "storage": {
            "tsdb": {
                "retention": {"time": metrics.retention, "size": metrics.max_size.replace("i", "iB")},
                # What a spoke could not send is up to three hours old when it arrives.
                "out_of_order_time_window": "4h" if spokes else "10m",
            },
            "exemplars": {"max_exemplars": 100_000},
        },
        "otlp": {
            "translation_strategy": "UnderscoreEscapingWithSuffixes",
            "promote_resource_attributes": ["service.name", "service.version", "deployment.environment.name"],
        },
        "rule_files": [
            f"{placement.config(NAME)}/{folder}/*.yaml" for folder in ("rules", *args["rule_folders"])
        ],
        "alerting": {
            "alertmanagers": [
                {"static_configs": [{"targets": list(each(placement, "alertmanager", "http"))}]},
            ],
            **({"alert_relabel_configs": relabel} if relabel else {}),
        },
        "scrape_configs": [job.configuration() for job in args["jobs"]],
        **(remote_write(hub, NAME, placement) if hub else {}),
    }


def _any_of(values: Sequence[str]) -> str:
    return "|".join(re.escape(value).replace("\\-", "-") for value in values)
