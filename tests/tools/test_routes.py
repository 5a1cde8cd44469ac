"""Alertmanager routes as the settings say: amtool is asked about every routing that is shown or shipped."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components import alertmanager
from placement import ContainerPlacement
from rendering import to_yaml
from settings import Alerting
from tests.project import CHECKOUT

pytestmark = pytest.mark.tools

KEY = "observability:alerting"
PLACEMENT = ContainerPlacement(homes={}, public_urls={})
SEVERITIES = ("critical", "warning", "info")
Ask = Callable[[Alerting, dict[str, str]], list[str]]


def documented() -> Iterator[Any]:
    """Yield the routings that the documentation shows, by their headings."""
    text = (CHECKOUT / "docs" / "alerting.md").read_text(encoding="utf-8")
    for heading, block in re.findall(r"### ([^\n]+)\n[^#]*?```yaml\n(.+?)```", text, re.DOTALL):
        yield pytest.param(yaml.safe_load(block)[KEY], id=heading)


def shipped() -> Iterator[Any]:
    """Yield the routings of the stack files that have receivers."""
    for file in sorted(CHECKOUT.glob("Pulumi.*.yaml")):
        found = (yaml.safe_load(file.read_text(encoding="utf-8"))["config"]).get(KEY, {})
        if found.get("receivers"):
            yield pytest.param(found, id=file.name)


@pytest.fixture
def ask(tool: Callable[..., str], tmp_path: Path) -> Ask:
    """Ask amtool which receivers hear of an alert, the journal left out."""

    def asked(alerting: Alerting, labels: dict[str, str]) -> list[str]:
        file = tmp_path / "alertmanager.yaml"
        file.write_text(to_yaml({**alertmanager.configuration(alerting, PLACEMENT), "templates": []}))
        words = [f"{name}={json.dumps(value)}" for name, value in labels.items()]
        answer = tool("amtool", "config", "routes", "test", f"--config.file={file}", *words)
        journal, *found = answer.strip().split(",")
        assert journal == "journal"
        return found

    return asked


def test_the_documentation_shows_routings() -> None:
    assert len(list(documented())) == 5


@pytest.mark.parametrize("given", [*documented(), *shipped()])
def test_amtool_agrees_with_every_route_test(given: dict[str, Any], ask: Ask) -> None:
    alerting = Alerting.model_validate(given)
    tests = [(dict(test.labels), list(test.receivers)) for test in alerting.route_tests]
    if alerting.routes:
        assert tests, "a routing with routes says in routeTests what they are to do"
    for labels, expected in tests:
        assert ask(alerting, labels) == expected, labels


@pytest.mark.parametrize("given", list(shipped()))
def test_every_severity_is_heard_of(given: dict[str, Any], ask: Ask) -> None:
    alerting = Alerting.model_validate(given)
    for severity in SEVERITIES:
        assert ask(alerting, {"alertname": "A", "severity": severity}), severity


def test_the_evaluation_agrees_with_amtool_on_whatever_is_asked(ask: Ask) -> None:
    chance = random.Random(7)
    values = ["a", "b", 'c"d', "e.f", r"g\h", "", "i j"]
    receivers = [{"name": f"r{i}", "webhook": {"url": "http://127.0.0.1:1/"}} for i in range(4)]
    asked = 0
    while asked < 40:
        routes: list[dict[str, Any]] = []
        for _ in range(4):
            route: dict[str, Any] = {"receiver": f"r{chance.randrange(4)}", "continue": chance.random() < 0.4}
            if chance.random() < 0.7:
                route["match"] = {chance.choice("xy"): chance.sample(values, chance.randrange(1, 4))}
            if chance.random() < 0.5 or "match" not in route:
                value = chance.choice([*values[:2], "(a|e).*", ".+", "[^a]*"])
                route["matchers"] = [
                    f'{chance.choice("xyz")}{chance.choice(["=", "!=", "=~", "!~"])}"{value}"'
                ]
            routes.append(route)
        try:
            alerting = Alerting.model_validate({"receivers": receivers, "routes": routes})
        except ValueError:
            continue  # a route that never matches
        labels = {name: value for name in "xyz" if (value := chance.choice(values))} or {"x": "a"}
        labels |= {"team": team} if (team := chance.choice(["", "r1", "r2", "r9"])) else {}
        found = [destination.receiver for destination in alerting.destinations(labels)]
        assert ask(alerting, labels) == found, (routes, labels)
        asked += 1
