"""Thanos and its bucket: are blocks uploaded, joined and read."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.stack import thanos
from mixins.thresholds import Thresholds

BOARD = "thanos-bucket"
"""UID of the dashboard."""
SELF = 'job=~"thanos-(sidecar|store|compactor)"'
SIDECAR, STORE, COMPACTOR = ('job="thanos-sidecar"', 'job="thanos-store"', 'job="thanos-compactor"')
INSTANCE = "environment, job, instance"
_OVERDUE = 6 * 3600
"""Seconds: three times as long as a block is."""


def operations(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second to the bucket."""
    return f"operation:thanos_bucket_operations:rate{thresholds.window}"


def failures(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second to the bucket that failed."""
    return f"operation:thanos_bucket_failures:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on uploads, requests that fail, and a compactor that has stopped."""

    def rate(metric: str) -> str:
        return f"sum by ({INSTANCE}, operation) (rate({metric}{{{SELF}}}[{thresholds.window}]))"

    made, failed = operations(thresholds), failures(thresholds)
    # The time of the last upload is 0 until there was one.
    uploaded, started = (
        f"max by ({INSTANCE}) ({metric}{{{SIDECAR}}})"
        for metric in ("thanos_objstore_bucket_last_successful_upload_time", "process_start_time_seconds")
    )
    connected = (
        f'sum by ({INSTANCE}) (thanos_store_nodes_grpc_connections{{{thanos.SELF}, store_type="store"}})'
    )
    return (
        RuleGroup(
            "thanos-bucket",
            (
                RecordingRule(made, rate("thanos_objstore_bucket_operations_total")),
                RecordingRule(failed, rate("thanos_objstore_bucket_operation_failures_total")),
                Alert(
                    "ThanosBucketErrors",
                    expr=f"{failed} / ({made} > 0) > {thresholds.failure_ratio}",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Requests to the bucket of the samples fail.",
                    description=(
                        "{{ $value | humanizePercentage }} of the requests ({{ $labels.operation }}) of "
                        "{{ $labels.instance }} to the bucket fail."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosUploadsFailing",
                    expr=f"increase(thanos_shipper_upload_failures_total{{{SIDECAR}}}[30m]) > 0",
                    for_="1h",
                    severity=Severity.WARNING,
                    summary="Blocks of samples cannot be uploaded.",
                    description=(
                        "{{ $labels.instance }} keeps failing to upload; what it has is lost with its volume "
                        "until it succeeds."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosUploadsMissing",
                    expr=f"time() - ({uploaded} > 0 or {started}) > {_OVERDUE}",
                    for_="15m",
                    severity=Severity.CRITICAL,
                    summary="No block of samples was uploaded for hours.",
                    description=(
                        "{{ $labels.instance }} has uploaded nothing for {{ $value | humanizeDuration }}."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosCompactorHalted",
                    expr=f"thanos_compact_halted{{{COMPACTOR}}} == 1",
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="The compactor found something wrong in the bucket and has stopped.",
                    description="{{ $labels.instance }} neither joins nor thins out nor deletes anything.",
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosCompactorStalled",
                    expr=f"increase(thanos_compact_iterations_total{{{COMPACTOR}}}[3h]) == 0",
                    for_="1h",
                    severity=Severity.WARNING,
                    summary="The compactor does not get to an end of its work.",
                    description="{{ $labels.instance }} has not been through the bucket for hours.",
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosStoreBlocksUnreadable",
                    expr=f"increase(thanos_bucket_store_block_load_failures_total{{{STORE}}}[30m]) > 0",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="Blocks in the bucket cannot be read: old samples are missing from answers.",
                    description="{{ $labels.instance }} cannot load {{ $value | humanize }} blocks.",
                    dashboard=BOARD,
                ),
                Alert(
                    "ThanosStoreNotAsked",
                    expr=(
                        f"({connected} or 0 * sum by ({INSTANCE}) (up{{{thanos.SELF}}})) "
                        f"< on (environment) group_left () count by (environment) (up{{{STORE}}})"
                    ),
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="Thanos does not ask its store: old samples are missing from answers.",
                    description="{{ $labels.instance }} is connected to {{ $value }} of the stack's stores.",
                    dashboard=thanos.BOARD,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the bucket."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import thanos_dashboards  # noqa: PLC0415

    return (thanos_dashboards.bucket(thresholds),)


MIXIN = Mixin(
    "thanos-bucket",
    frozenset({"thanos-query", "thanos-sidecar", "thanos-store", "thanos-compactor"}),
    rules,
    dashboards,
)
