"""A service of the catalogue as a mixin: the dashboard that shows its signals and its objectives."""

from __future__ import annotations

from catalogue.model import Service
from mixins.model import Dashboard, Mixin
from mixins.thresholds import Thresholds
from slo.links import ServiceLinks


def mixin(service: Service, links: ServiceLinks) -> Mixin:
    """Return the mixin of a service; it has no rules of its own."""
    pages = {
        **service.endpoints,
        **service.links,
        **(
            {"logs": links.logs(service.service), "traces": links.traces(service.service)}
            if links.grafana
            else {}
        ),
    }

    def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
        # Imported here because a stack without Grafana needs no dashboard library.
        from mixins.services import service_dashboard  # noqa: PLC0415

        return (
            service_dashboard.dashboard(
                service.service, service.description, pages, thresholds, has_slos=bool(service.slos)
            ),
        )

    return Mixin(f"service-{service.service}", frozenset(), lambda _: (), dashboards)
