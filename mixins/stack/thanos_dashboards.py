"""The dashboards of Thanos: queries, and the bucket."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from mixins.stack import thanos, thanos_bucket
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, instance=~"$instance"'
EACH = "{{instance}}"


def queries(thresholds: Thresholds) -> Dashboard:
    """Return what is asked, what is answered, and by whom."""
    requests = f"{thanos.requests(thresholds)}{{{CHOSEN}}}"
    latency = f"{thanos.latency(thresholds)}{{{CHOSEN}}}"
    calls = f"{thanos.calls(thresholds)}{{{CHOSEN}}}"
    own = f"{thanos.SELF}, {CHOSEN}"
    return panels.dashboard(
        thanos.BOARD,
        "Thanos",
        "Thanos: one answer from every Prometheus and the bucket.",
        variables=(panels.environment(), panels.instance("thanos-query")),
        rows={
            "Queries": (
                panels.timeseries(
                    "Queries by kind and status",
                    [(f"sum by (handler, code) ({requests})", "{{handler}} {{code}}")],
                    panels.Unit.REQUESTS,
                ),
                panels.timeseries(
                    "Duration of a query, p99",
                    [(f"max by (handler) ({latency})", "{{handler}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.metric_query_duration,
                ),
                panels.timeseries(
                    "Queries at work", [(f"thanos_query_concurrent_gate_queries_in_flight{{{own}}}", EACH)]
                ),
            ),
            "Sources": (
                panels.timeseries(
                    "Connections by kind of source",
                    [
                        (
                            f"sum by (instance, store_type) (thanos_store_nodes_grpc_connections{{{own}}})",
                            f"{EACH} {{{{store_type}}}}",
                        )
                    ],
                ),
                panels.timeseries(
                    "Requests to sources by result",
                    [(f"sum by (grpc_code) ({calls})", "{{grpc_code}}")],
                    panels.Unit.REQUESTS,
                ),
                panels.timeseries(
                    "Prometheus that its sidecar reaches",
                    [(f"thanos_sidecar_prometheus_up{{{thanos.SIDECAR}, {HERE}}}", EACH)],
                ),
            ),
        },
    )


def bucket(thresholds: Thresholds) -> Dashboard:
    """Return what goes into the bucket, what is done there, and what is read from it."""

    def of(job: str) -> str:
        return f"{job}, {HERE}"

    made, failed = (
        f"sum by (job, operation) ({recorded(thresholds)}{{{HERE}}})"
        for recorded in (thanos_bucket.operations, thanos_bucket.failures)
    )
    uploaded = f"thanos_objstore_bucket_last_successful_upload_time{{{of(thanos_bucket.SIDECAR)}}}"
    todo = (
        f"thanos_compact_todo_{what}{{{of(thanos_bucket.COMPACTOR)}}}"
        for what in ("compactions", "downsample_blocks", "deletion_blocks")
    )
    return panels.dashboard(
        thanos_bucket.BOARD,
        "Thanos: bucket",
        "Thanos: blocks of samples that are uploaded, looked after and read.",
        variables=(panels.environment(),),
        rows={
            "Bucket": (
                panels.timeseries(
                    "Requests by operation", [(made, "{{job}} {{operation}}")], panels.Unit.REQUESTS
                ),
                panels.timeseries(
                    "Failures by operation", [(failed, "{{job}} {{operation}}")], panels.Unit.REQUESTS
                ),
                panels.timeseries(
                    "Since the last upload", [(f"time() - ({uploaded} > 0)", EACH)], panels.Unit.SECONDS
                ),
            ),
            "Compactor and store": (
                panels.timeseries(
                    "Still to do",
                    [
                        (query, legend)
                        for query, legend in zip(
                            todo, ("blocks to join", "blocks to thin out", "blocks to delete"), strict=True
                        )
                    ],
                ),
                panels.timeseries(
                    "Blocks that answer",
                    [(f"thanos_bucket_store_blocks_loaded{{{of(thanos_bucket.STORE)}}}", EACH)],
                ),
                panels.timeseries(
                    "Compactor halted, 1 is",
                    [(f"thanos_compact_halted{{{of(thanos_bucket.COMPACTOR)}}}", EACH)],
                ),
                panels.counts(
                    "Rounds of the compactor",
                    {"": f"thanos_compact_iterations_total{{{of(thanos_bucket.COMPACTOR)}}}"},
                    "instance",
                ),
                panels.counts(
                    "Blocks that failed",
                    {
                        "uploads": f"thanos_shipper_upload_failures_total{{{of(thanos_bucket.SIDECAR)}}}",
                        "loads": "thanos_bucket_store_block_load_failures_total"
                        f"{{{of(thanos_bucket.STORE)}}}",
                    },
                    "instance",
                ),
            ),
        },
    )
