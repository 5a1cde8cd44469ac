"""Grafana: dashboards over metrics, logs and traces."""

from __future__ import annotations

import configparser
import io
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

import versions
from components.grafana_provisioning import dashboard_provider, data_sources
from mixins.model import Mixin
from mixins.thresholds import Thresholds
from placement import PORTS, Placement
from rendering import to_json, to_yaml
from runtimes import Runtime
from settings.database import Database
from settings.model import Dashboards
from workload import Probe, Reload, Resources, Volume, Workload

NAME = "grafana"
PASSWORD, SECRET_KEY, DATABASE = "admin-password", "secret-key", "database-password"


class GrafanaContent(TypedDict):
    """What a Grafana shows."""

    dashboards: Dashboards
    mixins: Sequence[Mixin]
    """Whose dashboards it shows."""
    thresholds: Thresholds
    metrics: NotRequired[str]
    """Product that answers PromQL; Prometheus itself where none is named."""


class GrafanaArgs(GrafanaContent):
    """What a Grafana needs to know."""

    password: pulumi.Input[str]
    """The administrator's password."""
    secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Configuration key → value of the secret that the database needs."""
    secret_key: pulumi.Input[str]
    """Key that Grafana encrypts its database's secrets with."""


class Grafana(pulumi.ComponentResource):
    """Shows dashboards; its data sources and dashboards come from files."""

    url: pulumi.Output[str] | None
    """Its page."""

    def __init__(
        self, name: str, args: GrafanaArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:Grafana", name, None, opts)
        self.url = runtime.deploy(workload(args, runtime.placement), parent=self).url()
        self.register_outputs({"url": self.url})


def workload(args: GrafanaArgs, placement: Placement) -> Workload:
    """Return Grafana as a workload; every dashboard is a file of its own."""
    database = args["dashboards"].database
    boards = [board for mixin in args["mixins"] for board in mixin.dashboards(args["thresholds"])]
    return Workload(
        name=NAME,
        image=versions.GRAFANA,
        arguments=(
            "server",
            f"--homepath={placement.home(NAME)}",
            f"--config={placement.config(NAME)}/grafana.ini",
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/api/health", alive="/healthz"),
        resources=Resources("250m", "500m", "256Mi", "512Mi"),
        files={
            "grafana.ini": _ini(configuration(args, placement)),
            "provisioning/datasources/stack.yaml": to_yaml(
                data_sources(placement, args.get("metrics", "prometheus"))
            ),
            "provisioning/dashboards/stack.yaml": to_yaml(
                dashboard_provider(f"{placement.config(NAME)}/dashboards")
            ),
            **{f"dashboards/{board.uid}.json": to_json(board.model) for board in boards},
        },
        secrets={
            PASSWORD: args["password"],
            SECRET_KEY: args["secret_key"],
            **({DATABASE: args.get("secrets", {})[database.password_secret]} if database else {}),
        },
        volume=None if database else Volume(args["dashboards"].storage),
        outbound=database is not None,
        replicas=len(placement.replicas(NAME)) or 1,
        # The file provider looks every 10 s by itself.
        reload=Reload(files=("dashboards/*",), watches=True),
        needs=("prometheus", "thanos-query", "loki", "jaeger", "alertmanager"),
    )


def configuration(args: GrafanaArgs, placement: Placement) -> Mapping[str, Mapping[str, str]]:
    """Return ``grafana.ini`` as sections; secrets are read from files."""
    host, port = placement.listen(NAME, "http").rsplit(":", 1)
    public = placement.public_url(NAME)
    return {
        "server": {"http_addr": host, "http_port": port, **({"root_url": public} if public else {})},
        "paths": {
            "data": placement.data(NAME),
            "provisioning": f"{placement.config(NAME)}/provisioning",
        },
        "security": {
            "admin_user": args["dashboards"].username,
            "admin_password": f"$__file{{{placement.secret(NAME, PASSWORD)}}}",
            "secret_key": f"$__file{{{placement.secret(NAME, SECRET_KEY)}}}",
            "disable_gravatar": "true",
            "cookie_secure": str(public.startswith("https:")).lower(),
        },
        **_database(args["dashboards"].database, placement),
        "users": {"allow_sign_up": "false"},
        "auth.anonymous": {"enabled": "false"},
        # What the stack shows comes with the image; nothing is fetched at start.
        "plugins": {"preinstall_disabled": "true"},
        "analytics": {"reporting_enabled": "false", "check_for_updates": "false"},
        "log": {"mode": "console", "level": "warn"},
        "metrics": {"enabled": "true"},
    }


def _database(database: Database | None, placement: Placement) -> dict[str, dict[str, str]]:
    """Return the section of the database that replicas share; without it Grafana keeps one of its own."""
    if database is None:
        return {}
    return {
        "database": {
            "type": "postgres",
            "host": database.address,
            "name": database.name,
            "user": database.username,
            "password": f"$__file{{{placement.secret(NAME, DATABASE)}}}",
            "ssl_mode": "require" if database.tls else "disable",
        }
    }


def _ini(sections: Mapping[str, Mapping[str, str]]) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(sections)
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()
