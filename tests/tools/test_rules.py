"""Every alert fires on its fault and only then; every recording rule gives the value it promises.

Prometheus' own promtool evaluates the rules as they are rendered; ``rules/*.yaml`` says on what.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mixins.model import Alert, Links, RecordingRule, rule_file
from mixins.shipped import MIXINS
from mixins.stack import backup
from mixins.thresholds import Thresholds

TABLES = Path(__file__).parent / "rules"
THRESHOLDS = Thresholds()
ALL = (*MIXINS, *backup.expected(("prometheus", "grafana"), "production"))
WITH_RULES = tuple(mixin for mixin in ALL if mixin.rules(THRESHOLDS))
NO_SAMPLES: list[Any] = []
LATER = "later"
"""Where a table says that an alert outlives its data, because it is they that are missed."""

Test = dict[str, Any]
Check = tuple[int, str, list[Any]]
"""When to look (minutes), at which expression, and the samples to see."""


def rules_of(name: str) -> tuple[RecordingRule | Alert, ...]:
    groups = next(mixin for mixin in ALL if mixin.name == name).rules(THRESHOLDS)
    return tuple(rule for group in groups for rule in group.rules)


def alerts_of(name: str) -> dict[str, Alert]:
    return {rule.name: rule for rule in rules_of(name) if isinstance(rule, Alert)}


def table_of(name: str) -> dict[str, Any]:
    text = (TABLES / f"{name}.yaml").read_text().replace("WINDOW", THRESHOLDS.window)
    # Everything stays text: YAML would read the series 0x10, ten zeros, as the number sixteen.
    return dict(yaml.load(text, yaml.BaseLoader))


def minutes(duration: str) -> int:
    number, unit = int(duration[:-1]), duration[-1]
    return number * {"m": 1, "h": 60}[unit]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    assert program, "promtool is not on PATH; run the tests with make test, which provides it"
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


def case(name: str, series: dict[str, str], *checks: Check, interval: str = "1m") -> Test:
    return {
        "name": name,
        "interval": interval,
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{at}m", "exp_samples": samples} for at, expr, samples in checks
        ],
    }


def selector(labels: dict[str, str]) -> str:
    return ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()))


def alert_cases(alert: Alert, entry: dict[str, Any]) -> Iterator[Test]:
    at, firing = minutes(entry["at"]), f'ALERTS{{alertname="{alert.name}", alertstate="firing"}}'
    fault = entry["fires"]["series"]
    labels = {"alertname": alert.name, "alertstate": "firing", "severity": alert.severity.value}
    sample = {"labels": f"ALERTS{{{selector(labels | entry['fires']['labels'])}}}", "value": 1}
    gone = entry.get("gone", "20m")
    ended = [] if gone == LATER else [(at + minutes(gone), firing, NO_SAMPLES)]
    # Data begin at minute 0, so before its ``for`` has passed no alert may fire.
    early = [(minutes(alert.for_) - 1, firing, NO_SAMPLES)] if alert.for_.endswith(("m", "h")) else []
    yield case(
        f"{alert.name} fires after its wait, until its data end",
        fault,
        *early,
        (at, firing, [sample]),
        *ended,
    )
    for name, series in entry.get("also", {}).items():
        yield case(f"{alert.name} fires: {name}", series, (at, firing, [sample]))
    for name, series in entry["silent"].items():
        yield case(f"{alert.name} is silent: {name}", series, (at, firing, NO_SAMPLES))


def record_cases(entry: dict[str, Any]) -> Iterator[Test]:
    expected: dict[str, list[Any]] = {}
    for series, value in entry["expected"].items():
        expected.setdefault(series.split("{")[0], []).append({"labels": series, "value": float(value)})
    at = minutes(entry["at"])
    checks = ((at, name, samples) for name, samples in expected.items())
    yield case(entry["name"], entry["series"], *checks, interval=entry.get("interval", "1m"))


def cases(name: str) -> Iterator[Test]:
    others = 'ALERTS{alertname!="Watchdog", alertstate="firing"}'
    yield case(f"{name} is silent without data", {}, (120, others, NO_SAMPLES))
    table = table_of(name)
    for alert, entry in table["alerts"].items():
        yield from alert_cases(alerts_of(name)[alert], entry)
    for entry in table.get("records", ()):
        yield from record_cases(entry)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    for mixin in WITH_RULES:
        content = rule_file(mixin.rules(THRESHOLDS), Links(grafana="http://127.0.0.1:3000"))
        (folder / f"{mixin.name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False, width=1000))
    return folder


def test_promtool_accepts_the_rules(rendered: Path) -> None:
    result = promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(rendered.glob("*.yaml")))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", [mixin.name for mixin in WITH_RULES])
def test_rules_fire_and_stay_silent(rendered: Path, tmp_path: Path, name: str) -> None:
    by_interval: dict[str, list[Test]] = defaultdict(list)
    for test in cases(name):
        by_interval[test["interval"]].append(test)
    for interval, tests in by_interval.items():
        # Rules are evaluated as often as there are samples: what takes a week is looked at less often.
        content = {
            "rule_files": [str(rendered / f"{name}.yaml")],
            "evaluation_interval": interval,
            "fuzzy_compare": True,
            "tests": tests,
        }
        file = tmp_path / f"every-{interval}.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False, width=1000))
    result = promtool("test", "rules", *sorted(tmp_path.glob("*.yaml")))
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_missing_backup_is_told_for_a_week(rendered: Path) -> None:
    labels = {"alertname": "BackupMissing", "alertstate": "firing"}
    firing = f"ALERTS{{{selector(labels)}}}"
    told = selector(labels | {"severity": "critical", "volume": "loki"})
    sample = {"labels": f"ALERTS{{{told}}}", "value": 1}
    pushed = {'backup_last_success_timestamp_seconds{job="backup", volume="loki"}': "0"}
    checks = ((24 * 60, firing, NO_SAMPLES), (167 * 60, firing, [sample]), (170 * 60, firing, NO_SAMPLES))
    content = {
        "rule_files": ["backup.yaml"],
        "evaluation_interval": "1h",
        "tests": [case("a backup that ran once", pushed, *checks)],
    }
    file = rendered / "missing-backup.yaml"
    file.write_text(yaml.safe_dump(content))
    result = promtool("test", "rules", file)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_watchdog_always_fires(rendered: Path) -> None:
    sample = {"labels": 'ALERTS{alertname="Watchdog", alertstate="firing", severity="none"}', "value": 1}
    test = case("Watchdog", {}, (1, 'ALERTS{alertname="Watchdog"}', [sample]))
    content = {"rule_files": ["general.yaml"], "evaluation_interval": "1m", "tests": [test]}
    file = rendered / "watchdog.yaml"
    file.write_text(yaml.safe_dump(content))
    result = promtool("test", "rules", file)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("limit", "noticed"), [("> 0.05 ", False), ("> 0.5 ", True)])
def test_a_wrong_rule_is_noticed(rendered: Path, tmp_path: Path, limit: str, noticed: bool) -> None:
    text = (rendered / "http.yaml").read_text()
    assert "> 0.05 and" in text
    (tmp_path / "http.yaml").write_text(text.replace("> 0.05 ", limit))
    tests = [test for test in cases("http") if test["name"].startswith("HighErrorRate fires")]
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["http.yaml"], "tests": tests}))
    assert (promtool("test", "rules", tmp_path / "test.yaml").returncode != 0) is noticed


@pytest.mark.parametrize("name", [mixin.name for mixin in WITH_RULES])
def test_every_rule_has_its_tests(name: str) -> None:
    table = table_of(name)
    assert set(table["alerts"]) == set(alerts_of(name)) - {"Watchdog"}
    for alert, entry in table["alerts"].items():
        assert entry["fires"]["series"], f"{alert}: no fault"
        assert entry["silent"], f"{alert}: no healthy case"
        assert all(entry["silent"].values()), f"{alert}: a healthy case needs data"
    records = {rule.record for rule in rules_of(name) if isinstance(rule, RecordingRule)}
    tested = {series.split("{")[0] for entry in table.get("records", ()) for series in entry["expected"]}
    assert tested == records


@pytest.mark.parametrize("name", [mixin.name for mixin in WITH_RULES])
def test_descriptions_name_only_labels_that_the_alert_has(name: str) -> None:
    for alert, entry in table_of(name)["alerts"].items():
        named = set(re.findall(r"\$labels\.(\w+)", alerts_of(name)[alert].description))
        assert named <= set(entry["fires"]["labels"]), alert


def test_every_table_belongs_to_a_mixin() -> None:
    assert {file.stem for file in TABLES.glob("*.yaml")} == {mixin.name for mixin in WITH_RULES}
