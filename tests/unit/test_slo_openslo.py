"""OpenSLO in both of its versions: what is read, what is refused; and that nothing makes a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from documents import Document
from rendering import to_yaml
from slo import openslo
from slo.reading import objectives_of
from tests.unit.test_slo_reading import EXAMPLES, GOOD, read

ALPHA = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: answers}
spec:
  service: search
  budgetingMethod: Occurrences
  objectives:
    - target: 0.995
      ratioMetrics:
        good: {source: prometheus, queryType: promql, query: "sum(rate(good[{{.window}}]))"}
        total: {source: prometheus, queryType: promql, query: "sum(rate(all[{{.window}}]))"}
    - target: 0.9
      displayName: Slow (answers)
      ratioMetrics:
        bad: {query: "sum(rate(bad[5m]))"}
        total: {query: "sum(rate(all[5m]))"}
  timeWindows: [{count: 28, unit: Day}]
"""


def test_the_first_version_of_openslo_is_read(tmp_path: Path) -> None:
    (first, second), problems = read(tmp_path, ALPHA)
    assert problems == []
    assert (first.id, first.objective, first.period) == ("search/answers-0", Decimal("99.5"), "28d")
    assert second.id == "search/answers-slow-answers"
    assert second.indicator.errors == "sum(rate(bad[{{.window}}]))"
    assert first.indicator.events == second.indicator.events == "sum(rate(all[{{.window}}]))"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count: 28", "count: 14", "17:17: spec.timeWindows.0: must be 7, 28 or 30"),
        (
            "source: prometheus",
            "source: datadog",
            "10:24: spec.objectives.0.ratioMetrics.good.source",
        ),
        ("sum(rate(good[{{.window}}]))", "good", "10:62: spec.objectives.0.ratioMetrics.good.query: has no"),
        ("ratioMetrics", "ratioMetric", "8:7: spec.objectives.0.ratioMetrics: is required but missing"),
    ],
)
def test_mistakes_in_the_first_version_of_openslo(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ALPHA
    slos, problems = read(tmp_path, ALPHA.replace(old, new, 1))
    assert slos == []
    assert any(message in problem for problem in problems), problems


def test_openslo_is_read_as_it_was_written(tmp_path: Path) -> None:
    (slo,), _ = read(tmp_path, GOOD)
    text = "---\n".join(to_yaml(each) for each in openslo.documents_of([slo]))
    (again,), problems = read(tmp_path, text)
    assert problems == []
    assert (again.id, again.objective, again.period, again.indicator) == (
        slo.id, slo.objective, slo.period, slo.indicator,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target: 0.995", "target: 99.5", "must be a ratio between 0 and 1"),
        ("target: 0.995", "target: 0.995\n      timeSliceTarget: 0.9", "events are counted, not slices"),
        ("duration: 28d", "duration: 14d", "must be 7d, 28d or 30d"),
        ("indicatorRef: search-answers", "indicatorRef: other", "no SLI is called 'other'"),
        ("budgetingMethod: Occurrences", "budgetingMethod: Timeslices", "must be Occurrences"),
        ("service: search", "servise: search", "unknown setting"),
        ("service: search", "service: a search", "use letters, digits"),
        ("type: Prometheus", "type: Datadog", "must be Prometheus"),
    ],
)
def test_openslo_that_means_something_else_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (EXAMPLES / "slo" / "openslo.yaml").read_text()
    assert old in text
    slos, problems = read(tmp_path, text.replace(old, new, 1))
    assert slos == []
    assert any(message in problem for problem in problems)
    assert all(problem.split(":")[1].isdecimal() for problem in problems)


JUNK: tuple[Any, ...] = (None, [], {}, 3, "", "x y", True, [[]], {"a": []}, ["x"], "{{")
"""What nobody means to write."""


def _paths(value: object, path: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for key, one in inner:
        yield from _paths(one, (*path, key))


@pytest.mark.parametrize("text", [GOOD, ALPHA, (EXAMPLES / "slo" / "openslo.yaml").read_text()])
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    """A line for a person, never a traceback: every value of a file in turn is something else."""
    written = list(yaml.safe_load_all(text))
    refused = 0
    for number, document in enumerate(written):
        for path in _paths(document):
            for junk in JUNK[len(path) % 2 :: 2]:
                changed = copy.deepcopy(written)
                inner: Any = changed
                for key in (number, *path[:-1]) if path else ():
                    inner = inner[key]
                inner[path[-1] if path else number] = junk
                documents = [Document("f.yaml", each) for each in changed if each is not None]
                refused += bool(objectives_of(documents, "30d")[1])
    assert refused > 50
