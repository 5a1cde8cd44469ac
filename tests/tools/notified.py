"""What notifications are sent to: loopback servers that record what arrives by HTTP and by SMTP."""

from __future__ import annotations

import base64
import email.policy
import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import serving


@dataclass
class Request:
    """One HTTP request."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class HttpStub:
    """Records requests; answers with ``status``, or hangs up without an answer where that is 0."""

    port: int = 0
    status: int = 200
    requests: list[Request] = field(default_factory=list)
    """Those that were answered with success."""
    refused: list[Request] = field(default_factory=list)

    def at(self, path: str) -> list[Request]:
        """Return the requests below that path."""
        return [request for request in list(self.requests) if request.path.startswith(path)]


@dataclass
class SmtpStub:
    """Accepts every message of those who log in."""

    port: int = 0
    logins: list[tuple[str, str]] = field(default_factory=list)
    """User name and password of each login."""
    messages: list[EmailMessage] = field(default_factory=list)


@contextmanager
def http_stub() -> Iterator[HttpStub]:
    """Run an HTTP server on a free port of loopback."""
    stub = HttpStub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = Request(self.path, dict(self.headers), body)
            (stub.requests if 0 < stub.status < 300 else stub.refused).append(request)
            if stub.status:
                self.send_response(stub.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")
            self.close_connection = not stub.status

        def log_message(self, *args: object) -> None:
            """Say nothing: the test says what matters."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        stub.port = server.server_port
        yield stub


@contextmanager
def smtp_stub() -> Iterator[SmtpStub]:
    """Run a mail server without TLS on a free port of loopback."""
    stub = SmtpStub()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say("220 localhost")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].upper()
                if verb == "EHLO":
                    self.say("250-localhost\r\n250 AUTH PLAIN")
                elif verb == "AUTH":
                    _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                    stub.logins.append((user, password))
                    self.say("235 ok")
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    data = b"".join(text.removeprefix(b".") for text in lines)
                    message = email.message_from_bytes(data, policy=email.policy.default)
                    assert isinstance(message, EmailMessage)
                    stub.messages.append(message)
                    self.say("250 ok")
                else:
                    self.say("221 bye" if verb == "QUIT" else "250 ok")
                if verb == "QUIT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with serving(Server(("127.0.0.1", 0), Handler)) as server:
        stub.port = server.server_address[1]
        yield stub
