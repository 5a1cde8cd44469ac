"""A real Alertmanager with the stack's configuration notifies by each channel in the channel's own format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.project import until
from tests.tools.alertmanager_server import GRAFANA, Alertmanager, alertmanager, free_port, receivers
from tests.tools.notified import HttpStub, Request, SmtpStub, http_stub, smtp_stub

pytestmark = pytest.mark.tools

CANARIES = {
    "slackApiUrl": "slack-canary-Zm9vYmFy",
    "teamsWebhookUrl": "teams-canary-Zm9vYmFy",
    "hookUrl": "hook-canary-Zm9vYmFy",
    "pagerdutyRoutingKey": "pagerduty-canary-Zm9vYmFyZm9vYmF",
    "opsgenieApiKey": "opsgenie-canary-Zm9vYmFy",
    "smtpPassword": "smtp-canary-Zm9vYmFy",
}
"""Secrets, or the secret part of the URLs that are."""
ALERT = {
    "alertname": "HighErrorRate",
    "severity": "critical",
    "service": "shop",
    "team": "storefront",
    "environment": "production",
    "path": 'a+b "c" & d',
}
RUNBOOK = "https://runbooks.example.org/HighErrorRate.md"
DASHBOARD = f"{GRAFANA}/d/overview"
GRAPH = "http://127.0.0.1:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"
TITLE = "HighErrorRate of shop in production"
TEXT = "HighErrorRate has 5 < 7 & more."


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


@pytest.fixture
def http() -> Iterator[HttpStub]:
    """Where webhooks and the APIs of the services are."""
    with http_stub() as stub:
        yield stub


@pytest.fixture
def smtp() -> Iterator[SmtpStub]:
    """A mail server."""
    with smtp_stub() as stub:
        yield stub


def every_channel(http: HttpStub, smtp: SmtpStub) -> dict[str, Any]:
    base = f"http://127.0.0.1:{http.port}"
    return {
        "name": "all",
        "slack": {"channel": "#alerts"},
        "teams": {},
        "webhook": {"urlSecret": "hookUrl"},
        "pagerduty": {"url": f"{base}/pagerduty"},
        "opsgenie": {"apiUrl": f"{base}/opsgenie"},
        "email": {
            "to": "team@example.org",
            "sender": "alerts@example.org",
            "smarthost": f"127.0.0.1:{smtp.port}",
            "username": "alerts",
        },
    }


@pytest.fixture
def running(tmp_path: Path, port: int, http: HttpStub, smtp: SmtpStub) -> Iterator[Alertmanager]:
    """An Alertmanager that notifies by every channel."""
    base = f"http://127.0.0.1:{http.port}"
    secrets = {
        key: f"{base}/{key}/{value}" if key.endswith("Url") else value for key, value in CANARIES.items()
    }
    alerting = receivers(every_channel(http, smtp))
    with alertmanager(alerting, tmp_path, port, http.port, secrets) as started:
        yield started


def arrived(http: HttpStub, smtp: SmtpStub, count: int) -> dict[str, Any]:
    """Wait for the notification of that number by every channel; return it by channel."""
    paths = ("slackApiUrl", "teamsWebhookUrl", "hookUrl", "pagerduty", "opsgenie", "notifications")
    found: dict[str, Any] = {}

    def complete() -> bool:
        for path in paths:
            requests = http.at(f"/{path}")
            found[path] = requests[count - 1] if len(requests) >= count else None
        found["email"] = smtp.messages[count - 1] if len(smtp.messages) >= count else None
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise OSError(f"nothing by {', '.join(missing)}")
        return True

    until(complete, seconds=30, what=f"notification {count} by every channel")
    return found


def silence_link(alertmanager_url: str, text: str) -> str:
    """Return the matchers that the silence link of a message fills in."""
    found = re.search(re.escape(alertmanager_url) + r"/#/silences/new\?filter=([^\s>)\"|]+)", text)
    assert found, text
    return unquote(found[1])


def check_slack(request: Request) -> str:
    [attachment] = request.body["attachments"]
    text: str = attachment["text"]
    assert request.body["channel"] == "#alerts"
    assert attachment["title"] == f"[CRITICAL] {TITLE}"
    assert attachment["title_link"] == DASHBOARD
    assert attachment["color"] == "danger"
    assert "HighErrorRate has 5 &lt; 7 &amp; more." in text
    assert f"<{RUNBOOK}|Runbook> <{DASHBOARD}|Dashboard> <{GRAPH}|Graph>" in text
    return text


def check_teams(request: Request) -> str:
    [card] = request.body["attachments"]
    title, text = (block["text"] for block in card["content"]["body"])
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert title == f"[CRITICAL] {TITLE}"
    assert TEXT in text
    assert f"[Runbook]({RUNBOOK}) [Dashboard]({DASHBOARD}) [Graph]({GRAPH})" in text
    return str(text)


def check_pagerduty(request: Request) -> None:
    incident = request.body
    details = incident["payload"].pop("custom_details")
    assert incident["event_action"] == "trigger"
    assert incident["routing_key"] == CANARIES["pagerdutyRoutingKey"]
    assert incident["payload"] == {
        "summary": f"[CRITICAL] {TITLE}",
        "source": "shop",
        "severity": "critical",
        "class": "HighErrorRate",
        "component": "shop",
        "group": "production",
    }
    assert details["num_firing"] in (1, "1")
    assert incident["links"] == [
        {"href": RUNBOOK, "text": "Runbook"},
        {"href": DASHBOARD, "text": "Dashboard"},
    ]


def check_opsgenie(request: Request) -> str:
    text: str = request.body["description"]
    assert request.path == "/opsgenie/v2/alerts"
    assert request.headers["Authorization"] == f"GenieKey {CANARIES['opsgenieApiKey']}"
    assert request.body["message"] == f"[CRITICAL] {TITLE}"
    assert request.body["priority"] == "P1"
    assert request.body["tags"] == ["critical", "storefront", "production"]
    assert request.body["details"] == {**ALERT, "runbook": RUNBOOK, "dashboard": DASHBOARD}
    assert TEXT in text
    return text


def check_webhook(request: Request) -> None:
    [alert] = request.body["alerts"]
    assert request.body["status"] == "firing"
    assert alert["labels"] == ALERT
    assert alert["annotations"]["runbook_url"] == RUNBOOK


def check_email(message: EmailMessage) -> tuple[str, str]:
    html, plain = (
        body.get_content().replace("\r\n", "\n")
        for kind in ("html", "plain")
        if (body := message.get_body((kind,)))
    )
    assert message["To"] == "team@example.org"
    assert message["From"] == "alerts@example.org"
    assert message["Subject"] == f"[CRITICAL] {TITLE}"
    assert f"{TEXT}\n  Runbook: {RUNBOOK}\n  Dashboard: {DASHBOARD}\n  Graph: {GRAPH}\n" in plain
    assert f'<a href="{RUNBOOK}">Runbook</a> <a href="{DASHBOARD}">Dashboard</a>' in html
    assert "5 &lt; 7 &amp; more" in html
    return plain, html


def test_every_channel_says_what_is_wrong_and_where_to_go(
    running: Alertmanager, http: HttpStub, smtp: SmtpStub
) -> None:
    running.fire(ALERT)
    found = arrived(http, smtp, 1)
    check_pagerduty(found["pagerduty"])
    check_webhook(found["hookUrl"])
    assert found["notifications"].body["receiver"] == "journal"
    assert smtp.logins == [("alerts", CANARIES["smtpPassword"])]
    texts = (
        check_slack(found["slackApiUrl"]),
        check_teams(found["teamsWebhookUrl"]),
        check_opsgenie(found["opsgenie"]),
        *check_email(found["email"]),
    )
    silenced = ", ".join(f'{name}="{value}"' for name, value in sorted(ALERT.items()))
    for text in texts:
        assert silence_link(running.url, text) == f"{{{silenced}}}"
        assert "no value" not in text
        assert "ZgotmplZ" not in text


def test_every_channel_says_that_it_is_over(running: Alertmanager, http: HttpStub, smtp: SmtpStub) -> None:
    running.fire(ALERT)
    arrived(http, smtp, 1)
    running.fire(ALERT, resolved=True)
    found = arrived(http, smtp, 2)
    [attachment] = found["slackApiUrl"].body["attachments"]
    assert attachment["title"] == f"[RESOLVED] {TITLE}"
    assert attachment["color"] == "good"
    assert "silences" not in attachment["text"]
    assert (
        found["teamsWebhookUrl"].body["attachments"][0]["content"]["body"][0]["text"] == f"[RESOLVED] {TITLE}"
    )
    assert found["pagerduty"].body["event_action"] == "resolve"
    assert urlsplit(found["opsgenie"].path).path.endswith("/close")
    assert found["hookUrl"].body["status"] == "resolved"
    assert found["email"]["Subject"] == f"[RESOLVED] {TITLE}"


def test_a_large_group_stays_readable(running: Alertmanager, http: HttpStub, smtp: SmtpStub) -> None:
    running.fire(*({**ALERT, "instance": f"10.0.0.{number}:80"} for number in range(12)))
    arrived(http, smtp, 1)

    def whole() -> list[dict[str, Any]]:
        # Without a wait for the group, the first notification may know only some of it.
        sent = [request.body["attachments"][0] for request in http.at("/slackApiUrl")]
        return [attachment for attachment in sent if attachment["title"].endswith("(12 alerts)")]

    attachment = until(whole, seconds=30, what="the notification of all twelve")[0]
    assert attachment["text"].count("|Runbook>") == 10
    assert "and more, 12 in all" in attachment["text"]


def failing(running: Alertmanager, what: str) -> set[str]:
    """Return the integrations that AlertmanagerNotificationsFailing would see failing."""
    line = rf'^alertmanager_{what}_failed_total{{.*integration="(\w+)".*}} [1-9]'
    return set(re.findall(line, running.text("/metrics"), re.MULTILINE))


@pytest.mark.parametrize("status", [0, 500, 429])
def test_what_a_receiver_refused_is_delivered_later_and_counted(
    running: Alertmanager, http: HttpStub, smtp: SmtpStub, status: int
) -> None:
    http.status = status
    running.fire(ALERT)
    until(
        lambda: len({r.path.split("/")[1] for r in http.refused}) == 6, seconds=30, what="every channel tried"
    )
    wanted = {"slack", "msteamsv2", "pagerduty", "opsgenie", "webhook"}
    until(
        lambda: wanted <= failing(running, "notification_requests"), seconds=30, what="failures are counted"
    )
    if status == 429:
        # A webhook is tried again only when its group is looked at again: the notification has failed.
        until(lambda: "webhook" in failing(running, "notifications"), seconds=30, what="a lost notification")
    http.status = 200
    found = arrived(http, smtp, 1)
    assert found["hookUrl"].body["alerts"][0]["labels"] == ALERT
    shown = running.log.read_text() + json.dumps(running.get("/api/v2/status")) + running.text("/metrics")
    assert "slackApiUrl" in shown, "the configuration that is shown names the files of the secrets"
    for key, canary in CANARIES.items():
        assert canary not in shown, key
