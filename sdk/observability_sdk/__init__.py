"""Metrics, structured logs and traces for a service: `telemetry = instrument("shop")`."""

from __future__ import annotations

from observability_sdk.instrumentation import Instrumentation, instrument

__all__ = ["Instrumentation", "instrument"]
