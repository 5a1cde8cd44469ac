"""Alertmanager: groups alerts, holds them back or sends them to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

import versions
from components.alertmanager_inhibitions import inhibit_rules
from components.alertmanager_receivers import receiver
from components.alertmanager_templates import templates
from mixins.model import Links
from placement import PORTS, Placement, url
from rendering import to_yaml
from runtimes import Runtime
from settings import Alerting
from settings.receivers import DEAD_MANS_SWITCH, JOURNAL
from settings.routes import Period, Route
from workload import PeerPort, Probe, Reload, Resources, Volume, Workload

NAME = "alertmanager"
_PEERS = PeerPort("cluster", 9094, ("TCP", "UDP"))
TEMPLATES = "notifications.tmpl"
"""File of the templates of the messages."""


class AlertmanagerArgs(TypedDict):
    """What an Alertmanager needs to know."""

    alerting: Alerting
    secrets: Mapping[str, pulumi.Input[str]]
    """Configuration key → value of every secret the receivers name."""
    links: Links
    """Where people see and silence alerts when they cannot open Alertmanager itself."""


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
            *_gossip(placement),
            # Its default of 15 minutes is what a kill would lose of silences and of what was sent already.
            "--data.maintenance-interval=1m",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/-/ready", alive="/-/healthy"),
        resources=Resources("100m", "200m", "128Mi", "256Mi"),
        files={
            "alertmanager.yaml": to_yaml(configuration(args["alerting"], placement)),
            TEMPLATES: templates(placement, args["links"].grafana),
        },
        secrets=args["secrets"],
        volume=Volume("2Gi"),
        outbound=True,
        replicas=len(placement.replicas(NAME)) or 1,
        peer_ports=(_PEERS,) if placement.replicas(NAME) else (),
        reload=Reload(
            files=("alertmanager.yaml", TEMPLATES),
            signal="SIGHUP",
            success_metric="alertmanager_config_last_reload_successful",
        ),
    )


def _gossip(placement: Placement) -> tuple[str, ...]:
    """Return how replicas tell each other what was sent and silenced; one alone tells nobody."""
    hosts = placement.replicas(NAME)
    listen = f"--cluster.listen-address={f'0.0.0.0:{_PEERS.number}' if hosts else ''}"
    return (listen, *(f"--cluster.peer={host}:{_PEERS.number}" for host in hosts))


def configuration(alerting: Alerting, placement: Placement) -> Mapping[str, Any]:
    """Return ``alertmanager.yaml``."""
    journal = {"url": url(placement, "collector", "notifications", "/notifications")}
    intervals = [
        {"name": interval.name, "time_intervals": [_period(period) for period in interval.periods]}
        for interval in alerting.time_intervals
    ]
    return {
        "templates": [f"{placement.config(NAME)}/{TEMPLATES}"],
        "route": {
            "receiver": JOURNAL,
            "group_by": list(alerting.group_by),
            "group_wait": alerting.group_wait,
            "group_interval": alerting.group_interval,
            "repeat_interval": alerting.repeat_interval,
            "routes": _routes(alerting),
        },
        **({"time_intervals": intervals} if intervals else {}),
        "inhibit_rules": inhibit_rules(alerting),
        "receivers": [
            {"name": JOURNAL, "webhook_configs": [journal]},
            _dead_mans_switch(alerting, placement),
            *(receiver(each, lambda key: placement.secret(NAME, key)) for each in alerting.receivers),
        ],
    }


def _dead_mans_switch(alerting: Alerting, placement: Placement) -> dict[str, Any]:
    webhook = alerting.dead_mans_switch
    if webhook is None:
        return {"name": DEAD_MANS_SWITCH}
    address = (
        {"url": webhook.url}
        if webhook.url
        else {"url_file": placement.secret(NAME, webhook.url_secret or "")}
    )
    return {"name": DEAD_MANS_SWITCH, "webhook_configs": [{**address, "send_resolved": False}]}


def _routes(alerting: Alerting) -> list[dict[str, Any]]:
    """Return the routes in order: a copy for the journal, the dead man's switch, then people.

    A route that matches takes an alert from the receiver above it, so the default is a route as well.
    """
    watchdog = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "1m"}
    return [
        {"receiver": JOURNAL, "continue": True},
        {
            "receiver": DEAD_MANS_SWITCH,
            "matchers": ['alertname="Watchdog"'],
            **(watchdog if alerting.dead_mans_switch else {}),
        },
        *(_route(route) for route in alerting.decided),
        *([{"receiver": alerting.fallback}] if alerting.fallback else []),
    ]


def _route(route: Route) -> dict[str, Any]:
    optional = {
        "continue": route.continue_,
        "group_by": list(route.group_by),
        "group_wait": route.group_wait,
        "group_interval": route.group_interval,
        "repeat_interval": route.repeat_interval,
        "mute_time_intervals": list(route.mute_time_intervals),
        "active_time_intervals": list(route.active_time_intervals),
    }
    return {
        "receiver": route.receiver,
        "matchers": [str(condition) for condition in route.conditions],
        **{key: value for key, value in optional.items() if value},
    }


def _period(period: Period) -> dict[str, Any]:
    optional = {
        "weekdays": list(period.weekdays),
        "times": [{"start_time": hours.start, "end_time": hours.end} for hours in period.times],
        "days_of_month": list(period.days_of_month),
        "months": list(period.months),
        "location": period.location,
    }
    return {key: value for key, value in optional.items() if value}
