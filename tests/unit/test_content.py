"""The report of what is monitored: complete, current, and honest about what is missing."""

from __future__ import annotations

import json

import pytest

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.shipped import MIXINS, applying
from mixins.thresholds import Thresholds
from operations import __main__ as command_line
from operations.content import FOLDER, as_json, as_text, content
from operations.content_page import FILE, page

PANELS = [{"type": "row", "panels": [{"type": "stat"}]}, {"type": "stat", "expr": "level:read:ratio > 1"}]
INCOMPLETE = Mixin(
    "incomplete",
    frozenset(),
    lambda _: (
        RuleGroup(
            "incomplete",
            (
                RecordingRule("level:read:ratio", "level:unread:ratio * 2"),
                RecordingRule("level:unread:ratio", "up"),
                RecordingRule("level:forgotten:ratio", "level:forgotten:ratio + 1"),
                Alert("NobodyKnowsWhatToDo", "up == 0", Severity.WARNING, "Something.", "Something."),
            ),
        ),
    ),
    lambda _: (Dashboard("incomplete", "Incomplete", {"panels": PANELS}),),
)


def test_the_committed_page_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == page(), "run: python -m operations.content_page"


def test_every_entry_names_a_module_that_exists() -> None:
    found = content()
    modules = {entry.module for entry in found.alerts} | {entry.module for entry in found.records}
    for module in modules | {entry.module for entry in found.dashboards}:
        assert (FOLDER / module).is_file(), module
    assert {entry.mixin for entry in found.alerts} <= {mixin.name for mixin in MIXINS}


def test_nothing_that_is_shipped_is_incomplete() -> None:
    found = content()
    assert found.without_runbook == []
    assert found.without_test == []
    assert found.unused == []


def test_what_is_missing_is_named() -> None:
    found = content([INCOMPLETE])
    assert found.counts == {
        "alerts": 1,
        "recording_rules": 3,
        "dashboards": 1,
        "panels": 2,
        "alerts_without_runbook": 1,
        "alerts_without_test": 1,
        "rules_nothing_uses": 1,
    }
    report = json.loads(as_json(found))
    assert report["alerts"] == 1
    assert report["missing"] == {
        "runbook": ["NobodyKnowsWhatToDo"],
        "test": ["NobodyKnowsWhatToDo"],
        "use": ["level:forgotten:ratio"],
    }
    assert "1  rules nothing uses  level:forgotten:ratio" in as_text(found)
    assert {record.name: record.used_by for record in found.records}["level:read:ratio"] == ("Incomplete",)


def test_a_stack_has_what_its_scrape_jobs_allow(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["content", "--stack", "prod", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    mixins = {entry["mixin"] for entry in report["entries"]["alerts"]}
    assert {"general", "prometheus", "alertmanager"} <= mixins
    assert report["alerts"] == len({entry["name"] for entry in report["entries"]["alerts"]})
    assert report["alerts"] < content().counts["alerts"]
    assert command_line.main(["content"]) == 0
    assert f"{content().counts['alerts']:>5}  alerts" in capsys.readouterr().out


STACKS = sorted(file.suffixes[0][1:] for file in FOLDER.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_has_a_report_wherever_it_is_asked_for(
    stack: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("runtimes.process.taken_ports", "runtimes.docker.engine.published"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("this machine was looked at"))
    monkeypatch.setattr("toolchain.find", lambda _: FOLDER / "a" / "program")
    assert command_line.main(["content", "--stack", stack, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["missing"] == {"runbook": [], "test": [], "use": []}
    assert {"prometheus", "alertmanager", "loki"} <= {entry["mixin"] for entry in report["entries"]["alerts"]}
    for number, kind in (("alerts", "alerts"), ("recording_rules", "records"), ("dashboards", "dashboards")):
        assert 0 < report[number] <= len(report["entries"][kind])


def test_there_is_as_much_as_promised(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["content", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["alerts"] >= 160
    assert report["recording_rules"] >= 120
    assert report["dashboards"] >= 40


def test_a_stack_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["content", "--stack", "nowhere"]) == 1
    assert capsys.readouterr().err == (
        "error: there is no stack file Pulumi.nowhere.yaml; name a stack that has one\n"
    )


def test_the_thresholds_of_a_stack_change_no_alert_and_no_dashboard() -> None:
    mixins = applying({"services"})
    usual, other = content(mixins), content(mixins, Thresholds(window="1m"))
    assert [alert.name for alert in other.alerts] == [alert.name for alert in usual.alerts]
    assert other.dashboards == usual.dashboards
    assert {record.name for record in other.records} != {record.name for record in usual.records}
