"""The service catalogue: what teams write, and what they read when it is wrong."""

from __future__ import annotations

from pathlib import Path

import catalogue
from scraping import service_jobs


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_five_lines_make_a_service(tmp_path: Path) -> None:
    write(tmp_path, "shop.yaml", "service: shop\nteam: storefront\nmetrics: {targets: ['127.0.0.1:8080']}\n")
    services, problems = catalogue.load([tmp_path])
    assert problems == []
    assert service_jobs(services)[0].configuration() == {
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
    assert "e.yaml:1:10: service: 'd' is in the catalogue twice" in text
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
