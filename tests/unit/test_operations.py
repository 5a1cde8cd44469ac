"""What people read about a running stack, and the locks that killed engines leave."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import versions
from operations import __main__ as command_line
from operations import health, images, routes
from operations.locks import abandoned
from operations.stack import StackUnavailableError
from settings import Images
from tests.project import CHECKOUT
from tests.serving import serving


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@contextmanager
def server(answers: dict[str, tuple[int, bytes]], login: Sequence[tuple[str, str]] = ()) -> Iterator[str]:
    """Answer on loopback by path, everything else is 404; ``login`` is who reads and who pushes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path.partition("?")[0], (404, b""))
            pushed = self.path.endswith("/push")
            if login and self.headers.get("Authorization") != _basic(*login[pushed]):
                status, body = 401, b""
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def targets(*states: tuple[str, str]) -> bytes:
    """Return Prometheus' answer about targets: job and health."""
    found = [
        {"labels": {"job": job}, "scrapeUrl": f"http://{job}", "health": state, "lastError": "refused"}
        for job, state in states
    ]
    return json.dumps({"data": {"activeTargets": found}}).encode()


def test_a_healthy_stack_has_no_problem() -> None:
    answers = {
        "/-/ready": (200, b""),
        "/ready": (200, b""),
        "/loki/api/v1/push": (405, b""),
        "/api/v1/targets": (200, targets(("loki", "up"), ("jaeger", "up"))),
    }
    with server(answers) as url:
        found = health.check(
            {
                "prometheus_url": url,
                "loki_url": url,
                "loki_push_url": f"{url}/loki/api/v1/push",
                "environment": "x",
            }
        )
    assert [check.problem for check in found] == [""] * 4
    assert found[-1].subject == "2 of the stack's own parts"


@pytest.mark.parametrize("push_password", ["of-programs", "wrong"])
def test_a_login_is_asked_as_people_and_as_programs(push_password: str) -> None:
    answers = {
        "/-/ready": (200, b""),
        "/loki/api/v1/push": (403, b""),
        "/api/v1/targets": (200, targets(("loki", "up"))),
    }
    with server(answers, [("viewer", "of-people"), ("push", "of-programs")]) as url:
        found = health.check(
            {
                "prometheus_url": url,
                "loki_push_url": f"{url}/loki/api/v1/push",
                "login_username": "viewer",
                "login_password": "of-people",
                "push_username": "push",
                "push_password": push_password,
            }
        )
    wrong = "answers 401" if push_password == "wrong" else ""
    assert [check.problem for check in found] == ["", wrong, ""]


def test_what_does_not_answer_or_is_not_scraped_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
        answers = {
            "/-/ready": (503, b""),
            "/api/v1/targets": (200, targets(("loki", "down"), ("jaeger", "up"))),
        }
        with server(answers) as url:
            found = health.check(
                {"prometheus_url": url, "jaeger_url": f"http://{nobody}", "otlp_grpc_endpoint": nobody}
            )
    problems = {check.name: check.problem for check in found}
    assert problems["prometheus_url"] == "answers 503"
    assert problems["jaeger_url"].startswith("does not answer: ")
    assert problems["otlp_grpc_endpoint"].startswith("does not answer: ")
    assert problems["scrape loki"] == "refused"


def test_exit_status_and_table_tell_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "outputs", lambda *_, **__: {"notices": ["Grafana is left out"]})
    checks = [health.Check("loki_url", "http://x", ""), health.Check("jaeger_url", "http://y", "answers 503")]
    monkeypatch.setattr(health, "check", lambda _: checks)
    assert command_line.main(["health", "--stack", "s"]) == 1
    shown = capsys.readouterr().out
    assert "FAIL  jaeger_url" in shown
    assert "1 of 2 checks failed" in shown
    assert "Grafana is left out" in shown
    checks.pop()
    assert command_line.main(["health", "--stack", "s"]) == 0


def lock(folder: Path, pid: int, host: str) -> str:
    """Write a lock as the engine does; return the backend's URL."""
    file = folder / ".pulumi" / "locks" / "organization" / "observability" / "local" / "a.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"pid": pid, "username": "u", "hostname": host}))
    return folder.as_uri()


