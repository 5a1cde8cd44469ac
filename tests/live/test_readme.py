"""Every command of the README, in its order, in a fresh copy with an empty home."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from catalogue import Service
from tests.project import CHECKOUT, Project, free_offset

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
OURSELVES = "make test "
"""The one command that is not run here, because it is what runs this test."""


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Project]:
    """A copy as after ``git clone``: no state, no login, no passphrase; only the ports are others."""
    project = Project.copy(tmp_path)
    stack_file = project.path / "Pulumi.local.yaml"
    offset = free_offset()
    stack_file.write_text(
        re.sub(r"encryptionsalt:.*\n", "", stack_file.read_text()) + f"  observability:portOffset: {offset}\n"
    )
    entry = project.path / "examples" / "shop" / "service.yaml"
    entry.write_text(entry.read_text().replace("8080", str(8080 + offset)))
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "OBSERVABILITY_"))}
    project.environment = {
        **clean,
        "PULUMI_HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
        "SHOP_PORT": str(8080 + offset),
    }
    try:
        yield project
    finally:
        shell(project, "make down")


def shell(project: Project, script: str) -> str:
    """Run a block as a person would paste it; whatever it leaves in the background ends with it."""
    script = script.replace("127.0.0.1:8080", "127.0.0.1:$SHOP_PORT")
    script = script.replace("-m examples.shop --log", "-m examples.shop --port $SHOP_PORT --log")
    script = script.replace(
        "-m examples.shop.traffic", "-m examples.shop.traffic --url http://127.0.0.1:$SHOP_PORT"
    )
    # A person watches an alert fire meanwhile, which tests/live/test_signals.py does with shorter windows.
    script = re.sub(r"--duration \d+", "--duration 3", script)
    result = subprocess.run(
        ["bash", "-c", f"set -e; trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}"],
        cwd=project.path,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, f"{script}\n{result.stdout}"
    return result.stdout


def test_every_command_works_in_its_order(clone: Project) -> None:
    # What runs in containers is deployed by the tests of that tier.
    first, using, shop, _containers, asking, plain = blocks("sh")
    assert OURSELVES in first
    assert "all 9 checks passed" in shell(
        clone, "\n".join(x for x in first.splitlines() if OURSELVES not in x)
    )

    output = shell(clone, using)
    assert '"prometheus_url"' in output
    assert "13 unchanged" in output
    assert "13 deleted" in output

    assert "requests" in shell(clone, shop)
    shell(clone, "make down")

    output = shell(clone, asking)
    assert "on-call  by slack, pagerduty" in output
    assert "0  alerts without runbook" in output

    output = shell(clone, plain)
    assert "13 created" in output
    assert "13 deleted" in output


def test_the_service_of_the_readme_is_a_service() -> None:
    (text,) = blocks("yaml")
    service = Service.model_validate(yaml.safe_load(text))
    assert service.service == "cart"
    assert len([line for line in text.splitlines() if line and not line.startswith("#")]) <= 5


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if "://" not in link and not (CHECKOUT / link).exists()] == []
