"""WebSocket connections of the services."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds

OVERVIEW = "websocket"
"""UID of the dashboard."""
CONNECTIONS = "service:websocket_connections:sum"
"""Name of the recorded open connections of a service."""
DIRECTIONS = ("sent", "received")


def messages(direction: str, thresholds: Thresholds) -> str:
    """Name of the recorded messages per second of a service; ``direction`` is sent or received."""
    return f"service:websocket_messages_{direction}:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on the connections and messages of every service."""
    return (RuleGroup("websocket", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    return (
        RecordingRule(CONNECTIONS, f"sum by ({LEVEL}) (websocket_connections_active)"),
        *(
            RecordingRule(
                messages(direction, thresholds),
                f"sum by ({LEVEL}) (rate(websocket_messages_{direction}_total[{thresholds.window}]))",
            )
            for direction in DIRECTIONS
        ),
    )


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    enough, sent = thresholds.websocket_connections_minimum, messages("sent", thresholds)
    return (
        Alert(
            "WebsocketConnectionsLost",
            expr=(
                f"{CONNECTIONS} / (max_over_time({CONNECTIONS}[10m]) > {enough}) "
                f"< {thresholds.traffic_drop_ratio}"
            ),
            for_="2m",
            severity=Severity.WARNING,
            summary="A service lost many WebSocket connections at once.",
            description=(
                "{{ $labels.service }} has {{ $value | humanizePercentage }} of the WebSocket connections it "
                "had within the last ten minutes."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "WebsocketDeliveryStalled",
            # A service that never sends much is no fault: an hour ago it must have.
            expr=(
                f"{sent} == 0 and avg_over_time({sent}[30m] offset 30m) > {thresholds.minimum_request_rate} "
                f"and {CONNECTIONS} > {enough}"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="A service has WebSocket connections and sends nothing to them.",
            description="{{ $labels.service }} has sent no WebSocket message for ten minutes; it did before.",
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of connections and delivery."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins import panels  # noqa: PLC0415

    chosen = 'environment=~"$environment", service=~"$service"'
    connections = f"sum by (service) ({CONNECTIONS}{{{chosen}}})"
    rates = {each: f"sum by (service) ({messages(each, thresholds)}{{{chosen}}})" for each in DIRECTIONS}
    return (
        panels.dashboard(
            OVERVIEW,
            "WebSocket",
            "Open connections of the services, and what is delivered over them.",
            variables=(panels.environment(), panels.service("websocket_connections_active")),
            rows={
                "Now": (
                    panels.stat("Connections", f"sum({CONNECTIONS}{{{chosen}}})"),
                    panels.stat(
                        "Sent", f"sum({messages('sent', thresholds)}{{{chosen}}})", panels.Unit.PER_SECOND
                    ),
                    panels.stat(
                        "Received",
                        f"sum({messages('received', thresholds)}{{{chosen}}})",
                        panels.Unit.PER_SECOND,
                    ),
                    panels.stat("Services", f"count({CONNECTIONS}{{{chosen}}} > 0)"),
                ),
                "Connections": (
                    panels.timeseries("Connections by service", [(connections, "{{service}}")]),
                    panels.timeseries(
                        "Connections by instance",
                        [(f"websocket_connections_active{{{chosen}}}", "{{instance}}")],
                        stacked=True,
                    ),
                ),
                "Delivery": (
                    panels.timeseries(
                        "Messages sent", [(rates["sent"], "{{service}}")], panels.Unit.PER_SECOND
                    ),
                    panels.timeseries(
                        "Messages received", [(rates["received"], "{{service}}")], panels.Unit.PER_SECOND
                    ),
                    panels.timeseries(
                        "Messages sent for each connection",
                        [(f"{rates['sent']} / ({connections} > 0)", "{{service}}")],
                        panels.Unit.PER_SECOND,
                    ),
                    panels.logs(
                        "Log lines about connections", '{service=~"$service"} |~ "(?i)websocket|disconnect"'
                    ),
                ),
            },
        ),
    )


MIXIN = Mixin(name="websocket", requires=frozenset({"services"}), rules=rules, dashboards=dashboards)
