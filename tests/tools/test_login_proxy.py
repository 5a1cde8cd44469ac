"""The login in front of what has none: a real HAProxy, and servers that say what reached them."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from components.login_proxy import ACCESS, NAME, READ_INSTEAD, configuration, users
from runtimes.process import LoopbackPlacement
from settings import Settings
from tests.project import free_offset, until

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed (apt: haproxy)"),
]
HOSTS = {product: f"{product}.stack.example.org" for product in ACCESS}
PASSWORD, PUSH_PASSWORD = """it's "$HOME" #\\ {here} %[x]""", "canary-of-programs"
ARRIVED: set[str] = set()
"""Paths that one of the products was asked for."""
VIEWER, PUSH = ("viewer", PASSWORD), ("push", PUSH_PASSWORD)


class _Product(BaseHTTPRequestHandler):
    """Answers with what it was asked, and by which product's server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade"):
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "websocket")
            self.send_header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            self.end_headers()
            self.wfile.write(b"a line that is followed")
            self.close_connection = True
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        ARRIVED.add(self.path)
        asked = {
            "port": self.connection.getsockname()[1],
            "path": self.path,
            "authorization": self.headers.get("Authorization"),
        }
        body = json.dumps(asked).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_PUT = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the proxy no longer needs."""


@dataclass(frozen=True)
class Proxy:
    """A running proxy and where its parts are."""

    placement: LoopbackPlacement
    process: subprocess.Popen[bytes]
    log: Path

    def ask(
        self,
        product: str,
        path: str,
        user: tuple[str, str] | None = VIEWER,
        method: str = "GET",
        host: str = "",
    ) -> http.client.HTTPResponse:
        """Ask as somebody from outside does; the answer is still to be read."""
        address = self.placement.address(NAME, "http")
        connection = http.client.HTTPConnection(address, timeout=10)
        headers = {"Host": host or HOSTS[product]}
        if user:
            token = base64.b64encode(":".join(user).encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        connection.request(method, path, body=b"{}" if method == "POST" else None, headers=headers)
        return connection.getresponse()

    def status(self, *arguments: Any, **options: Any) -> int:
        """Return only the status of an answer."""
        response = self.ask(*arguments, **options)
        response.read()
        return response.status


@contextmanager
def running(
    folder: Path, hosts: Mapping[str, str], instead: Mapping[str, str] | None = None
) -> Iterator[Proxy]:
    """Run HAProxy in front of servers that stand for the products."""
    settings = Settings(stack="trial", target="process", port_offset=free_offset())
    placement = LoopbackPlacement(settings)
    servers = []
    listening = {product: access.port for product, access in ACCESS.items()}
    for product, name in (listening | dict.fromkeys((instead or {}).values(), "http")).items():
        host, _, port = placement.address(product, name).rpartition(":")
        servers.append(_Server((host, int(port)), _Product))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
    files = {
        "haproxy.cfg": configuration(hosts, placement, instead or {}),
        "users.cfg": users(PASSWORD, PUSH_PASSWORD),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    log = folder / "log"
    arguments = [word for name in files for word in ("-f", str(folder / name))]
    checked = subprocess.run(["haproxy", "-c", *arguments], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "warning" not in (checked.stdout + checked.stderr).lower()
    with log.open("wb") as output:
        process = subprocess.Popen(["haproxy", "-db", *arguments], stdout=output, stderr=output)
    proxy = Proxy(placement, process, log)
    try:
        until(lambda: proxy.status("prometheus", "/health", None) == 200, seconds=20, what="HAProxy")
        yield proxy
    finally:
        process.terminate()
        process.wait(timeout=20)
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A login in front of everything that has none."""
    with running(tmp_path_factory.mktemp("login"), HOSTS) as proxy:
        yield proxy


@pytest.mark.parametrize("product", ACCESS)
def test_nobody_gets_in_without_a_password(proxy: Proxy, product: str) -> None:
    for path in ("/", "/api/v1/write", "/metrics", "/debug/pprof/"):
        for method in ("GET", "POST", "OPTIONS"):
            assert proxy.status(product, path, None, method) == 401
    wrong = [("viewer", PUSH_PASSWORD), ("push", PASSWORD), ("viewer", ""), ("admin", PASSWORD)]
    assert {proxy.status(product, "/", user) for user in wrong} == {401}
    response = proxy.ask(product, "/", None)
    assert response.headers["WWW-Authenticate"] == 'Basic realm="observability"'


READS = {
    "prometheus": ["/", "/query?g0.expr=up", "/assets/index.js", "/api/v1/query?query=up", "/-/ready"],
    "alertmanager": ["/", "/api/v2/alerts?active=true"],
    "loki": ["/ready", "/loki/api/v1/query_range?query=x", "/loki/api/v1/label/service/values"],
    "jaeger": ["/", "/search?service=shop", "/api/services/a%2Fb/operations"],
}


@pytest.mark.parametrize("product", READS)
def test_people_see_the_product_that_they_asked_for_and_it_sees_no_password(
    proxy: Proxy, product: str
) -> None:
    port = int(proxy.placement.address(product, "http").rpartition(":")[2])
    for path in READS[product]:
        response = proxy.ask(product, path)
        assert response.status == 200
        assert json.load(response) == {"port": port, "path": path, "authorization": None}
    host = f"{HOSTS[product].upper()}:443"
    assert json.load(proxy.ask(product, READS[product][0], host=host))["port"] == port


def test_of_a_pair_people_read_what_asks_both_and_programs_push_to_the_pair(tmp_path: Path) -> None:
    with running(tmp_path, {"prometheus": HOSTS["prometheus"]}, READ_INSTEAD) as proxy:
        read, pushed = (
            proxy.placement.address(name, "http").rpartition(":")[2]
            for name in ("thanos-query", "prometheus")
        )
        for method, path in (("GET", "/"), ("GET", "/api/v1/query?query=up"), ("POST", "/api/v1/query")):
            assert json.load(proxy.ask("prometheus", path, VIEWER, method))["port"] == int(read)
        assert json.load(proxy.ask("prometheus", "/api/v1/write", PUSH, "POST"))["port"] == int(pushed)
        assert proxy.status("prometheus", "/api/v1/write", VIEWER, "POST") == 403
        assert proxy.status("prometheus", "/", PUSH) == 403


@pytest.mark.parametrize(
    "host", ["", "stack.example.org", "example.com", "prometheus.stack.example.org.evil.org"]
)
def test_other_names_lead_nowhere(proxy: Proxy, host: str) -> None:
    assert proxy.status("prometheus", "/", host=host or "127.0.0.1") == 404


@pytest.mark.parametrize(
    ("product", "method", "path"),
    [
        ("prometheus", "POST", "/api/v1/query_range"),
        ("alertmanager", "POST", "/api/v2/silences"),
        ("alertmanager", "DELETE", "/api/v2/silence/0a1b2c3d-0000-4000-8000-000000000001"),
        ("loki", "POST", "/loki/api/v1/query"),
    ],
)
def test_people_ask_long_questions_and_silence_alerts(
    proxy: Proxy, product: str, method: str, path: str
) -> None:
    assert proxy.status(product, path, VIEWER, method) == 200
    assert proxy.status(product, path, PUSH, method) == 403


@pytest.mark.parametrize(
    ("product", "path"),
    [
        ("prometheus", "/api/v1/write"),
        ("prometheus", "/api/v1/otlp/v1/metrics"),
        ("loki", "/loki/api/v1/push"),
        ("loki", "/otlp/v1/logs"),
        ("collector", "/v1/traces"),
        ("collector", "/v1/metrics"),
        ("collector", "/v1/logs"),
    ],
)
def test_programs_push_and_do_nothing_else(proxy: Proxy, product: str, path: str) -> None:
    assert proxy.status(product, path, PUSH, "POST") == 200
    assert proxy.status(product, path, VIEWER, "POST") == 403
    for method, other in (("GET", path), ("GET", "/"), ("POST", f"{path}/"), ("POST", f"/x/..{path}")):
        assert proxy.status(product, other, PUSH, method) == 403


@pytest.mark.parametrize(
    ("product", "method", "path"),
    [
        ("prometheus", "POST", "/-/reload"),
        ("prometheus", "PUT", "/-/quit"),
        ("prometheus", "POST", "/api/v1/admin/tsdb/delete_series"),
        ("prometheus", "GET", "/debug/pprof/profile"),
        ("alertmanager", "POST", "/-/reload"),
        ("alertmanager", "POST", "/api/v2/alerts"),
        ("alertmanager", "DELETE", "/api/v2/silence/../alerts"),
        ("loki", "GET", "/ingester/shutdown"),
        ("loki", "GET", "/flush"),
        ("loki", "GET", "/config"),
        ("loki", "GET", "/loki/api/v1/../../../ingester/shutdown"),
        ("loki", "GET", "/loki/api/v1/%2e%2e/%2e%2e/flush"),
        ("loki", "POST", "/loki/api/v1/delete"),
        ("loki", "DELETE", "/loki/api/v1/delete"),
        ("jaeger", "POST", "/api/archive/1"),
        ("collector", "GET", "/"),
    ],
)
def test_nobody_changes_or_stops_anything(proxy: Proxy, product: str, method: str, path: str) -> None:
    assert {proxy.status(product, path, user, method) for user in (VIEWER, PUSH)} == {403}


def test_lines_can_be_followed(proxy: Proxy) -> None:
    address = proxy.placement.address(NAME, "http")
    connection = http.client.HTTPConnection(address, timeout=10)
    token = base64.b64encode(":".join(VIEWER).encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Connection": "Upgrade", "Upgrade": "websocket"}
    headers["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    connection.request("GET", "/loki/api/v1/tail", headers={"Host": HOSTS["loki"], **headers})
    response = connection.getresponse()
    assert response.status == 101
    assert response.fp.read() == b"a line that is followed"


def test_it_says_who_asked_what_without_a_password_and_nothing_of_pushes(proxy: Proxy) -> None:
    def lines() -> list[dict[str, Any]]:
        text = proxy.log.read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    proxy.status("loki", "/loki/api/v1/push", PUSH, "POST")
    proxy.status("loki", '/a"quote?secret=1')
    found = until(
        lambda: [line for line in lines() if line["path"] == '/a"quote'], seconds=10, what="a line in the log"
    )
    assert {key: found[0][key] for key in ("host", "user", "method", "status", "level")} == {
        "host": HOSTS["loki"], "user": "viewer", "method": "GET", "status": 403, "level": "info",
    }  # fmt: skip
    assert not [line for line in lines() if line["user"] == "push" and line["status"] == 200]
    assert PUSH_PASSWORD not in proxy.log.read_text()
    assert "secret=1" not in proxy.log.read_text()


def test_it_counts_what_it_does_at_a_port_of_its_own(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection(proxy.placement.address(NAME, "metrics"), timeout=10)
    connection.request("GET", "/metrics")
    counted = dict(line.rsplit(" ", 1) for line in connection.getresponse().read().decode().splitlines())
    before = float(counted['haproxy_frontend_http_responses_total{proxy="entrance",code="4xx"}'])
    assert 'haproxy_backend_http_responses_total{proxy="loki",code="5xx"}' in counted
    for user in (None, PUSH):
        proxy.status("loki", "/ready", user)
    connection.request("GET", "/metrics")
    counted = dict(line.rsplit(" ", 1) for line in connection.getresponse().read().decode().splitlines())
    after = float(counted['haproxy_frontend_http_responses_total{proxy="entrance",code="4xx"}'])
    assert after == before + 2, "401 and 403 are refusals"
    connection.request("GET", "/")
    assert connection.getresponse().status == 404
