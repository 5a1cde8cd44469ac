"""The service catalogue: what teams write, and what they read when it is wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

import catalogue
from catalogue.schema import FILE, schema
from scraping.services import service_jobs
from tests.unit.test_scraping import PLACEMENT


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_five_lines_make_a_service(tmp_path: Path) -> None:
    write(tmp_path, "shop.yaml", "service: shop\nteam: storefront\nmetrics: {targets: ['127.0.0.1:8080']}\n")
    services, problems = catalogue.load([tmp_path])
    assert problems == []
    assert service_jobs(services, PLACEMENT, None, None)[0].configuration() == {
        "job_name": "shop",
        "static_configs": [
            {"targets": ["127.0.0.1:8080"], "labels": {"service": "shop", "team": "storefront"}}
        ],
    }


def test_services_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path, f"{ord(name)}.yaml", f"service: {name}\nteam: t\n")
    assert [service.service for service in catalogue.load([tmp_path])[0]] == ["a", "b", "c"]


def test_every_problem_of_every_file_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "service: A B\nteam: t\n")
    write(tmp_path, "b.yaml", "service: b\nowner: t\nmetrics: {targets: [localhost]}\n")
    write(tmp_path, "c.yaml", "service: [\n")
    write(tmp_path, "d.yaml", "service: d\nteam: t\n")
    write(tmp_path, "e.yaml", "service: d\nteam: t\n")
    services, problems = catalogue.load([tmp_path, tmp_path / "missing"])
    text = "\n".join(problems)
    assert [service.service for service in services] == ["d"]
    assert "a.yaml:1:10: service: use lower-case letters" in text
    assert "b.yaml:1:1: team: is required but missing" in text
    assert "b.yaml:2:1: owner: unknown setting" in text
    assert "b.yaml:3:21: metrics.targets.0: use host:port" in text
    assert "c.yaml:2:1: is not YAML" in text
    assert "e.yaml:1:10: service: 'd' is also in" in text
    assert "folder 'missing' cannot be read (No such file or directory)" in text
    assert len(problems) == 7


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("service: café".encode("latin-1"))
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    write(tmp_path, "short.yml", "service: short\nteam: t\n")
    services, problems = catalogue.load([tmp_path, tmp_path / ("x" * 300)])
    assert [service.service for service in services] == ["short"]
    text = "\n".join(problems)
    assert "latin.yaml: cannot be read: it is not UTF-8 text" in text
    assert "folder.yaml: cannot be read: Is a directory" in text
    assert "gone.yaml: cannot be read: No such file or directory" in text
    assert "cannot be read (File name too long)" in text
    assert len(problems) == 4


ENTRY = """\
service: shop
team: storefront
tier: 1
probes: [https://shop.example.org]
alerts: {page: {labels: {channel: shop}}}
slos:
  - name: availability
    objective: 99.9
    availability: {only: 'route!="/health"'}
    sla: {objective: 99.5}
  - name: latency
    latency: {percentile: 95, below: 500ms}
    sla: {below: 1s}
  - {name: up, objective: 99, period: month, uptime: {}}
  - {name: journey, objective: 99, journey: {steps: [shop/availability, shop/latency]}}
"""


def test_an_entry_has_objectives_and_agreements(tmp_path: Path) -> None:
    write(tmp_path, "shop.yaml", ENTRY)
    (shop,), problems = catalogue.load([tmp_path])
    assert problems == []
    slos = {slo.name: slo for slo in shop.objectives}
    assert list(slos) == ["availability", "availability-sla", "latency", "latency-sla", "up", "journey"]
    assert (slos["availability"].objective, slos["availability-sla"].objective) == (
        Decimal("99.9"),
        Decimal("99.5"),
    )
    assert slos["availability-sla"].commitment == "sla"
    assert 'service="shop", route!="/health", status=~"5.."' in slos["availability"].indicator.errors
    assert slos["latency"].objective == slos["latency-sla"].objective == 95
    assert 'le="0.5"' in slos["latency"].indicator.errors
    assert 'le=~"1(\\\\.0)?"' in slos["latency-sla"].indicator.errors
    assert slos["up"].page.labels == {"channel": "shop"}
    assert slos["up"].labels == {"tier": "1"}


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("objective: 99.9", "objective: 0.999", "8:16", "write 99.9"),
        ("objective: 99.9", "objektive: 99.9", "8:5", "did you mean slos.0.objective?"),
        ("below: 500ms", "below: 300ms", "12:38", "latency.below: no bucket"),
        ("sla: {below: 1s}", "sla: {below: 2s}", "13:18", "sla.below: no bucket"),
        ("percentile: 95, ", "", "11:5", "objective: is required but missing"),
        ("uptime: {}", "uptime: {}, latency: {below: 1s}", "14:5", "got latency and uptime"),
        ("name: up", "name: latency", "14:12", "'latency' is written twice"),
        ("name: up", "name: latency-sla", "14:12", "is the agreement (sla) of"),
        ("probes: [https://shop.example.org]", "probes: []", "14:54", "slos.2.uptime: counts probes, but"),
        ("shop/latency]", "shop/latenzy]", "15:73", "did you mean shop/latency?"),
        ("channel: shop", "slo: shop", "5:31", "page.labels.slo: is a label that the rules set themselves"),
        ("route!=\"/health\"", "route=/health", "9:26", "use matchers such as"),
        ("tier: 1", "tier: 1\ntier: 2", "4:1", "is written twice"),
        ("tier: 1", "tier: 9", "3:7", "must be one of 1, 2, 3"),
    ],
)  # fmt: skip
def test_mistakes_in_objectives_name_line_and_column(
    tmp_path: Path, old: str, new: str, place: str, message: str
) -> None:
    assert old in ENTRY
    write(tmp_path, "shop.yaml", ENTRY.replace(old, new, 1))
    problems = catalogue.load([tmp_path])[1]
    assert [problem for problem in problems if message in problem and f"shop.yaml:{place}: " in problem], (
        problems
    )
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: is empty; write at least service: NAME and team: NAME"),
        ("- service: a\n", "1:1: is no entry; write at least service: NAME"),
        ("just text\n", "1:1: is no entry; write at least service: NAME"),
        ("service: a\n\tteam: t\n", "2:1: is not YAML: found a tab character"),
        ("service: a\nteam: 't\n", "2:7: is not YAML: found unexpected end of stream; close"),
        ("service: a\nteam: t\ndescription: Shop: sells\n", "3:18: is not YAML: mapping values"),
        ("service: a\nteam: *t\n", "2:7: is not YAML: found undefined alias; write &NAME"),
        ("service: a\x00\nteam: t\n", "1:11: has the control character U+0000; remove it"),
        ("service: 42\nteam: t\n", "1:10: service: must be text, got 42; write it in quotes"),
        ("service: a\nteam: 2026-11-25\n", "2:7: team: must be text, got 2026-11-25; write it in quotes"),
        ("service: Bücher\nteam: t\n", '1:10: service: use lower-case letters, digits and hyphens'),
        ("service: a\nteam: t\nmetrics: {port: 80, interval: 15}\n", "3:31: metrics.interval: needs a unit"),
        ("service: a\nteam: t\nmetrics: {port: 80, path: metrics}\n", "3:27: metrics.path: begin with"),
        ("service: a\nteam: t\nslos: " + "[" * 900 + "]" * 900 + "\n", "3:57: slos: is nested"),
        ("service: a\nteam: t\n---\nservice: b\nteam: t\n", "4:1: is a second entry; write one"),
    ],
)  # fmt: skip
def test_mistakes_that_no_editor_sees_say_what_to_write(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, "a.yaml", text)
    problems = catalogue.load([tmp_path])[1]
    assert f"a.yaml:{problem}" in problems[0], problems
    assert "stack file" not in "".join(problems)
    assert "\\u" not in "".join(problems)


def test_every_mistake_of_a_check_has_its_own_place(tmp_path: Path) -> None:
    labels = "alerts: {page: {labels: {slo: a, a-b: c}}}"
    write(tmp_path, "shop.yaml", ENTRY.replace("alerts: {page: {labels: {channel: shop}}}", labels))
    places = [problem.partition("shop.yaml:")[2].split(": ")[:2] for problem in catalogue.load([tmp_path])[1]]
    assert places == [["5:31", "alerts.page.labels.slo"], ["5:39", "alerts.page.labels.a-b"]]


def test_a_journey_has_two_steps_and_mistakes_elsewhere_are_not_its_own(tmp_path: Path) -> None:
    write(tmp_path, "shop.yaml", ENTRY.replace(", shop/latency]", "]"))
    (problem,) = catalogue.load([tmp_path])[1]
    assert "journey.steps: a journey has at least two steps; name another" in problem
    write(tmp_path, "shop.yaml", ENTRY.replace("shop/latency]", "cart/add, pay/x]"))
    write(tmp_path, "cart.yaml", "service: cart\nteam: t\nowner: x\n")
    refused, unknown = catalogue.load([tmp_path])[1]
    assert "cart.yaml:3:1: owner: unknown" in refused
    assert "steps.2: no objective is called 'pay/x'; use service/objective" in unknown


def test_an_ending_in_capitals_is_read_as_well(tmp_path: Path) -> None:
    write(tmp_path, "A.YAML", "service: a\nteam: t\n")
    assert [service.service for service in catalogue.load([tmp_path])[0]] == ["a"]


def test_hundreds_of_files_make_one_report(tmp_path: Path) -> None:
    for number in range(300):
        write(
            tmp_path, f"{number:03}.yaml", f"service: s{number}\nteam: {'T' if number % 100 == 7 else 't'}\n"
        )
    services, problems = catalogue.load([tmp_path])
    assert len(services) == 297
    assert [problem.split(":")[0].rpartition("/")[2] for problem in problems] == [
        "007.yaml",
        "107.yaml",
        "207.yaml",
    ]


def test_the_schema_for_editors_is_current() -> None:
    assert FILE.read_text() == schema(), "run: python -m catalogue.schema"
    for example in (FILE.parents[1] / "examples").rglob("*.yaml"):
        first = example.read_text().splitlines()[0]
        if "$schema=" in first:
            assert (example.parent / first.partition("$schema=")[2]).resolve() == FILE
            jsonschema.validate(yaml.safe_load(example.read_text()), json.loads(schema()))


def test_an_alias_that_contains_itself_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "service: &x [*x]\nteam: t\n")
    assert "contains itself" in "".join(catalogue.load([tmp_path])[1])
