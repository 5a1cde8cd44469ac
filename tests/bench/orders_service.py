"""A small service, bare or instrumented with the SDK: what differs between the two is what the SDK costs."""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

import uvicorn
from observability_sdk import instrument
from observability_sdk.asgi import MetricsEndpoint, ObservabilityMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Query = Callable[[str, str], AbstractContextManager[None]]
ORDERS = 10_000


def service(query: Query) -> Starlette:
    """Return a service that looks up an order and the ones after it."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT, quantity INTEGER)")
    rows = [(number, f"item {number % 100}", number % 7 + 1) for number in range(1, ORDERS + 1)]
    database.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)

    async def orders(request: Request) -> Response:
        first = request.path_params["id"]
        with query("select", "orders"):
            found = database.execute("SELECT * FROM orders WHERE id >= ? LIMIT 20", (first,)).fetchall()
        return JSONResponse([{"id": row[0], "item": row[1], "quantity": row[2]} for row in found])

    return Starlette(routes=[Route("/orders/{id:int}", orders)])


def main() -> None:
    """Serve on loopback until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.orders_service", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--instrumented", action="store_true")
    given = parser.parse_args()
    if not given.instrumented:
        app = service(lambda _operation, _table: contextlib.nullcontext())
    else:
        telemetry = instrument("orders")
        app = service(telemetry.metrics.database.query)
        app.routes.append(Route("/metrics", MetricsEndpoint(telemetry)))
        app.add_middleware(ObservabilityMiddleware, telemetry=telemetry)
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
