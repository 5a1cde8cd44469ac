"""WSGI: the middleware and the `/metrics` endpoint (Flask, Django, Bottle, …)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.context import attach
from prometheus_client import make_wsgi_app

from observability_sdk.instrumentation import Instrumentation
from observability_sdk.logs import current_request
from observability_sdk.request import EXCLUDED_PATHS, ServerRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

T = TypeVar("T")

ROUTE_KEY = "observability_sdk.route"
"""The environ key where an application may put the route's template, if its framework does not tell it."""


def metrics_endpoint(telemetry: Instrumentation) -> WSGIApplication:
    """Make a WSGI application that serves the metrics, as OpenMetrics to scrapers that ask for it."""
    application: WSGIApplication = make_wsgi_app(telemetry.metrics.exposed)
    return application


class WsgiMiddleware:
    """Measures, traces and logs every request.

    A request lasts until the server took the last byte of its answer. An exception counts as status 500, also
    after a part of the answer was sent, and is raised further.
    """

    def __init__(
        self,
        app: WSGIApplication,
        telemetry: Instrumentation,
        excluded_paths: Collection[str] = EXCLUDED_PATHS,
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._excluded = frozenset(path.rstrip("/") for path in excluded_paths)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if path.rstrip("/") in self._excluded:
            return self._app(environ, start_response)
        headers = {
            key.removeprefix("HTTP_").replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_") or key == "CONTENT_LENGTH"
        }
        request = ServerRequest(
            self._telemetry, environ["REQUEST_METHOD"], path, headers, lambda: route_template(environ)
        )
        # The server iterates over the answer after this call has returned: all of it runs in this context.
        context = copy_context()
        context.run(attach, request.context)
        context.run(current_request.set, request)
        return _Response(self._app, environ, start_response, request, context)


class _Response:
    """The answer's body: counts what passes and reports the request when it ends."""

    def __init__(
        self,
        app: WSGIApplication,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        request: ServerRequest,
        context: Context,
    ) -> None:
        self._request = request
        self._context = context
        self._environ = environ
        self._start_response = start_response
        self._status = 0
        self._sent = 0
        self._body: Iterable[bytes] = self._run(app, environ, self._started)
        self._chunks: Iterator[bytes] = self._run(iter, self._body)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk: bytes = self._run(next, self._chunks)
        self._sent += len(chunk)
        return chunk

    def close(self) -> None:
        """End the answer, however that came about; the server calls this."""
        close = getattr(self._body, "close", None)
        if close is not None:
            self._run(close)
        self._context.run(self._request.finish, self._status or 500, 0, self._sent)

    def _started(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self._status = int(status.split(" ", 1)[0])
        # Flask forgets its request before the answer ends.
        if route := route_template(self._environ):
            self._environ[ROUTE_KEY] = route
        return self._start_response(
            status, [*headers, ("x-request-id", self._request.request_id)], *([exc_info] if exc_info else [])
        )

    def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        try:
            return self._context.run(function, *arguments)
        except StopIteration:
            self._context.run(self._request.finish, self._status or 500, 0, self._sent)
            raise
        except Exception as error:
            self._context.run(self._request.finish, 500, 0, self._sent, error)
            raise


def route_template(environ: WSGIEnvironment) -> str | None:
    """Return the route's template: what the application said, else what Flask matched."""
    if isinstance(said := environ.get(ROUTE_KEY), str):
        return said
    rule = getattr(getattr(environ.get("werkzeug.request"), "url_rule", None), "rule", None)
    return f"{environ.get('SCRIPT_NAME', '')}{rule}" if isinstance(rule, str) else None


def django_route(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Django's way to tell the route: name `observability_sdk.wsgi.django_route` in its MIDDLEWARE."""

    def middleware(request: Any) -> Any:
        response = get_response(request)
        if match := request.resolver_match:
            request.environ[ROUTE_KEY] = f"{request.environ.get('SCRIPT_NAME', '')}/{match.route}"
        return response

    return middleware
