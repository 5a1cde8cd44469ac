"""What is monitored, counted and listed: of all that there is, or of one stack."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from mixins.model import Alert, Dashboard, Links, Mixin, RecordingRule, RuleGroup, rule_file
from mixins.shipped import MIXINS
from mixins.thresholds import Thresholds
from operations import stack_file
from operations.stack import StackUnavailableError
from plan import make_plan
from runtimes import SKIP
from settings import PROJECT, SECTIONS_WITH_SECRETS, StackFileError

FOLDER = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?::[A-Za-z0-9_]+)+")
"""Names of recording rules, wherever they stand."""
_PLACEHOLDER = "https://example.org/placeholder0"
"""Stands for every secret: what is monitored does not depend on them."""


@dataclass(frozen=True)
class AlertEntry:
    """An alert as the report shows it."""

    name: str
    severity: str
    after: str
    """How long its condition must hold."""
    summary: str
    mixin: str
    module: str
    """File that defines it."""
    runbook: str
    """Name of its page; empty where there is none."""
    tested: bool
    """Whether a test gives its rule to promtool."""


@dataclass(frozen=True)
class RecordEntry:
    """A recording rule as the report shows it."""

    name: str
    mixin: str
    module: str
    used_by: tuple[str, ...]
    """Alerts, recording rules and dashboards that read it."""


@dataclass(frozen=True)
class DashboardEntry:
    """A dashboard as the report shows it."""

    uid: str
    title: str
    panels: int
    mixin: str
    module: str


@dataclass(frozen=True)
class Content:
    """All that some mixins bring."""

    alerts: tuple[AlertEntry, ...]
    records: tuple[RecordEntry, ...]
    dashboards: tuple[DashboardEntry, ...]

    @property
    def without_runbook(self) -> list[str]:
        """Alerts that have no page that says what to do."""
        return sorted({alert.name for alert in self.alerts if not alert.runbook})

    @property
    def without_test(self) -> list[str]:
        """Alerts that no test gives to promtool."""
        return sorted({alert.name for alert in self.alerts if not alert.tested})

    @property
    def unused(self) -> list[str]:
        """Recording rules that nothing reads."""
        return sorted({record.name for record in self.records if not record.used_by})

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers; an alert that several mixins raise counts once."""
        return {
            "alerts": len({alert.name for alert in self.alerts}),
            "recording_rules": len({record.name for record in self.records}),
            "dashboards": len(self.dashboards),
            "panels": sum(dashboard.panels for dashboard in self.dashboards),
            "alerts_without_runbook": len(self.without_runbook),
            "alerts_without_test": len(self.without_test),
            "rules_nothing_uses": len(self.unused),
        }


def content(mixins: Sequence[Mixin] = MIXINS, thresholds: Thresholds | None = None) -> Content:
    """Return what the mixins bring, in their order."""
    limits = thresholds or Thresholds()
    boards = [(mixin, board) for mixin in mixins for board in mixin.dashboards(limits)]
    rules = [(mixin, rule) for mixin in mixins for group in mixin.rules(limits) for rule in group.rules]
    tested, used = _tested(FOLDER / "tests" / "tools"), _readers([r for _, r in rules], boards)
    pages = {page.stem for page in (FOLDER / "docs" / "runbooks").rglob("*.md")}
    return Content(
        tuple(
            AlertEntry(
                rule.name,
                rule.severity.value,
                rule.for_,
                rule.summary,
                mixin.name,
                module_of(mixin),
                runbook if (runbook := _runbook(rule)) in pages else "",
                rule.name in tested,
            )
            for mixin, rule in rules
            if isinstance(rule, Alert)
        ),
        tuple(
            RecordEntry(rule.record, mixin.name, module_of(mixin), tuple(sorted(used[rule.record])))
            for mixin, rule in rules
            if isinstance(rule, RecordingRule)
        ),
        tuple(
            DashboardEntry(board.uid, board.title, len(list(_panels(board))), mixin.name, module_of(mixin))
            for mixin, board in boards
        ),
    )


