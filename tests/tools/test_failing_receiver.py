"""A receiver refuses for a while: a real Prometheus notices and tells by another route."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import toolchain
from components import prometheus
from mixins.model import Alert, Links, Mixin, RuleGroup
from mixins.stack import alertmanager as mixin
from mixins.thresholds import Thresholds
from scraping import own_jobs
from settings.model import Metrics
from tests.project import until
from tests.tools.alertmanager_server import Folder, alertmanager, free_port, receivers
from tests.tools.notified import http_stub, smtp_stub

pytestmark = pytest.mark.tools

NAME = "AlertmanagerNotificationsFailing"
WARNING = {"alertname": "HighMemoryUsage", "severity": "warning", "service": "shop"}


def at_once(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the rules as they are, but for how long a condition must hold and is remembered."""
    return tuple(
        replace(
            group,
            rules=tuple(
                replace(rule, for_="1s", keep_firing_for="") if isinstance(rule, Alert) else rule
                for rule in group.rules
            ),
        )
        for group in mixin.rules(thresholds)
    )


@contextmanager
def watching(folder: Path, port: int, alertmanager_port: int) -> Iterator[None]:
    """Run Prometheus with the stack's configuration; all it scrapes, and tells, is Alertmanager."""
    placement = Folder({}, {}, folder, port, elsewhere=alertmanager_port)
    described = prometheus.workload(
        {
            "environment": "test",
            "metrics": Metrics(scrape_interval="1s"),
            "rule_folders": (),
            "jobs": own_jobs(("alertmanager",), placement),
            "mixins": (Mixin("alertmanager", frozenset(), at_once),),
            "thresholds": Thresholds(window="10s"),
            "links": Links(),
        },
        placement,
    )
    for name, text in described.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(str(text), encoding="utf-8")
    program = toolchain.find("prometheus")
    assert program, "prometheus is not installed; run: make setup"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *described.arguments], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def test_a_channel_that_refuses_is_told_by_another_and_again_when_it_is_over(tmp_path: Path) -> None:
    folders = [tmp_path / "alertmanager", tmp_path / "prometheus"]
    for folder in folders:
        folder.mkdir()
    with http_stub() as journal, http_stub() as chat, smtp_stub() as mail:
        alerting = receivers(
            {"name": "chat", "webhook": {"url": f"http://127.0.0.1:{chat.port}/chat"}},
            {
                "name": "on-call",
                "email": {
                    "to": "on-call@example.org",
                    "sender": "alerts@example.org",
                    "smarthost": f"127.0.0.1:{mail.port}",
                },
            },
            routes=[{"match": {"severity": "critical"}, "receiver": "on-call"}],
        )

        def subjects() -> Mapping[str, str]:
            return {str(each["Subject"]).split()[0]: str(each["Subject"]) for each in mail.messages}

        port = free_port()
        chat.status = 429
        with (
            alertmanager(alerting, folders[0], port, journal.port) as running,
            watching(folders[1], free_port(), port),
        ):
            running.fire(WARNING)
            until(lambda: "[CRITICAL]" in subjects(), seconds=60, what=f"{NAME} by mail")
            assert NAME in subjects()["[CRITICAL]"]
            assert not chat.requests
            assert "by webhook." in str(mail.messages[0].get_body(("plain",)))
            chat.status = 200
            until(lambda: chat.requests, seconds=60, what="the warning in the chat that takes it again")
            until(lambda: "[RESOLVED]" in subjects(), seconds=60, what=f"the end of {NAME} by mail")
    [alert] = chat.requests[0].body["alerts"]
    assert alert["labels"] == WARNING
    assert NAME in subjects()["[RESOLVED]"]
