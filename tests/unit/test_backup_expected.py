"""Backups that a stack file expects: missed where they are, and only there."""

from __future__ import annotations

import json
import re

import pytest

from mixins.model import Alert
from plan import checks, make_plan
from runtimes import SKIP
from settings import Settings
from targets import TARGETS


@pytest.mark.parametrize("asked", [(), ("prometheus", "shop-db")])
def test_a_stack_misses_the_backups_that_it_expects_and_no_others(
    asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SKIP, "1")
    written = {"target": "process", "backups": json.dumps({"expected": asked})}
    made = make_plan({f"observability:{key}": value for key, value in written.items()}, (), "trial")
    absent = [
        rule
        for mixin in made.prometheus["mixins"]
        for group in mixin.rules(made.settings.thresholds)
        for rule in group.rules
        if isinstance(rule, Alert) and rule.name == "BackupAbsent"
    ]
    assert [re.findall(r'volume="([^"]+)"', alert.expr) for alert in absent] == ([[*asked]] if asked else [])


@pytest.mark.parametrize(("kept", "refused"), [("1d", True), ("2d", False)])
def test_an_expected_backup_is_missed_only_if_samples_are_kept_as_long(kept: str, refused: bool) -> None:
    settings = Settings.model_validate(
        {"stack": "s", "target": "process", "metrics": {"retention": kept}, "backups": {"expected": ["loki"]}}
    )
    found = checks.problems(settings, TARGETS["process"], (), (), ())
    assert [problem.split(":")[0] for problem in found] == (["backups.expected"] if refused else [])
