"""What a stack file may say: the pydantic model of ``Pulumi.<stack>.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from mixins.thresholds import Thresholds
from units import NOT_EMPTY, Address, DnsName, Duration, PortNumber, Quantity, Url, at_least

TargetName = Literal["process", "docker", "podman", "minikube", "oke", "aks", "gke"]


def _not_the_providers(namespace: str) -> str:
    if namespace.startswith("kube-"):
        raise ValueError("is managed by the provider; use a namespace of your own")
    return namespace


class Section(BaseModel):
    """Base of every part of a stack file: immutable, camelCase keys, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Metrics(Section):
    """Prometheus."""

    retention: Annotated[Duration, at_least("2h", "a block of samples is that long")] = "30d"
    """How long samples are kept."""
    max_size: Quantity = "8Gi"
    """Upper bound of the samples on disk; the oldest go first."""
    scrape_interval: Duration = "15s"
    """How often targets are scraped and rules evaluated."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""


class Logs(Section):
    """Loki."""

    retention: Annotated[Duration, at_least("24h", "Loki refuses less")] = "31d"
    """How long log lines are kept."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""


class Traces(Section):
    """Jaeger."""

    retention: Duration = "3d"
    """How long traces are kept."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""


class Dashboards(Section):
    """Grafana."""

    username: Annotated[str, Field(min_length=1)] = "admin"
    """Name of the administrator; the password is generated."""
    storage: Quantity = "5Gi"
    """Capacity of the volume."""


class Webhook(Section):
    """Notifications as JSON by HTTP POST."""

    url: Url
    """Where they are sent; no credentials in it."""


class Slack(Section):
    """Notifications in a Slack channel."""

    channel: Annotated[str, Field(pattern=r"^[#@].+")]
    """``#channel`` or ``@user``."""
    api_url_secret: str = "slackApiUrl"
    """Configuration key of the incoming webhook's URL, a secret."""


class PagerDuty(Section):
    """Incidents in PagerDuty (Events API v2)."""

    routing_key_secret: str = "pagerdutyRoutingKey"
    """Configuration key of the integration's routing key, a secret."""


class Email(Section):
    """Notifications by SMTP, always with TLS unless the server is this machine."""

    to: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    """Address of the recipient."""
    sender: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    """Address it comes from."""
    smarthost: Address
    """``host:port`` of the mail server."""
    username: str = ""
    """Empty for a server that wants no authentication."""
    password_secret: str = "smtpPassword"
    """Configuration key of the password, a secret; read only with a username."""


class Receiver(Section):
    """One place that notifications go to, by one or several channels."""

    name: DnsName
    """What routes call it."""
    webhook: Webhook | None = None
    slack: Slack | None = None
    pagerduty: PagerDuty | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _has_a_channel(self) -> Self:
        if not (self.webhook or self.slack or self.pagerduty or self.email):
            raise ValueError(f"receiver {self.name!r} has no channel; add webhook, slack, pagerduty or email")
        return self

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that its channels need."""
        keys = []
        if self.slack:
            keys.append(self.slack.api_url_secret)
        if self.pagerduty:
            keys.append(self.pagerduty.routing_key_secret)
        if self.email and self.email.username:
            keys.append(self.email.password_secret)
        return tuple(keys)


class Route(Section):
    """Which alerts go to which receiver; the first route that matches decides."""

    match: Annotated[Mapping[str, str], NOT_EMPTY]
    """Label → value; all must agree: ``{severity: critical, team: payments}``."""
    receiver: str
    """Name of a receiver above."""
    group_wait: Duration | None = None
    """As ``alerting.groupWait``, for these alerts only."""
    repeat_interval: Duration | None = None
    """As ``alerting.repeatInterval``, for these alerts only."""


class Alerting(Section):
    """Alertmanager: who hears of what, and how often."""

    receivers: tuple[Receiver, ...] = ()
    routes: tuple[Route, ...] = ()
    default_receiver: str = ""
    """Receiver of what no route matches; the first receiver when left out."""
    group_wait: Duration = "30s"
    """How long the first notification of a group waits for company."""
    group_interval: Duration = "5m"
    """How long until a changed group is notified again."""
    repeat_interval: Duration = "12h"
    """How long until an unchanged group is notified again."""
    dead_mans_switch: Webhook | None = None
    """Outside service that alarms when the Watchdog alert stops arriving."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the receivers need, each once."""
        return tuple(dict.fromkeys(key for receiver in self.receivers for key in receiver.secret_keys))

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        names = [receiver.name for receiver in self.receivers]
        problems = [
            f"duplicate receiver {name!r}; give each a name of its own"
            for name in sorted({n for n in names if names.count(n) > 1})
        ]
        known = ", ".join(names) or "none"
        wanted = [route.receiver for route in self.routes]
        wanted += [self.default_receiver] if self.default_receiver else []
        problems += [
            f"route refers to undefined receiver {name!r}; defined are: {known}"
            for name in sorted(set(wanted) - set(names))
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Kubernetes(Section):
    """Where in a cluster the stack goes."""

    context: str = ""
    """Context of the kubeconfig; empty for the current one."""
    namespace: Annotated[DnsName, AfterValidator(_not_the_providers)] = "observability"
    """Namespace of the stack; its agents and its gateway get ``-agents`` and ``-gateway`` beside it."""
    host: str = ""
    """DNS name under which people open the stack; required where the target has a gateway."""


class Docker(Section):
    """Which engine runs the containers."""

    host: str = ""
    """Socket of the engine, ``unix:///run/podman/podman.sock``; empty for DOCKER_HOST or the usual one."""


class Settings(Section):
    """Everything a stack file says, checked."""

    stack: str
    """Name of the Pulumi stack; not written in the file."""
    target: TargetName
    """Where the stack runs."""
    environment: str = ""
    """Value of the label ``environment`` on every series, log line and alert; the stack's name if empty."""
    metrics: Metrics = Metrics()
    logs: Logs = Logs()
    traces: Traces = Traces()
    dashboards: Dashboards = Dashboards()
    alerting: Alerting = Alerting()
    thresholds: Thresholds = Thresholds()
    catalog: tuple[str, ...] = ("catalog",)
    """Folders of service catalogue files, relative to the project."""
    ports: Mapping[str, PortNumber] = Field(default_factory=dict)
    """Ports of this machine by name (``prometheus-http``) where the usual one does not suit."""
    port_offset: Annotated[int, Field(ge=0, le=40000)] = 0
    """Added to every port of this machine that ``ports`` does not name: for a second stack beside one."""
    data_directory: str = ""
    """Folder of the processes' data; ``.state/<stack>`` in the project when left out."""
    delete_data: bool = False
    """Whether ``pulumi destroy`` deletes the data as well."""
    runbooks: str = "docs/runbooks"
    """Folder or base URL that the runbook links of alerts lead to."""
    kubernetes: Kubernetes = Kubernetes()
    docker: Docker = Docker()

    @property
    def environment_label(self) -> str:
        """Value of the label ``environment``."""
        return self.environment or self.stack
