"""The hub: another stack that gets this one's metrics, log lines and traces as well, by its outputs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from outputs import CONTRACT_VERSION
from placement import Placement
from settings.hub import Hub

NAME = "hub"
"""Name of the queues that lead to it, and value of their label ``remote_name``."""
PASSWORD, AUTHORIZATION = "hub-password", "hub-authorization"
"""Secret files of Prometheus and of the collector; of no use where the hub has no login."""
_NEEDED = ("prometheus_remote_write_url", "otlp_http_endpoint")
_RECORDED = ".+:.+|ALERTS|ALERTS_FOR_STATE"
"""Names of series that the hub's own rules make anew, from what it is sent."""
_QUEUE_BYTES = 2**29
"""What the collector keeps for the hub while that is away, for each of log lines and traces."""


@dataclass(frozen=True)
class Intake:
    """Where the hub takes telemetry in."""

    remote_write_url: str
    otlp_http_endpoint: str
    username: str
    """Who pushes there; empty where nobody is asked."""


@dataclass(frozen=True)
class HubLink:
    """A hub as its outputs describe it."""

    intake: pulumi.Output[Intake]
    password: pulumi.Output[str]
    """Password of the user; secret, and empty where nobody is asked."""


def link(hub: Hub | None, environment: str) -> HubLink | None:
    """Read the outputs of a hub, None where there is none; `RunError` later where they do not suffice.

    ``environment`` is this stack's own label, which has to differ from the hub's.
    """
    if hub is None:
        return None
    reference = pulumi.StackReference(NAME, hub.stack)
    intake = reference.outputs.apply(lambda found: _intake(found, hub.stack, environment))
    # One secret among the outputs makes all of them secret, and with them whole configuration files.
    return HubLink(
        pulumi.Output.unsecret(intake),
        pulumi.Output.secret(reference.outputs.apply(lambda found: str(found.get("push_password") or ""))),
    )


def _intake(found: Mapping[str, Any], stack: str, environment: str) -> Intake:
    version = found.get("contract_version")
    if version != CONTRACT_VERSION:
        raise pulumi.RunError(
            f"hub.stack: {stack!r} was never deployed, or not by this version of this program: its output "
            f"contract_version is {version!r}, not {CONTRACT_VERSION!r}; name a stack that was brought up"
        )
    if missing := [name for name in _NEEDED if not found.get(name)]:
        raise pulumi.RunError(
            f"hub.stack: {stack!r} does not offer {' and '.join(missing)}; on a cluster it does once its "
            "kubernetes.published contains prometheus and collector"
        )
    if found.get("environment") == environment:
        raise pulumi.RunError(
            f"environment: {environment!r} is the hub's as well, which could not tell the two apart; give "
            "this stack another one"
        )
    write, otlp = (str(found[name]) for name in _NEEDED)
    return Intake(write, otlp, str(found.get("push_username") or ""))


def password_files(hub: HubLink | None) -> Mapping[str, pulumi.Input[str]]:
    """Return the secret file by which Prometheus logs in."""
    return {PASSWORD: hub.password.apply(lambda password: password or "none")} if hub else {}


def authorization_files(hub: HubLink | None) -> Mapping[str, pulumi.Input[str]]:
    """Return the secret file by which the collector logs in."""
    if hub is None:
        return {}
    known = pulumi.Output.all(hub.intake, hub.password)
    return {AUTHORIZATION: known.apply(lambda values: _basic(values[0].username, values[1]))}


def _basic(username: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def remote_write(intake: Intake, workload: str, placement: Placement) -> Mapping[str, Any]:
    """Return what Prometheus sends to the hub: what it scraped, and of a pair only one of the two.

    Its queue is its own log of the last two to three hours, on its volume.
    """
    password = {"username": intake.username, "password_file": placement.secret(workload, PASSWORD)}
    first, *others = placement.replicas(workload) or ("",)
    one_of_them = [
        {"source_labels": ["replica"], "regex": first.partition(".")[0], "action": "keep"},
        {"regex": "replica", "action": "labeldrop"},
    ]
    return {
        "remote_write": [
            {
                "name": NAME,
                "url": intake.remote_write_url,
                **({"basic_auth": password} if intake.username else {}),
                "send_exemplars": True,
                "write_relabel_configs": [
                    {"source_labels": ["__name__"], "regex": _RECORDED, "action": "drop"},
                    *(one_of_them if others else []),
                ],
                "queue_config": {"retry_on_http_429": True, "max_backoff": "30s"},
            }
        ]
    }


def exporter(
    intake: Intake, workload: str, placement: Placement, delivery: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the collector's exporter to the hub, delivered as everything else with a queue for hours."""
    header = {"Authorization": f"${{file:{placement.secret(workload, AUTHORIZATION)}}}"}
    queue = {**delivery["sending_queue"], "sizer": "bytes", "queue_size": _QUEUE_BYTES}
    return {
        f"otlp_http/{NAME}": {
            "endpoint": intake.otlp_http_endpoint,
            **({"headers": header} if intake.username else {}),
            **delivery,
            "sending_queue": queue,
        }
    }
