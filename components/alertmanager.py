"""Alertmanager: groups alerts, holds them back or sends them to people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

import versions
from placement import PORTS, Placement, url
from rendering import to_yaml
from runtimes import Runtime
from settings import Alerting, Receiver, Route
from workload import Probe, Reload, Resources, Volume, Workload

NAME = "alertmanager"
JOURNAL = "journal"
"""Receiver of a copy of every notification: the collector turns them into log lines."""
DEAD_MANS_SWITCH = "dead-mans-switch"
"""Receiver of the alert that always fires, and of nothing else."""


class AlertmanagerArgs(TypedDict):
    """What an Alertmanager needs to know."""

    alerting: Alerting
    secrets: Mapping[str, pulumi.Input[str]]
    """Configuration key → value of every secret the receivers name."""


class Alertmanager(pulumi.ComponentResource):
    """Receives alerts from Prometheus and notifies receivers."""

    url: pulumi.Output[str] | None
    """Its page and HTTP API."""

    def __init__(
        self, name: str, args: AlertmanagerArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Alertmanager", name, None, opts)
        self.url = runtime.deploy(workload(args, runtime.placement), parent=self).url()
        self.register_outputs({"url": self.url})


def workload(args: AlertmanagerArgs, placement: Placement) -> Workload:
    """Return Alertmanager as a workload."""
    return Workload(
        name=NAME,
        image=versions.ALERTMANAGER,
        arguments=(
            f"--config.file={placement.config(NAME)}/alertmanager.yaml",
            f"--storage.path={placement.data(NAME)}",
            f"--web.listen-address={placement.listen(NAME, 'http')}",
            f"--web.external-url={placement.public_url(NAME)}",
            "--cluster.listen-address=",
            # Its default of 15 minutes is what a kill would lose of silences and of what was sent already.
            "--data.maintenance-interval=1m",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/-/ready"),
        resources=Resources("100m", "200m", "128Mi", "256Mi"),
        files={"alertmanager.yaml": to_yaml(configuration(args["alerting"], placement))},
        secrets=args["secrets"],
        volume=Volume("2Gi"),
        outbound=True,
        reload=Reload(
            files=("alertmanager.yaml",),
            signal="SIGHUP",
            success_metric="alertmanager_config_last_reload_successful",
        ),
    )


def configuration(alerting: Alerting, placement: Placement) -> Mapping[str, Any]:
    """Return ``alertmanager.yaml``."""
    watched = alerting.dead_mans_switch
    stops_ringing = {"webhook_configs": [{"url": watched.url, "send_resolved": False}]} if watched else {}
    return {
        "route": {
            "receiver": JOURNAL,
            "group_by": ["alertname", "environment", "service"],
            "group_wait": alerting.group_wait,
            "group_interval": alerting.group_interval,
            "repeat_interval": alerting.repeat_interval,
            "routes": _routes(alerting),
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity="critical"', 'service=~".+"'],
                "target_matchers": ['severity=~"warning|info"'],
                "equal": ["environment", "service"],
            },
            {
                "source_matchers": ['alertname="TargetDown"'],
                "target_matchers": ['alertname!~"TargetDown|Watchdog"', 'job=~".+"'],
                "equal": ["environment", "job"],
            },
            {
                # By the objective's id: the page of one must not hide the ticket of another.
                "source_matchers": ['slo_severity="page"'],
                "target_matchers": ['slo_severity="ticket"'],
                "equal": ["environment", "slo_id"],
            },
        ],
        "receivers": [
            {
                "name": JOURNAL,
                "webhook_configs": [{"url": url(placement, "collector", "notifications", "/notifications")}],
            },
            {"name": DEAD_MANS_SWITCH, **stops_ringing},
            *(_receiver(receiver, placement) for receiver in alerting.receivers),
        ],
    }


def _routes(alerting: Alerting) -> list[dict[str, Any]]:
    """Return the routes in order: a copy for the journal, the dead man's switch, then people.

    A route that matches takes an alert from the receiver above it, so the default is a route as well.
    """
    default = alerting.default_receiver or next((receiver.name for receiver in alerting.receivers), "")
    watchdog = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "1m"}
    return [
        {"receiver": JOURNAL, "continue": True},
        {
            "receiver": DEAD_MANS_SWITCH,
            "matchers": ['alertname="Watchdog"'],
            **(watchdog if alerting.dead_mans_switch else {}),
        },
        *(_route(route) for route in alerting.routes),
        *([{"receiver": default}] if default else []),
    ]


def _route(route: Route) -> dict[str, Any]:
    return {
        "receiver": route.receiver,
        "matchers": [
            f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in route.match.items()
        ],
        **({"group_wait": route.group_wait} if route.group_wait else {}),
        **({"repeat_interval": route.repeat_interval} if route.repeat_interval else {}),
    }


def _receiver(receiver: Receiver, placement: Placement) -> dict[str, Any]:
    def secret(key: str) -> str:
        return placement.secret(NAME, key)

    channels: dict[str, Any] = {"name": receiver.name}
    if receiver.webhook:
        channels["webhook_configs"] = [{"url": receiver.webhook.url}]
    if slack := receiver.slack:
        channels["slack_configs"] = [
            {"channel": slack.channel, "api_url_file": secret(slack.api_url_secret), "send_resolved": True}
        ]
    if pagerduty := receiver.pagerduty:
        channels["pagerduty_configs"] = [{"routing_key_file": secret(pagerduty.routing_key_secret)}]
    if email := receiver.email:
        login = (
            {"auth_username": email.username, "auth_password_file": secret(email.password_secret)}
            if email.username
            else {}
        )
        channels["email_configs"] = [
            {
                "to": email.to,
                "from": email.sender,
                "smarthost": email.smarthost,
                "require_tls": not email.smarthost.startswith(("127.", "localhost:")),
                "send_resolved": True,
                **login,
            }
        ]
    return channels
