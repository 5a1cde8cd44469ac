"""Alerts on what is in a namespace reach Alertmanager with that namespace's team: Prometheus sends them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from components.prometheus import PrometheusArgs, configuration
from plan import make_plan
from rendering import to_yaml
from runtimes import SKIP
from tests.project import until
from tests.serving import serving

FOUND = {"PodOfShop": {"namespace": "shop"}, "PodOfPipes": {"namespace": "pipes"}, "Machine": {"node": "n"}}
TEAMS = {"kubernetes": {"teams": {"shop": "checkout", "pipe": "other"}}}


@contextmanager
def alertmanager() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """Yield the address of a stub, and alert → labels as they arrive there."""
    arrived: dict[str, dict[str, str]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
                arrived[alert["labels"]["alertname"]] = alert["labels"]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"127.0.0.1:{server.server_port}", arrived


@contextmanager
def prometheus(config: Path) -> Iterator[None]:
    """Run Prometheus with a configuration; nobody asks it anything, so any free port will do."""
    program = shutil.which("prometheus")
    assert program, "prometheus is not on PATH; run the tests with make test, which provides it"
    process = subprocess.Popen(
        [
            *(program, f"--config.file={config}", f"--storage.tsdb.path={config.parent / 'data'}"),
            "--web.listen-address=127.0.0.1:0",
            # The first may be lost, because Alertmanager is not known yet: again soon, not in a minute.
            "--rules.alert.resend-delay=1s",
        ],
        stdout=subprocess.DEVNULL,
        stderr=(config.parent / "log").open("wb"),
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def rule(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"alert": name, "expr": "vector(1)", "labels": labels}


def test_an_alert_has_the_team_of_its_namespace_unless_it_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SKIP, "1")  # nothing is deployed
    config = {f"observability:{key}": json.dumps(value) for key, value in TEAMS.items()}
    plan = make_plan({"observability:target": "process", **config}, (), "local")
    rules = [
        *(rule(name, labels) for name, labels in FOUND.items()),
        rule("Own", {"namespace": "shop", "team": "payments"}),
    ]
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.yaml").write_text(to_yaml({"groups": [{"name": "all", "rules": rules}]}))
    given: PrometheusArgs = {**plan.prometheus, "jobs": ()}
    with alertmanager() as (address, arrived):
        text = to_yaml(configuration(given, plan.runtime.placement))
        text = text.replace(plan.runtime.placement.config("prometheus"), str(tmp_path))
        text = text.replace(plan.runtime.placement.address("alertmanager", "http"), address)
        text = text.replace("interval: 15s", "interval: 1s")
        (tmp_path / "prometheus.yaml").write_text(text)
        with prometheus(tmp_path / "prometheus.yaml"):
            until(lambda: len(arrived) == len(rules), seconds=60, what="alerts arrive")
    teams = {name: labels.get("team") for name, labels in arrived.items()}
    assert teams == {"PodOfShop": "checkout", "PodOfPipes": None, "Machine": None, "Own": "payments"}