def of_stack(stack: str) -> Content:
    """Return what a stack monitors; raises `StackUnavailableError` where its file cannot be used."""
    written = stack_file.configuration(stack)
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in written.items()
        if not (isinstance(value, dict) and "secure" in value)
    }
    sections = [stack_file.section(stack, name, model) for name, model in SECTIONS_WITH_SECRETS.items()]
    secrets = {f"{PROJECT}:{key}": _PLACEHOLDER for each in sections for key in each.secret_keys}
    try:
        with _without_preflight():
            plan = make_plan({**texts, **secrets}, secrets, stack)
    except StackFileError as error:
        raise StackUnavailableError(f"stack {stack}: {'; '.join(error.problems)}") from None
    return content(plan.prometheus["mixins"], plan.settings.thresholds)


@contextmanager
def _without_preflight() -> Iterator[None]:
    """Ask no container engine: whether the stack could be deployed from here and now is another question."""
    before = os.environ.get(SKIP)
    os.environ[SKIP] = "1"
    try:
        yield
    finally:
        del os.environ[SKIP]
        if before is not None:
            os.environ[SKIP] = before


def as_json(found: Content) -> str:
    """Return the numbers, the names of what is missing, and every entry."""
    return json.dumps(
        {
            **found.counts,
            "missing": {
                "runbook": found.without_runbook,
                "test": found.without_test,
                "use": found.unused,
            },
            "entries": asdict(found),
        },
        indent=2,
    )


def as_text(found: Content) -> str:
    """Return the numbers, a line each, and the names of what is missing."""
    missing = {
        "alerts_without_runbook": found.without_runbook,
        "alerts_without_test": found.without_test,
        "rules_nothing_uses": found.unused,
    }
    lines = []
    for name, count in found.counts.items():
        names = f"  {', '.join(missing[name])}" if missing.get(name) else ""
        lines.append(f"{count:>5}  {name.replace('_', ' ')}{names}")
    return "\n".join(lines)


def module_of(mixin: Mixin) -> str:
    """Return the file that defines a mixin, from the root of the checkout."""
    return f"{mixin.rules.__module__.replace('.', '/')}.py"


def _tested(folder: Path) -> Collection[str]:
    """Return the alerts that have a table of faults, and whatever else is named where promtool runs."""
    files = [file.read_text(encoding="utf-8") for file in (folder / "rules").rglob("*.yaml")]
    tables = (yaml.load(text, yaml.BaseLoader) for text in files)  # noqa: S506 - it makes nothing but texts
    programs = (file.read_text(encoding="utf-8") for file in folder.rglob("*.py"))
    named = (re.findall(r"\b[A-Z]\w+", program) for program in programs if "promtool" in program)
    return {name for table in tables for name in table.get("alerts", {})}.union(*named)


def _runbook(alert: Alert) -> str:
    """Return the name of an alert's page, as its link has it."""
    [group] = rule_file((RuleGroup("alert", (alert,)),), Links())["groups"]
    address: str = group["rules"][0]["annotations"]["runbook_url"]
    return address.rpartition("/")[2].removesuffix(".md")


def _readers(
    rules: Sequence[Alert | RecordingRule], boards: Sequence[tuple[Mixin, Dashboard]]
) -> Mapping[str, set[str]]:
    """Return who reads each recording rule, by its name."""
    readers = defaultdict(set)
    for rule in rules:
        reader = rule.name if isinstance(rule, Alert) else rule.record
        for name in set(_NAME.findall(rule.expr)) - {reader}:
            readers[name].add(reader)
    for _, board in boards:
        for name in set(_NAME.findall(json.dumps(board.model))):
            readers[name].add(board.title)
    return readers


def _panels(board: Dashboard) -> Iterator[object]:
    """Yield the panels of a dashboard; rows only arrange them."""
    for panel in board.model["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", ())
        else:
            yield panel
