"""The OpenTelemetry Collector: what it takes in, what it passes on, what it loses on the way."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

BOARD = "collector"
"""UID of the dashboard."""
SELF = 'job="collector"'
SIGNALS = {"traces": "spans", "logs": "log_records", "metrics": "metric_points"}
"""Signal → how the collector's metrics call its items."""
WAY_IN = "environment, job, instance, receiver"
WAY_OUT = "environment, job, instance, exporter"


def accepted(thresholds: Thresholds) -> str:
    """Name of the recorded items per second that a receiver accepted, by ``signal``."""
    return f"receiver:otelcol_accepted_items:rate{thresholds.window}"


def sent(thresholds: Thresholds) -> str:
    """Name of the recorded items per second that an exporter delivered, by ``signal``."""
    return f"exporter:otelcol_sent_items:rate{thresholds.window}"


def refused(thresholds: Thresholds) -> str:
    """Name of the recorded share of items that a receiver turned away, by ``signal``, 0 to 1."""
    return f"receiver:otelcol_refused_items:ratio_rate{thresholds.window}"


def failed(thresholds: Thresholds) -> str:
    """Name of the recorded share of items that an exporter gave up on, by ``signal``, 0 to 1."""
    return f"exporter:otelcol_failed_items:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return the same recordings for each signal, and alerts over all of them."""
    return (RuleGroup("collector", (*_recordings(thresholds), *_alerts(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    def rate(by: str, metric: str) -> str:
        return f"sum by ({by}) (rate(otelcol_{metric}_total{{{SELF}}}[{thresholds.window}]))"

    def of(signal: str, items: str) -> tuple[RecordingRule, ...]:
        labels = {"signal": signal}
        gone, came = rate(WAY_OUT, f"exporter_send_failed_{items}"), rate(WAY_OUT, f"exporter_sent_{items}")
        back, taken = rate(WAY_IN, f"receiver_refused_{items}"), rate(WAY_IN, f"receiver_accepted_{items}")
        return (
            RecordingRule(accepted(thresholds), taken, labels),
            RecordingRule(sent(thresholds), came, labels),
            RecordingRule(refused(thresholds), f"{back} / ({back} + {taken})", labels),
            # An exporter that never succeeded has no series of sent items.
            RecordingRule(failed(thresholds), f"{gone} / ({gone} + ({came} or {gone} * 0))", labels),
        )

    return tuple(rule for signal, items in SIGNALS.items() for rule in of(signal, items))


def _alerts(thresholds: Thresholds) -> tuple[Alert, ...]:
    dropped = " or ".join(
        f"label_replace(sum by ({WAY_OUT}) (rate(otelcol_exporter_enqueue_failed_{items}_total{{{SELF}}}"
        f'[{thresholds.window}])), "signal", "{signal}", "", "") > 0'
        for signal, items in SIGNALS.items()
    )
    return (
        Alert(
            "CollectorItemsRefused",
            expr=f"{refused(thresholds)} > {thresholds.failure_ratio}",
            for_="10m",
            severity=Severity.WARNING,
            summary="The collector turns telemetry away.",
            description=(
                "Receiver {{ $labels.receiver }} of {{ $labels.instance }} refuses "
                "{{ $value | humanizePercentage }} of the {{ $labels.signal }} it gets."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "CollectorExportFailing",
            expr=f"{failed(thresholds)} > {thresholds.failure_ratio}",
            for_="5m",
            severity=Severity.WARNING,
            summary="The collector cannot deliver telemetry and gives up on it.",
            description=(
                "Exporter {{ $labels.exporter }} of {{ $labels.instance }} loses "
                "{{ $value | humanizePercentage }} of its {{ $labels.signal }}."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "CollectorQueueNearCapacity",
            expr=(
                f"otelcol_exporter_queue_size{{{SELF}}} / otelcol_exporter_queue_capacity{{{SELF}}} "
                f"> {thresholds.queue_ratio}"
            ),
            for_="10m",
            severity=Severity.WARNING,
            summary="Telemetry waits in the collector and will soon be dropped.",
            description=(
                "The queue of {{ $labels.data_type }} for {{ $labels.exporter }} of {{ "
                "$labels.instance }} is "
                "{{ $value | humanizePercentage }} full."
            ),
            dashboard=BOARD,
        ),
        Alert(
            "CollectorItemsDropped",
            expr=dropped,
            for_="5m",
            severity=Severity.WARNING,
            summary="The collector's queue is full and it drops telemetry.",
            description=(
                "{{ $labels.instance }} drops {{ $value | humanize }} items per second of "
                "{{ $labels.signal }} for {{ $labels.exporter }}."
            ),
            dashboard=BOARD,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the collectors."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import telemetry_dashboards  # noqa: PLC0415

    return (telemetry_dashboards.collector(thresholds),)


MIXIN = Mixin(name="collector", requires=frozenset({"collector"}), rules=rules, dashboards=dashboards)
