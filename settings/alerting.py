"""What a stack file may say about alerts: who hears of what, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from settings.section import Section
from units import (
    NOT_EMPTY,
    Address,
    DnsName,
    Duration,
    EmailAddress,
    LabelName,
    SecretKey,
    Url,
    matching,
)


def _not_built_in(name: str) -> str:
    if name in ("journal", "dead-mans-switch"):
        raise ValueError("is a receiver that the stack brings itself; choose another name")
    return name


class Webhook(Section):
    """Notifications as JSON by HTTP POST."""

    url: Url
    """Where they are sent; no credentials in it."""


class Slack(Section):
    """Notifications in a Slack channel."""

    channel: Annotated[str, matching(r"[#@]\S+", "use #channel or @user")]
    """``#channel`` or ``@user``."""
    api_url_secret: SecretKey = "slackApiUrl"
    """Configuration key of the incoming webhook's URL, a secret."""


class PagerDuty(Section):
    """Incidents in PagerDuty (Events API v2)."""

    routing_key_secret: SecretKey = "pagerdutyRoutingKey"
    """Configuration key of the integration's routing key, a secret."""


class Email(Section):
    """Notifications by SMTP, always with TLS unless the server is this machine."""

    to: EmailAddress
    """Address of the recipient."""
    sender: EmailAddress
    """Address it comes from."""
    smarthost: Address
    """``host:port`` of the mail server."""
    username: str = ""
    """Empty for a server that wants no authentication."""
    password_secret: SecretKey = "smtpPassword"
    """Configuration key of the password, a secret; read only with a username."""


class Receiver(Section):
    """One place that notifications go to, by one or several channels."""

    name: Annotated[DnsName, AfterValidator(_not_built_in)]
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

    match: Annotated[Mapping[LabelName, str], NOT_EMPTY]
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
