"""What a stack file may say: the pydantic model of ``Pulumi.<stack>.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mixins.thresholds import Thresholds
from settings.alerting import Alerting
from settings.backups import Backups
from settings.buckets import CreateBuckets
from settings.database import Database
from settings.docker import Docker
from settings.hub import Hub
from settings.images import Images
from settings.kubernetes import Kubernetes
from settings.load import Load
from settings.object_storage import LogBucket, MetricBucket
from settings.section import Section
from settings.traces import Traces
from slo.policy import BudgetPolicy
from units import AccountName, Duration, FolderPath, LabelValue, PortNumber, Quantity, at_least, at_most

TargetName = Literal["process", "docker", "podman", "minikube", "oke", "aks", "gke", "gke-autopilot"]


class Metrics(Section):
    """Prometheus."""

    retention: Annotated[Duration, at_least("2h", "a block of samples is that long")] = "30d"
    """How long samples are kept."""
    max_size: Quantity = "8Gi"
    """Upper bound of the samples on disk; the oldest go first."""
    scrape_interval: Annotated[
        Duration,
        at_least("1s", "more often, targets do nothing but answer"),
        at_most("2m", "rules count over 5 minutes, and need two samples in them"),
    ] = "15s"
    """How often targets are scraped and rules evaluated."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""
    object_storage: MetricBucket | None = None
    """Bucket that Thanos keeps samples in beyond ``retention``; for targets of clouds."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the bucket needs."""
        return self.object_storage.secret_keys if self.object_storage else ()


class Logs(Section):
    """Loki."""

    retention: Annotated[Duration, at_least("24h", "Loki refuses less")] = "31d"
    """How long log lines are kept."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""
    object_storage: LogBucket | None = None
    """Bucket that lines are kept in instead of on the volume; for targets of clouds."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the bucket needs."""
        return self.object_storage.secret_keys if self.object_storage else ()


class Dashboards(Section):
    """Grafana."""

    username: AccountName = "admin"
    """Name of the administrator; the password is generated."""
    storage: Quantity = "5Gi"
    """Capacity of the volume."""
    database: Database | None = None
    """Database that several replicas share; without one Grafana keeps its own on the volume."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the database needs."""
        return (self.database.password_secret,) if self.database else ()


SECTIONS_WITH_SECRETS: Mapping[str, type[Alerting | Metrics | Logs | Traces | Dashboards]] = {
    "alerting": Alerting,
    "metrics": Metrics,
    "logs": Logs,
    "traces": Traces,
    "dashboards": Dashboards,
}
"""Sections whose ``secret_keys`` name configuration keys of secrets."""


class Settings(Section):
    """Everything a stack file says, checked."""

    stack: str
    """Name of the Pulumi stack; not written in the file."""
    target: TargetName
    """Where the stack runs."""
    profile: Literal["single", "ha", "scale"] = "single"
    """One replica of everything; several of what keeps data and answers people (``ha``, in a cluster); or
    these with Loki in parts and traces by way of a queue as well (``scale``)."""
    environment: LabelValue = ""
    """Value of the label ``environment`` on every series, log line and alert; the stack's name if empty."""
    hub: Hub | None = None
    """Stack that gets this one's metrics, log lines and traces as well."""
    spokes: tuple[Annotated[LabelValue, Field(min_length=1)], ...] = ()
    """Environments of the stacks that name this one as their hub: they notify of their own alerts."""
    load: Load = Load()
    metrics: Metrics = Metrics()
    logs: Logs = Logs()
    traces: Traces = Traces()
    dashboards: Dashboards = Dashboards()
    alerting: Alerting = Alerting()
    thresholds: Thresholds = Thresholds()
    backups: Backups = Backups()
    error_budget: BudgetPolicy = BudgetPolicy()
    create_buckets: CreateBuckets | None = None
    """Where the program makes the buckets it names itself; without it they are there already."""
    catalog: tuple[str, ...] = ("catalog",)
    """Folders of service catalogue files, relative to the project."""
    ports: Mapping[str, PortNumber] = Field(default_factory=dict)
    """Ports of this machine by name (``prometheus-http``) where the usual one does not suit."""
    port_offset: Annotated[int, Field(ge=0, le=40000)] = 0
    """Added to every port of this machine that ``ports`` does not name: for a second stack beside one."""
    data_directory: FolderPath = ""
    """Folder of the processes' data; ``.state/stacks/<stack>`` in the project when left out."""
    delete_data: bool = False
    """Whether ``pulumi destroy`` deletes the data as well."""
    runbooks: Annotated[str, Field(min_length=1)] = "docs/runbooks"
    """Folder or base URL that the runbook links of alerts lead to."""
    kubernetes: Kubernetes = Kubernetes()
    docker: Docker = Docker()
    images: Images = Images()

    @model_validator(mode="after")
    def _a_hub_can_tell_its_spokes(self) -> Self:
        if self.environment_label in self.spokes:
            raise ValueError(f"spokes: {self.environment_label!r} is this stack's own environment; remove it")
        if self.spokes and self.profile != "single":
            raise ValueError(
                f"spokes: each of the two Prometheus of the profile {self.profile!r} would get a part of "
                "what they send; use the profile single for a hub"
            )
        return self

    @property
    def environment_label(self) -> str:
        """Value of the label ``environment``."""
        return self.environment or self.stack
