"""The shop's routes and its background job."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from observability_sdk import Instrumentation
from observability_sdk.asgi import MetricsEndpoint, ObservabilityMiddleware
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.shop.faults import Faults, InjectedError
from examples.shop.orders import Orders

MAX_QUANTITY = 1000
"""Of one order."""

logger = logging.getLogger("shop")


class Shop:
    """The request handlers and the background job, with what they share."""

    def __init__(self, telemetry: Instrumentation, reconcile_seconds: float) -> None:
        self._telemetry = telemetry
        self._orders = Orders(telemetry.metrics.database)
        self._faults = Faults()
        self._reconcile_seconds = reconcile_seconds

    def home(self, _request: Request) -> Response:
        """Answer GET /: what there is."""
        self._faults.strike()
        return JSONResponse({"service": "shop", "orders": self._orders.count()})

    def list_orders(self, _request: Request) -> Response:
        """Answer GET /orders: the latest orders."""
        self._faults.strike()
        return JSONResponse([asdict(order) for order in self._orders.latest()])

    async def create_order(self, request: Request) -> Response:
        """Answer POST /orders {"item": "tea", "quantity": 2}."""
        body = await _json(request)
        item, quantity = (body.get("item"), body.get("quantity", 1)) if isinstance(body, dict) else (None, 1)
        if not isinstance(item, str) or not item:
            return self._refuse("item", "give the name of an item")
        if not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
            return self._refuse("quantity", f"give a whole number from 1 to {MAX_QUANTITY}")
        await run_in_threadpool(self._faults.strike)
        with self._telemetry.tracer.start_as_current_span("store order"):
            order = await run_in_threadpool(self._orders.add, item, quantity)
            logger.info("order stored", extra={"order_id": order.id, "quantity": quantity})
        self._telemetry.metrics.business_events.labels("order placed", "success").inc()
        return JSONResponse(asdict(order), 201)

    def get_order(self, request: Request) -> Response:
        """Answer GET /orders/{id}."""
        self._faults.strike()
        order = self._orders.find(request.path_params["id"])
        return JSONResponse(asdict(order)) if order else JSONResponse({"error": "no such order"}, 404)

    async def health(self, _request: Request) -> Response:
        """Answer GET /healthz: alive, also while faults are on."""
        return JSONResponse({"status": "ok"})

    async def set_faults(self, request: Request) -> Response:
        """Answer POST /faults {"error_ratio": 0.5, "latency_seconds": 0.2}, from this machine only."""
        if request.client is None or not ipaddress.ip_address(request.client.host).is_loopback:
            return JSONResponse({"error": "faults are set from this machine only"}, 403)
        try:
            self._faults = self._faults.changed(await _json(request))
        except ValueError as error:
            return self._refuse("faults", str(error))
        logger.warning("faults changed", extra=asdict(self._faults))
        return JSONResponse(asdict(self._faults))

    async def failed(self, _request: Request, error: Exception) -> Response:
        """Answer a request that an injected fault hit."""
        logger.error("request failed", exc_info=error)
        return JSONResponse({"error": "something went wrong"}, 500)

    async def reconcile_forever(self) -> None:
        """Run the background job at every interval, each run in a trace of its own."""
        while True:
            try:
                await run_in_threadpool(self.reconcile)
            except Exception:
                logger.exception("reconcile failed")
            await asyncio.sleep(self._reconcile_seconds)

    def reconcile(self) -> None:
        """Compare the orders with the stock, one task operation for each step."""
        with self._telemetry.tracer.start_as_current_span("reconcile"):
            with self._telemetry.task("count orders") as span:
                count = self._orders.count()
                span.set_attribute("shop.orders", count)
            with self._telemetry.task("check stock"):
                reserved = sum(order.quantity for order in self._orders.latest())
            logger.info("reconciled", extra={"orders": count, "reserved": reserved})

    def _refuse(self, field: str, message: str) -> Response:
        self._telemetry.metrics.validation_errors.labels(field).inc()
        trace.get_current_span().set_attribute("shop.refused", field)
        return JSONResponse({"error": f"{field}: {message}"}, 400)


def create_app(telemetry: Instrumentation, reconcile_seconds: float = 5.0) -> Starlette:
    """Make the shop as an ASGI application; its background job runs from start-up to shutdown."""
    shop = Shop(telemetry, reconcile_seconds)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        job = asyncio.create_task(shop.reconcile_forever())
        yield
        job.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await job

    app = Starlette(
        lifespan=lifespan,
        exception_handlers={InjectedError: shop.failed},
        routes=[
            Route("/", shop.home),
            Route("/orders", shop.list_orders),
            Route("/orders", shop.create_order, methods=["POST"]),
            Route("/orders/{id:int}", shop.get_order),
            Route("/healthz", shop.health),
            Route("/faults", shop.set_faults, methods=["POST"]),
            Route("/metrics", MetricsEndpoint(telemetry)),
        ],
    )
    app.add_middleware(ObservabilityMiddleware, telemetry=telemetry)
    return app


async def _json(request: Request) -> Any:
    """Return the request's body, or None where it is not JSON."""
    try:
        return await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
