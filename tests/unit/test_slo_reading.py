"""Files of objectives: what is read as it is, and what is refused with file, line and column."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from rendering import to_yaml
from slo.__main__ import main
from slo.model import Slo
from slo.reading import objectives
from slo.templates import template_problem

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD = """\
version: prometheus/v1
service: shop
labels: {owner: billing}
slos:
  - name: requests
    objective: 99.9
    labels: {category: availability}
    sli:
      events:
        error_query: sum(rate(e[{{.window}}]))
        total_query: sum(rate(t[{{ .window }}]))
    alerting:
      name: ShopFailing
      labels: {channel: shop}
      annotations: {summary: Shop fails.}
      page_alert: {labels: {severity: page}}
      ticket_alert: {disable: true}
"""


def read(folder: Path, *texts: str) -> tuple[list[Slo], list[str]]:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.yaml")
        files[-1].write_text(text, encoding="utf-8")
    slos, problems = objectives(files, "30d")
    return slos, [str(problem).removeprefix(f"{folder}/") for problem in problems]


def test_the_generators_format_is_read_as_it_is(tmp_path: Path) -> None:
    (slo,), problems = read(tmp_path, GOOD)
    assert problems == []
    assert slo.id == "shop/requests"
    assert slo.objective == Decimal("99.9")
    assert slo.labels == {"owner": "billing", "category": "availability"}
    assert slo.page.name == "ShopFailing"
    assert slo.page.labels == {"channel": "shop", "severity": "page"}
    assert slo.page.annotations == {"summary": "Shop fails."}
    assert slo.ticket.disable
    assert slo.indicator.events == "sum(rate(t[{{.window}}]))"


def test_the_same_as_a_resource_is_read(tmp_path: Path) -> None:
    inner = yaml.safe_load(GOOD)
    inner.pop("version")
    text = to_yaml(
        {
            "apiVersion": "sloth.slok.dev/v1",
            "kind": "PrometheusServiceLevel",
            "metadata": {"name": "x"},
            "spec": inner,
        }
    )
    for snake, camel in {
        "error_query": "errorQuery", "total_query": "totalQuery", "page_alert": "pageAlert",
        "ticket_alert": "ticketAlert",
    }.items():  # fmt: skip
        text = text.replace(snake, camel)
    slos, problems = read(tmp_path, text)
    assert problems == []
    assert slos == read(tmp_path, GOOD)[0]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("99.9", "100", "6:16", "leaves no budget"),
        ("99.9", "0.999", "6:16", "where a ratio is meant, write 99.9"),
        ("99.9", "0", "6:16", "must be at least 50"),
        ("99.9", "101", "6:16", "must be at most 99.9999"),
        ("99.9", "99.9%", "6:16", "write the number alone: 99.9"),
        ("99.9", ".nan", "6:16", "must be a number"),
        ("page_alert:", "page_alerts:", "16:7", "did you mean slos.0.alerting.page_alert?"),
        ("ticket_alert: {", "ticket_alert: {labels: {disable: true}, ", "17:40", "beside labels"),
        ("sum(rate(e[{{.window}}]))", "e[{{.window}}]", "10:22", "returns a range of samples"),
        ("sum(rate(e[{{.window}}]))", "sum(rate(e[{{.window}}])", "10:22", "unclosed left parenthesis"),
        ("sum(rate(e[{{.window}}]))", "sum(ratez(e[{{.window}}]))", "10:22", "unknown function with name"),
        ("sum(rate(e[{{.window}}]))", "sum(rate(e[5m]))", "10:22", "has no {{.window}}"),
        ("sum(rate(e[{{.window}}]))", "sum(rate(e[{{.foo}}]))", "10:22", "{{.foo}} is unknown"),
        ("sum(rate(e[{{.window}}]))", "sum(rate(t[{{.window}}]))", "10:22", "is the same as the query"),
        ("sum(rate(e[{{.window}}]))", "avg_over_time(g[{{.window}}])", "10:22", "is no number of events"),
        ("sum(rate(e[{{.window}}]))", "sum(increase(e[{{.window}}]))", "10:22", "mixes events per second"),
        ("sum(rate(e[{{.window}}]))", "sum by (a) (rate(e[{{.window}}]))", "10:22", "is grouped by a"),
        ("Shop fails.", "'{{ $labels.x'", "15:30", "has {{ without }}"),
        ("Shop fails.", "'{{ humanise $value }}'", "15:30", "unknown function humanise"),
        ("owner: billing", "slo_id: x", "3:18", "is a label that the rules set themselves"),
        ("owner: billing", "service: x", "3:19", "is a label that the rules set themselves"),
        ("owner: billing", "a-b: x", "3:15", "is no label name"),
        ("owner: billing", "__name__: x", "3:20", "is no label name"),
        ("owner: billing", "owner: ''", "3:17", "must not be empty"),
        ("service: shop", "service: my shop", "2:10", "use letters, digits"),
        ("name: ShopFailing", "name: ''", "13:13", "name: is required but missing"),
        ("name: requests", "name: requests\n    name: again", "6:5", "is written twice"),
        ("version: prometheus/v1", "version: prometheus/v2", "1:10", "is not known; write a catalogue entry"),
    ],
)  # fmt: skip
def test_what_is_accepted_elsewhere_is_refused(
    tmp_path: Path, old: str, new: str, place: str, message: str
) -> None:
    assert old in GOOD
    slos, problems = read(tmp_path, GOOD.replace(old, new, 1))
    assert len(problems) == 1, problems
    assert message in problems[0]
    assert problems[0].startswith(f"0.yaml:{place}: "), problems[0]
    assert slos == [] or "twice" in message


def test_names_of_one_letter_are_names(tmp_path: Path) -> None:
    slos, problems = read(tmp_path, GOOD.replace("service: shop", "service: a"))
    assert problems == []
    assert slos[0].id == "a/requests"


def test_an_objective_in_two_files_is_found(tmp_path: Path) -> None:
    _, problems = read(tmp_path, GOOD, GOOD)
    assert len(problems) == 1
    assert "the objective shop/requests is also in" in problems[0]


def test_pairs_of_names_that_join_alike_are_two_objectives(tmp_path: Path) -> None:
    first = GOOD.replace("service: shop", "service: aa").replace("name: requests", "name: bb-cc")
    second = GOOD.replace("service: shop", "service: aa-bb").replace("name: requests", "name: cc")
    slos, problems = read(tmp_path, first, second)
    assert problems == []
    assert len({slo.id for slo in slos}) == 2


def test_two_objectives_of_one_name_in_a_file_are_refused(tmp_path: Path) -> None:
    entry = GOOD[GOOD.index("  - name") :]
    _, problems = read(tmp_path, GOOD + entry)
    assert len(problems) == 1
    assert "written twice: requests" in problems[0]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("99.9", "100").replace("page_alert", "page_alerts").replace("owner", "service")
    assert len(read(tmp_path, text, "a: [", "")[1]) == 5


def test_examples_are_read() -> None:
    slos, problems = objectives(sorted((EXAMPLES / "slo").glob("*.yaml")), "30d")
    assert problems == []
    assert {slo.service for slo in slos} == {"orders", "payments", "search"}
    search = next(slo for slo in slos if slo.service == "search")
    assert search.period == "28d"
    assert search.objective == Decimal("99.5")
    assert "{{.window}}" in search.indicator.events


def test_numbers_among_labels_are_text(tmp_path: Path) -> None:
    (slo,), problems = read(tmp_path, GOOD.replace("{owner: billing}", "{floor: 3, le: 0.25, own: true}"))
    assert problems == []
    assert {"floor": "3", "le": "0.25", "own": "true"}.items() <= slo.labels.items()


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD)
    assert main(["generate", str(file), "--out", str(tmp_path / "out")]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"slo.yaml", "slo-shop.yaml"}
    assert main(["validate", str(file)]) == 0
    assert "1 objectives are well" in capsys.readouterr().out
    file.write_text(GOOD.replace("99.9", "90"))
    assert main(["validate", str(file)]) == 0
    assert "note: shop/requests: page on 5m/1h: 14.4 times" in capsys.readouterr().err
    file.write_text(GOOD.replace("99.9", "9000"))
    assert main(["generate", str(file), "--out", str(tmp_path / "none")]) == 1
    assert f"{file}:6:16: slos.0.objective" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plain", ""),
        ('{{ $labels.x }} {{ printf "%.1f" $value }} {{ $value | humanizePercentage }}', ""),
        ("{{ if gt $value 1.0 }}a{{ else }}b{{ end }}", ""),
        ('{{ range query "up" }}{{ .Labels.job }}{{ end }}', ""),
        ("{{ $x := 1 }}{{ $x }}", ""),
        ("{{ end }}", "without its beginning"),
        ("{{ if $value }}", "without {{ end }}"),
        ("{{ $label.x }}", "uses $label"),
        ("}} {{", "}}"),
        ("{{ }}", "empty"),
    ],
)
def test_templates(text: str, problem: str) -> None:
    assert problem in template_problem(text) if problem else template_problem(text) == ""


def test_objectives_alone_load_no_mixin_and_no_model_of_a_stack_file() -> None:
    code = "import sys, slo.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLES.parent, check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert {"slo.__main__", "catalogue.model", "mixins.model"} <= loaded
    assert not loaded & {"mixins.shipped", "mixins.services", "mixins.thresholds", "settings", "pulumi"}
