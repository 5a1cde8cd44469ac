"""What the collector and Jaeger, which is built from it, say about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placement import Placement


def own_telemetry(workload: str, placement: Placement) -> Mapping[str, Any]:
    """Return ``service.telemetry``: metrics for Prometheus, warnings as JSON, no traces of its own work."""
    host, port = placement.listen(workload, "metrics").rsplit(":", 1)
    exporter = {
        "host": host or "0.0.0.0",
        "port": int(port),
        # Said outright, because the defaults of the two differ: names carry their unit and ``_total``.
        "without_type_suffix": False,
        "without_units": False,
        "without_scope_info": True,
    }
    return {
        "resource": {"service.name": workload},
        "logs": {"level": "warn", "encoding": "json"},
        "metrics": {"level": "detailed", "readers": [{"pull": {"exporter": {"prometheus": exporter}}}]},
        "traces": {"level": "none"},
    }