def test_only_the_lock_of_a_dead_engine_of_this_machine_is_abandoned(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert list(abandoned(lock(tmp_path / "dead", ended.pid, socket.gethostname()), "local"))
    assert not list(abandoned(lock(tmp_path / "alive", os.getpid(), socket.gethostname()), "local"))
    assert not list(abandoned(lock(tmp_path / "elsewhere", ended.pid, "another-machine"), "local"))
    assert not list(abandoned("https://state.example.org", "local"))


ROUTING = """config:
  observability:alerting:
    receivers:
      - {name: chat, slack: {channel: "#a"}}
      - {name: on-call, pagerduty: {}, webhook: {url: "http://127.0.0.1:1/"}}
    timeIntervals: [{name: night, periods: [{times: [{start: "22:00", end: "24:00"}]}]}]
    routes:
      - {match: {severity: critical}, receiver: on-call, groupWait: 0s, muteTimeIntervals: [night]}
"""


def test_a_route_says_who_hears_of_an_alert_how_and_when(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(ROUTING)
    lines = routes.as_text("x", {"severity": "critical"}, tmp_path).splitlines()
    assert lines == [
        (
            "on-call  by webhook, pagerduty; grouped by alertname, environment, service; at once; "
            "changes after 5m; again after 12h; not in the time of night"
        ),
        "A copy of every notification is kept as a log line.",
    ]
    [found] = json.loads(routes.as_json("x", {"severity": "info"}, tmp_path))
    assert (found["receiver"], found["channels"], found["group_wait"]) == ("chat", ["slack"], "30s")
    [watchdog] = json.loads(routes.as_json("x", {"alertname": "Watchdog"}, tmp_path))
    assert (watchdog["receiver"], watchdog["channels"]) == ("dead-mans-switch", [])


def test_a_route_is_printed_by_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["route", "--stack", "prod", "severity=critical", "team=payments"]) == 0
    assert capsys.readouterr().out.startswith("on-call  by slack, pagerduty; ")
    assert command_line.main(["route", "--stack", "local", "severity=critical"]) == 0
    assert capsys.readouterr().out.startswith("nobody\n")
    assert command_line.main(["route", "--stack", "prod", "critical"]) == 1
    assert capsys.readouterr().err == (
        "error: 'critical' is no label; write name=value, such as severity=critical\n"
    )


def test_a_routing_that_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(ROUTING.replace("receiver: on-call", "receiver: nobody"))
    with pytest.raises(StackUnavailableError, match="stack x: alerting: route refers to undefined receiver"):
        routes.as_text("x", {"severity": "critical"}, tmp_path)


def test_images_are_listed_as_the_stack_file_has_them_pulled(tmp_path: Path) -> None:
    settings = "observability:images: {registry: 'mirror.example.org/o11y', digests: false}"
    (tmp_path / "Pulumi.air.yaml").write_text(f"config:\n  observability:target: docker\n  {settings}\n")
    found = images.pulled("air", tmp_path)
    assert len(found) == len(versions.every())
    for published, pulled in found:
        path = published.partition("@")[0].partition("/")[2]
        assert pulled == f"mirror.example.org/o11y/{path}"


def test_images_are_printed_one_a_line_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["images", "--stack", "dev"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == sorted(versions.reference(image, Images()) for image in versions.every())
    assert command_line.main(["images", "--stack", "dev", "--json"]) == 0
    assert [entry["pulled"] for entry in json.loads(capsys.readouterr().out)] == lines


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "there is no stack file Pulumi.air.yaml"),
        ("config: {observability:images: {registry: 'https://m'}}", "images.registry: use a host"),
        (
            "config: {observability:images: {digest: false}}",
            "images.digest: unknown setting; did you mean digests?",
        ),
        ("config: [", "Pulumi.air.yaml is not YAML"),
    ],
)
def test_a_stack_file_without_usable_images_is_named(tmp_path: Path, text: str | None, problem: str) -> None:
    if text:
        (tmp_path / "Pulumi.air.yaml").write_text(text)
    with pytest.raises(StackUnavailableError) as raised:
        images.pulled("air", tmp_path)
    assert problem in str(raised.value)


def test_a_command_ends_quietly_when_nobody_reads_on() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        command = [sys.executable, "-m", "operations", "images", "--stack", "prod"]
        ended = subprocess.run(command, cwd=CHECKOUT, stdout=output, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (141, b"")
