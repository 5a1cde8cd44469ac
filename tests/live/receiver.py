"""A local receiver of Alertmanager's webhooks, which can be told to fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import serving


@dataclass
class Receiver:
    """What arrived at ``url``."""

    url: str
    notifications: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of the webhooks, in the order of their arrival."""
    status: int = 200
    """What it answers."""

    def alerts(self, name: str, status: str, **labels: str) -> list[dict[str, Any]]:
        """Return the alerts of that name and status (``firing``, ``resolved``) that arrived."""
        return [
            alert
            for notification in list(self.notifications)
            for alert in notification["alerts"]
            if alert["labels"]["alertname"] == name
            and alert["status"] == status
            and labels.items() <= alert["labels"].items()
        ]


@contextmanager
def receiving(host: str = "127.0.0.1") -> Iterator[Receiver]:
    """Run a receiver on a free port of an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if receiver.status < 300:
                receiver.notifications.append(body)
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing: the test prints what matters."""

    with serving(ThreadingHTTPServer((host, 0), Handler)) as server:
        receiver = Receiver(f"http://{host}:{server.server_port}/")
        yield receiver
