"""What the proxy in front of the engine's socket lets through."""

from __future__ import annotations

import re

import pytest

from components.engine_proxy import ALLOWED, configuration
from placement import ContainerPlacement

ID = "5f" * 32
TEXT = configuration(ContainerPlacement(homes={}, public_urls={}))


@pytest.mark.parametrize(
    "path",
    [
        "/_ping", "/v1.44/_ping", "/version", "/v1.44/info", "/v1.44/events", "/v1.44/networks",
        "/containers/json", "/v1.44/containers/json", f"/v1.44/containers/{ID}/json",
        "/containers/shop-web_1.x/json",
    ],
)  # fmt: skip
def test_questions_pass(path: str) -> None:
    assert re.search(ALLOWED, path)


@pytest.mark.parametrize(
    "path",
    [
        "/containers/create", f"/v1.44/containers/{ID}/exec", f"/containers/{ID}/archive",
        f"/containers/{ID}/logs",
        f"/containers/{ID}/attach/ws", f"/containers/{ID}/start", f"/containers/{ID}/export", "/exec/1/json",
        "/images/json", "/images/create", "/build", "/secrets", "/configs", "/volumes", "/swarm", "/plugins",
        "/networks/create", "/networks/1/connect", "/containers/../images/json", "/containers//json",
        "//containers/json",
        "/containers/a%2Fb/json", "/containers/a/b/json", "/v1.44/v1.44/info", "/vx/info", "/info/", "/infos",
        "/containers/json/../create", "",
    ],
)  # fmt: skip
def test_everything_else_is_refused(path: str) -> None:
    assert not re.search(ALLOWED, path)


def test_the_rule_is_the_last_word_before_the_engine() -> None:
    lines = [line.strip() for line in TEXT.splitlines()]
    assert f"acl known path_reg '{ALLOWED}'" in lines
    assert "acl asks method GET HEAD" in lines
    refusal = lines.index("http-request deny deny_status 403 unless asks known")
    assert [line for line in lines[:refusal] if "use_backend" in line or "default_backend" in line] == []
    assert "'" not in ALLOWED, "it is written between single quotes"
