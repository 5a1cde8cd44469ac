"""Receivers as Alertmanager has them: every channel with its message and the file of its secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.alertmanager_templates import template
from settings.receivers import Email, Opsgenie, PagerDuty, Receiver, Slack, Teams, Webhook

SecretFile = Callable[[str], str]
"""Configuration key of a secret → path of the file that has its value."""

_LINKS = ("runbook", "dashboard")
_LOCAL = ("127.", "localhost:", "[::1]:")


def receiver(described: Receiver, secret: SecretFile) -> dict[str, Any]:
    """Return an entry of ``receivers``; what has been resolved is told as well."""
    found: dict[str, Any] = {"name": described.name}
    for name, channel in described.channels.items():
        key = "msteamsv2" if name == "teams" else name
        found[f"{key}_configs"] = [{**_CHANNELS[name](channel, secret), "send_resolved": True}]
    return found


def webhook(channel: Webhook, secret: SecretFile) -> dict[str, Any]:
    """Alertmanager's own JSON, which has every label, annotation and link."""
    return {"url": channel.url} if channel.url else {"url_file": secret(channel.url_secret or "")}


def slack(channel: Slack, secret: SecretFile) -> dict[str, Any]:
    """Return a message with a coloured bar: red, yellow or green."""
    return {
        "channel": channel.channel,
        "api_url_file": secret(channel.api_url_secret),
        "color": template("slack.color"),
        "title": template("title"),
        "title_link": template("link.overview"),
        "fallback": template("title"),
        "text": template("slack.text"),
        "mrkdwn_in": ["text"],
    }


def teams(channel: Teams, secret: SecretFile) -> dict[str, Any]:
    """Return an adaptive card, whose text is Markdown."""
    return {
        "webhook_url_file": secret(channel.url_secret),
        "title": template("title"),
        "text": template("markdown"),
    }


def pagerduty(channel: PagerDuty, secret: SecretFile) -> dict[str, Any]:
    """Return an event; the incident ends when its alerts do."""
    return {
        "routing_key_file": secret(channel.routing_key_secret),
        "url": channel.url,
        "description": template("title"),
        "severity": template("pagerduty.severity"),
        "client": "Alertmanager",
        "client_url": "{{ .ExternalURL }}",
        "source": "{{ or .CommonLabels.instance .CommonLabels.service .CommonLabels.job }}",
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.service }}",
        "group": "{{ .CommonLabels.environment }}",
        "links": [{"href": template(f"link.{name}"), "text": name.capitalize()} for name in _LINKS],
    }


def opsgenie(channel: Opsgenie, secret: SecretFile) -> dict[str, Any]:
    """Return an alert with a priority; the labels that all its alerts share are its details."""
    return {
        "api_key_file": secret(channel.api_key_secret),
        "api_url": channel.api_url,
        "message": template("title"),
        "description": template("text"),
        "source": "Alertmanager",
        "entity": "{{ .CommonLabels.service }}",
        "priority": template("opsgenie.priority"),
        "tags": "{{ .CommonLabels.severity }},{{ .CommonLabels.team }},{{ .CommonLabels.environment }}",
        "details": {name: template(f"link.{name}") for name in _LINKS},
    }


def email(channel: Email, secret: SecretFile) -> dict[str, Any]:
    """Return a message in HTML and as plain text; with TLS unless the mail server is this machine."""
    login = {
        "auth_username": channel.username,
        "auth_password_file": secret(channel.password_secret),
    }
    return {
        "to": channel.to,
        "from": channel.sender,
        "smarthost": channel.smarthost,
        "require_tls": not channel.smarthost.startswith(_LOCAL),
        "headers": {"Subject": template("title")},
        "html": template("email.html"),
        "text": template("text"),
        **(login if channel.username else {}),
    }


_CHANNELS: Mapping[str, Callable[[Any, SecretFile], dict[str, Any]]] = {
    "webhook": webhook,
    "slack": slack,
    "pagerduty": pagerduty,
    "email": email,
    "teams": teams,
    "opsgenie": opsgenie,
}
"""Field of a receiver → how its channel is written."""
