"""Prometheus finds the containers of a service as its entry says, asked of an engine that has some."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from catalogue import Service
from rendering import to_yaml
from scraping import container_jobs
from scraping.services import declared_containers, service_jobs
from tests.serving import serving
from tests.unit.test_scraping import ENGINE, PLACEMENT

NETWORK = "shop_default"
SERVICES = [
    Service.model_validate(
        {"service": "cart", "team": "checkout", "metrics": {"port": 8080, "containers": {"app": "a b"}}}
    ),
    Service.model_validate({"service": "mail", "team": "news", "metrics": {"port": 9102}}),
]
ASKED = {"prometheus.scrape": "true", "prometheus.port": "9999"}
CONTAINERS = {
    "basket-1": {"app": "a b"},
    "basket-2": {"app": "a b", **ASKED},
    "mail": {**ASKED},
    "other": {"com.docker.compose.service": "other", **ASKED},
}
"""Name → labels."""


def container(number: int, name: str, labels: dict[str, str]) -> dict[str, Any]:
    address = {"NetworkID": "n1", "IPAddress": f"10.0.0.{number}"}
    return {
        "Id": f"{number:064x}", "Names": [f"/{name}"], "Labels": labels, "State": "running",
        "Ports": [{"PrivatePort": port, "Type": "tcp"} for port in (80, 443)],
        "HostConfig": {"NetworkMode": NETWORK}, "NetworkSettings": {"Networks": {NETWORK: address}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """The address of an engine with these containers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "/containers/json" in self.path:
                asked = "prometheus.scrape" in self.path
                found: Any = [
                    container(number, name, labels)
                    for number, (name, labels) in enumerate(CONTAINERS.items(), 1)
                    if not asked or "prometheus.scrape" in labels
                ]
            elif "/networks" in self.path:
                found = [{"Id": "n1", "Name": NETWORK, "Scope": "local", "Driver": "bridge"}]
            else:
                found = {}
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Api-Version", "1.47")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def found(job: str, folder: Path, engine: str, tool: Callable[..., str]) -> dict[str, dict[str, str]]:
    """Return what promtool finds for a job: address → the labels of everything from there."""
    jobs = (
        *service_jobs(SERVICES, PLACEMENT, ENGINE, None),
        *container_jobs(ENGINE, PLACEMENT, declared_containers(SERVICES)),
    )
    text = to_yaml({"scrape_configs": [each.configuration() for each in jobs]})
    usual = "http://engine-proxy:2375"
    assert usual in text
    (folder / "prometheus.yaml").write_text(text.replace(usual, engine))
    output = "[]"
    # It waits as long as it is told to, and then says what was found until then.
    for patience in ("2s", "10s", "30s"):
        command = ("promtool", "check", "service-discovery", f"--timeout={patience}")
        output = tool(*command, str(folder / "prometheus.yaml"), job)
        if json.loads(output):
            break
    targets = [target.get("labels") for target in json.loads(output)]
    return {
        labels["__address__"]: {k: v for k, v in labels.items() if not k.startswith("__")}
        for labels in targets
        if labels
    }


CART = {"service": "cart", "team": "checkout"}
FOUND = {
    "cart": {f"10.0.0.{number}:8080": {"container": f"basket-{number}", **CART} for number in (1, 2)},
    "mail": {"10.0.0.3:9102": {"container": "mail", "service": "mail", "team": "news"}},
    "containers": {"10.0.0.4:9999": {"container": "other", "service": "other"}},
}
"""Job → what it finds; nothing is found twice."""


@pytest.mark.parametrize("job", FOUND)
def test_an_engine_is_asked_for_the_containers_of_a_service(
    job: str, tmp_path: Path, tool: Callable[..., str], engine: str
) -> None:
    wanted = {address: {**labels, "instance": address, "job": job} for address, labels in FOUND[job].items()}
    assert found(job, tmp_path, engine, tool) == wanted
