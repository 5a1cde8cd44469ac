"""ASGI: the middleware and the `/metrics` endpoint (Starlette, FastAPI, Quart, …)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from opentelemetry.context import attach, detach
from prometheus_client import make_asgi_app

from observability_sdk.instrumentation import Instrumentation
from observability_sdk.logs import current_request
from observability_sdk.request import CLIENT_CLOSED_REQUEST, EXCLUDED_PATHS, ServerRequest

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class MetricsEndpoint:
    """An ASGI application that serves the metrics: OpenMetrics with exemplars to scrapers that ask for it."""

    def __init__(self, telemetry: Instrumentation) -> None:
        self._app = make_asgi_app(telemetry.metrics.exposed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one scrape."""
        await self._app(scope, receive, send)


class ObservabilityMiddleware:
    """Measures, traces and logs every request, and counts WebSocket connections and messages.

    A request lasts until the last byte of its answer, streamed or not. An exception counts as status 500,
    also after a part of the answer was sent, and is raised further.
    """

    def __init__(
        self, app: App, telemetry: Instrumentation, excluded_paths: Collection[str] = EXCLUDED_PATHS
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._excluded = frozenset(path.rstrip("/") for path in excluded_paths)
        # By the route's id; the route is kept so that its id stays its own.
        self._templates: dict[int, tuple[object, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] != "http" or scope["path"].rstrip("/") in self._excluded:
            await self._app(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        # A mounted application puts itself into the scope later.
        app = scope.get("app", self._app)
        request = ServerRequest(
            self._telemetry,
            scope["method"],
            scope["path"],
            headers,
            lambda: self._template(app, scope.get("route")),
        )
        status, received, sent, disconnected = 0, 0, 0, False

        async def counted_receive() -> Message:
            nonlocal received, disconnected
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
            elif message["type"] == "http.disconnect":
                disconnected = True
            return message

        async def counted_send(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = (b"x-request-id", request.request_id.encode("ascii"))
                message = {**message, "headers": [*message.get("headers", ()), request_id]}
            await send(message)
            if message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
                if not message.get("more_body", False):
                    # Background tasks run after this; they are not part of the answer.
                    request.finish(status, received, sent)

        context, serving = attach(request.context), current_request.set(request)
        try:
            await self._app(scope, counted_receive, counted_send)
            request.finish(status or 500, received, sent)
        except asyncio.CancelledError:
            request.finish(CLIENT_CLOSED_REQUEST, received, sent)
            raise
        except BaseException as error:
            request.finish(CLIENT_CLOSED_REQUEST if disconnected else 500, received, sent, error)
            raise
        finally:
            current_request.reset(serving)
            detach(context)

    def _template(self, app: object, route: object) -> str | None:
        """Return the template of the route that the framework chose, without converters: `/orders/{id}`."""
        path = getattr(route, "path", None)
        if not isinstance(path, str):
            return None
        if id(route) not in self._templates:
            template = route_template(app, route) or path
            self._templates[id(route)] = route, re.sub(r"\{(\w+):\w+\}", r"{\1}", template)
        return self._templates[id(route)][1]

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        metrics = self._telemetry.metrics.websockets
        accepted = False

        async def counted_receive() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                metrics.messages_received.inc()
            return message

        async def counted_send(message: Message) -> None:
            nonlocal accepted
            await send(message)
            if message["type"] == "websocket.send":
                metrics.messages_sent.inc()
            elif message["type"] == "websocket.accept":
                accepted = True
                metrics.connections_active.inc()

        try:
            await self._app(scope, counted_receive, counted_send)
        finally:
            if accepted:
                metrics.connections_active.dec()


def route_template(app: object, route: object) -> str | None:
    """Return the template of a route of `app` with those it is mounted under; None if it has not got it."""
    for candidate in getattr(app, "routes", None) or ():
        path: str = getattr(candidate, "path", "")
        if candidate is route:
            return path
        below = route_template(candidate, route)
        if below is not None:
            return path + below
    return None
