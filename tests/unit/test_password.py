"""Another password for Grafana's administrator, whatever happens on the way."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from operations import password
from operations.stack import StackUnavailableError
from tests.serving import serving

FIRST = "of-the-first-start"


class Administrator:
    """What Grafana knows about its administrator."""

    url: str
    password = FIRST
    obliging = True
    """Whether it changes passwords when asked to."""


@pytest.fixture
def grafana() -> Iterator[Administrator]:
    """Answer what the command asks for, as Grafana's HTTP API documents it."""
    administrator = Administrator()

    class Handler(BaseHTTPRequestHandler):
        def _status(self) -> int:
            credentials = self.headers["Authorization"].removeprefix("Basic ")
            given = base64.b64decode(credentials).decode().partition(":")[2]
            return 200 if given == administrator.password else 401

        def do_GET(self) -> None:
            self.send_response(self._status() if self.path == "/api/user" else 404)
            self.end_headers()

        def do_PUT(self) -> None:
            change = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = self._status() if administrator.obliging else 500
            if status == 200 and change["oldPassword"] == administrator.password:
                administrator.password = change["newPassword"]
            self.send_response(status if self.path == "/api/user/password" else 404)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        administrator.url = f"http://127.0.0.1:{server.server_port}"
        yield administrator


@pytest.fixture
def stack_file(grafana: Administrator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the secrets of a stack whose outputs are of the first start."""
    secrets: dict[str, str] = {}
    outputs = {"grafana_url": grafana.url, "grafana_username": "admin", "grafana_password": FIRST}
    monkeypatch.setattr(password, "outputs", lambda *_, **__: outputs)
    monkeypatch.setattr(password, "configured_secret", lambda _, key: secrets.get(key, ""))
    monkeypatch.setattr(password, "set_secret", lambda _, key, value: secrets.update({key: value}))
    return secrets


def test_grafana_and_stack_file_get_the_same_new_password(
    grafana: Administrator, stack_file: dict[str, str]
) -> None:
    said = password.rotate("prod")
    assert grafana.password not in (FIRST, "")
    assert stack_file == {"grafanaPassword": grafana.password}
    assert "make up STACK=prod" in said
    assert grafana.password not in said


def test_a_second_run_before_the_update_changes_nothing(
    grafana: Administrator, stack_file: dict[str, str]
) -> None:
    password.rotate("prod")
    changed = grafana.password
    assert "already" in password.rotate("prod")
    assert grafana.password == stack_file["grafanaPassword"] == changed


def test_the_password_that_the_stack_file_asks_for_is_told_to_grafana(
    grafana: Administrator, stack_file: dict[str, str]
) -> None:
    """Somebody has set it, or a run ended before Grafana was asked."""
    stack_file["grafanaPassword"] = "never-told-to-grafana"
    password.rotate("prod")
    assert grafana.password == stack_file["grafanaPassword"] == "never-told-to-grafana"


def test_where_grafana_refuses_the_stack_file_keeps_what_is_true(
    grafana: Administrator, stack_file: dict[str, str]
) -> None:
    grafana.obliging = False
    with pytest.raises(StackUnavailableError, match="refuses the change: Internal Server Error"):
        password.rotate("prod")
    assert stack_file == {"grafanaPassword": grafana.password}


def test_a_password_that_nobody_noted_is_not_guessed(
    grafana: Administrator, stack_file: dict[str, str]
) -> None:
    grafana.password = "changed-on-the-page"
    with pytest.raises(StackUnavailableError, match="reset-admin-password"):
        password.rotate("prod")
    assert not stack_file


def test_health_names_a_password_that_does_not_let_anybody_in(grafana: Administrator) -> None:
    outputs = {"grafana_url": grafana.url, "grafana_username": "admin", "grafana_password": FIRST}
    (check,) = password.check("prod", outputs)
    assert check.healthy
    grafana.password = "changed-on-the-page"
    (check,) = password.check("prod", outputs)
    assert "reset-admin-password" in check.problem
    assert FIRST not in check.problem
    assert password.check("prod", {"prometheus_url": grafana.url}) == []
