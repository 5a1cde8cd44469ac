"""Where notifications go: the channels of a receiver, and the secret that each of them needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from settings.section import Section
from units import Address, DnsName, EmailAddress, SecretKey, Url, matching

JOURNAL = "journal"
"""Receiver of a copy of every notification: the collector turns them into log lines."""
DEAD_MANS_SWITCH = "dead-mans-switch"
"""Receiver of the alert that always fires, and of nothing else."""
CHANNELS = ("webhook", "slack", "pagerduty", "email", "teams", "opsgenie")
"""Fields of a receiver that are channels."""

SecretCheck = Callable[[str], str]
"""Says what is wrong with a secret, without repeating it; an empty text where it may be right."""


def _not_built_in(name: str) -> str:
    if name in (JOURNAL, DEAD_MANS_SWITCH):
        raise ValueError("is a receiver that the stack brings itself; choose another name")
    return name


def _https(what: str) -> SecretCheck:
    def check(value: str) -> str:
        if any(character.isspace() for character in value):
            return "contains whitespace"
        return "" if value.startswith("https://") else f"a {what} starts with https://"

    return check


def _routing_key(value: str) -> str:
    return "" if len(value) == 32 else f"expected 32 characters, got {len(value)}"


def _anything(_: str) -> str:
    return ""


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


class Webhook(Section):
    """Notifications as JSON by HTTP POST."""

    url: Url | None = None
    """Where they are sent; no credentials in it."""
    url_secret: SecretKey | None = None
    """Configuration key of the URL, instead of `url`, where the URL itself is a secret."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if bool(self.url) is bool(self.url_secret):
            raise ValueError("needs one address; write url, or urlSecret where it is a secret")
        return self

    @property
    def secrets(self) -> Mapping[str, SecretCheck]:
        """Configuration key of its secret, if it has one, and what its value must be like."""
        return {self.url_secret: _https("webhook URL")} if self.url_secret else {}

    @property
    def port(self) -> int:
        """TCP port of the other side."""
        return _port(self.url) if self.url else 443


class Slack(Section):
    """Notifications in a Slack channel."""

    channel: Annotated[str, matching(r"[#@]\S+", "use #channel or @user")]
    """``#channel`` or ``@user``."""
    api_url_secret: SecretKey = "slackApiUrl"
    """Configuration key of the incoming webhook's URL, a secret."""

    @property
    def secrets(self) -> Mapping[str, SecretCheck]:
        """Configuration key of its secret, and what its value must be like."""
        return {self.api_url_secret: _https("Slack webhook URL")}

    @property
    def port(self) -> int:
        """TCP port of the other side."""
        return 443


class Teams(Section):
    """Notifications in a channel of Microsoft Teams, as adaptive cards."""

    url_secret: SecretKey = "teamsWebhookUrl"
    """Configuration key of the webhook's URL, a secret. Make it with a workflow: connectors are retired."""

    @property
    def secrets(self) -> Mapping[str, SecretCheck]:
        """Configuration key of its secret, and what its value must be like."""
        return {self.url_secret: _https("Teams webhook URL")}

    @property
    def port(self) -> int:
        """TCP port of the other side."""
        return 443


class PagerDuty(Section):
    """Incidents in PagerDuty (Events API v2)."""

    routing_key_secret: SecretKey = "pagerdutyRoutingKey"
    """Configuration key of the integration's routing key, a secret."""
    url: Url = "https://events.pagerduty.com/v2/enqueue"
    """Where events are sent; ``https://events.eu.pagerduty.com/v2/enqueue`` for accounts in the EU."""

    @property
    def secrets(self) -> Mapping[str, SecretCheck]:
        """Configuration key of its secret, and what its value must be like."""
        return {self.routing_key_secret: _routing_key}

    @property
    def port(self) -> int:
        """TCP port of the other side."""
        return _port(self.url)


class Opsgenie(Section):
    """Alerts in Opsgenie (Alert API v2), which Atlassian ends in April 2027."""

    api_key_secret: SecretKey = "opsgenieApiKey"
    """Configuration key of the API integration's key, a secret."""
    api_url: Url = "https://api.opsgenie.com/"
    """The API; ``https://api.eu.opsgenie.com/`` for accounts in the EU."""

    @property
    def secrets(self) -> Mapping[str, SecretCheck]:
        """Configuration key of its secret, and what its value must be like."""
        return {self.api_key_secret: _anything}

    @property
    def port(self) -> int:
        """TCP port of the other side."""
        return _port(self.api_url)


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

    @property
    def secrets(self) -> Mapping[str, SecretCheck]:
        """Configuration key of its secret, if it has one, and what its value must be like."""
        return {self.password_secret: _anything} if self.username else {}

    @property
    def port(self) -> int:
        """TCP port of the other side."""
        return int(self.smarthost.rpartition(":")[2])


Channel = Webhook | Slack | Teams | PagerDuty | Opsgenie | Email


class Receiver(Section):
    """One place that notifications go to, by one or several channels."""

    name: Annotated[DnsName, AfterValidator(_not_built_in)]
    """What routes call it."""
    webhook: Webhook | None = None
    slack: Slack | None = None
    pagerduty: PagerDuty | None = None
    email: Email | None = None
    teams: Teams | None = None
    opsgenie: Opsgenie | None = None

    @model_validator(mode="after")
    def _has_a_channel(self) -> Self:
        if not self.channels:
            known = f"{', '.join(CHANNELS[:-1])} or {CHANNELS[-1]}"
            raise ValueError(f"receiver {self.name!r} has no channel; add {known}")
        return self

    @property
    def channels(self) -> Mapping[str, Channel]:
        """Its channels by their names, in the order of CHANNELS."""
        return {name: channel for name in CHANNELS if (channel := getattr(self, name))}
