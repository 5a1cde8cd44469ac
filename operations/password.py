"""Another password for Grafana's administrator: Grafana keeps the one of its first start in its database."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from operations.health import DIRECT, TIMEOUT_SECONDS, Check
from operations.stack import StackUnavailableError, configured_secret, outputs, set_secret
from provider.password import DEFAULT_LENGTH, generate
from settings import GRAFANA_PASSWORD


def rotate(stack: str, url: str = "") -> str:
    """Give Grafana's administrator another password and note it in the stack file; return what is left to do.

    The password is the one that somebody has set in the stack file since, else it is generated. ``url`` is
    where Grafana answers, its output when left out. Whenever this is interrupted, another run goes on from
    there.
    Raises `StackUnavailableError` where Grafana does not answer, or knows no password that is noted.
    """
    found = outputs(stack, show_secrets=True)
    if "grafana_username" not in found:
        raise StackUnavailableError(f"stack {stack} runs no Grafana")
    grafana, name = (url or found.get("grafana_url", "")).rstrip("/"), found["grafana_username"]
    if not grafana:
        raise StackUnavailableError(
            f"stack {stack}: Grafana has no address outside; forward its port as the notices of make health "
            "say, and name it: --url http://127.0.0.1:3000"
        )
    outputs_follow = f"make up STACK={stack} puts it into the outputs"
    current, noted = found["grafana_password"], configured_secret(stack, GRAFANA_PASSWORD)
    if not _is_known(grafana, name, current):
        if noted and _is_known(grafana, name, noted):
            return f"Grafana has the password of the stack file already; {outputs_follow}"
        raise StackUnavailableError(_unknown(stack))
    wanted = noted if noted not in ("", current) else generate(DEFAULT_LENGTH)
    set_secret(stack, GRAFANA_PASSWORD, wanted)
    try:
        change = {"oldPassword": current, "newPassword": wanted, "confirmNew": wanted}
        _ask(f"{grafana}/api/user/password", name, current, change)
    except OSError as error:
        set_secret(stack, GRAFANA_PASSWORD, noted or current)
        raise StackUnavailableError(f"stack {stack}: Grafana refuses the change: {_reason(error)}") from None
    return f"Grafana's administrator {name} has another password; {outputs_follow}"


def check(stack: str, outputs: Mapping[str, Any]) -> list[Check]:
    """Return whether Grafana lets the password of the outputs in; nothing where it has no address."""
    if not {"grafana_url", "grafana_username", "grafana_password"} <= outputs.keys():
        return []
    try:
        known = _is_known(outputs["grafana_url"], outputs["grafana_username"], outputs["grafana_password"])
    except StackUnavailableError:
        # The check of its address says so.
        return []
    return [Check("grafana_password", outputs["grafana_username"], "" if known else _unknown(stack))]


def _is_known(grafana: str, name: str, password: str) -> bool:
    try:
        _ask(f"{grafana}/api/user", name, password)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return False
        raise StackUnavailableError(f"Grafana at {grafana} answers {error.code}") from None
    except OSError as error:
        raise StackUnavailableError(f"Grafana at {grafana} does not answer: {_reason(error)}") from None
    return True


def _unknown(stack: str) -> str:
    return (
        f"stack {stack}: Grafana does not know the password of the outputs: its database keeps an older one, "
        "or one that was changed on its page; set the one of the outputs where Grafana runs, with: "
        "grafana cli admin reset-admin-password --password-from-stdin"
    )


def _ask(url: str, name: str, password: str, change: Mapping[str, Any] | None = None) -> None:
    credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the stack's own http address
        url,
        data=json.dumps(change).encode() if change else None,
        headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        method="PUT" if change else "GET",
    )
    DIRECT.open(request, timeout=TIMEOUT_SECONDS).close()


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", error))
