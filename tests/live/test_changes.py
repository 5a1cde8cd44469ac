"""A second `up` changes nothing; a changed setting changes exactly what it concerns."""

from __future__ import annotations

import json
from typing import Any

from tests.live.conftest import Stack, get
from tests.project import until


def changes(preview: str) -> dict[str, str]:
    """Resource name → operation of a ``preview --json``, without what stays the same."""
    steps: list[dict[str, Any]] = json.loads(preview[preview.index("{") :])["steps"]
    return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    stack.project.up("--expect-no-changes")


def test_a_changed_threshold_reloads_prometheus_and_nothing_else(stack: Stack) -> None:
    before = {name: stack.process(name).pid for name in ("prometheus", "alertmanager", "loki", "collector")}
    stack.project.configure({"thresholds.latencyP95": "1.7"})
    preview = stack.project.preview("--json")
    assert changes(preview) == {"prometheus-process": "update"}
    step = next(s for s in json.loads(preview[preview.index("{") :])["steps"] if s["op"] == "update")
    # HighResponseTime of the services, HighLatency of their routes.
    assert set(step["detailedDiff"]) == {'files["rules/http.yaml"]', 'files["rules/routes.yaml"]'}

    stack.project.up()
    rules = stack.metric("prometheus_config_last_reload_successful")
    assert rules[0]["value"][1] == "1"
    assert {name: stack.process(name).pid for name in before} == before
    until(lambda: "> 1.7 " in loaded_rules(stack), seconds=20, what="the new threshold")


def loaded_rules(stack: Stack) -> str:
    """Return the rules as Prometheus evaluates them."""
    return json.dumps(get(f"{stack.outputs['prometheus_url']}/api/v1/rules"))


def test_a_changed_setting_restarts_only_what_it_concerns(stack: Stack) -> None:
    before = {name: stack.process(name).pid for name in ("prometheus", "alertmanager", "loki", "jaeger")}
    stack.project.configure({"logs.retention": "30d"})
    assert changes(stack.project.preview("--json")) == {"loki-process": "update"}
    stack.project.up()
    after = {name: stack.process(name).pid for name in before}
    assert {name for name in before if before[name] != after[name]} == {"loki"}
    stack.healthy()


def test_the_password_of_nothing_is_in_the_clear(stack: Stack) -> None:
    state = "".join(
        path.read_text(errors="replace")
        for path in stack.project.path.parent.joinpath("state").rglob("*")
        if path.is_file()
    )
    assert "observability" in state
    for name, value in stack.outputs.items():
        if name.endswith("password"):
            assert str(value) not in state
