"""The dashboards of Elasticsearch and Logstash."""

from __future__ import annotations

from mixins import panels
from mixins.data import elasticsearch as search
from mixins.data import logstash as shipper
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
NODE, PIPELINE = "{{cluster}} {{name}}", "{{instance}} {{pipeline}}"


def elasticsearch(thresholds: Thresholds) -> Dashboard:
    """Return health, memory, disk and work of the clusters."""

    def own(metric: str) -> str:
        return f"elasticsearch_{metric}{{{search.SELF}, {HERE}}}"

    def by_node(record: str) -> list[panels.Query]:
        return [(f"{record}{{{HERE}}}", NODE)]

    green = f'elasticsearch_cluster_health_status{{{search.SELF}, {HERE}, color="green"}}'
    return panels.dashboard(
        search.OVERVIEW,
        "Elasticsearch",
        "Elasticsearch: health of the clusters, memory, disks, indexing and searching.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                panels.stat("Clusters not green", f"count({green} == 0) or vector(0)", limit=1),
                panels.stat("Nodes", f"sum({own('cluster_health_number_of_nodes')})"),
                panels.stat(
                    "Shards without a place", f"sum({own('cluster_health_unassigned_shards')})", limit=1
                ),
                panels.stat("Changes that wait", f"max({own('cluster_health_number_of_pending_tasks')})"),
            ),
            "Nodes": (
                panels.timeseries(
                    "Heap in use", by_node(search.HEAP), panels.Unit.RATIO, limit=thresholds.heap_ratio
                ),
                panels.timeseries("Disk left", by_node(search.DISK_FREE), panels.Unit.RATIO),
                panels.timeseries(
                    "Documents indexed", by_node(search.indexed(thresholds)), panels.Unit.PER_SECOND
                ),
                panels.timeseries("Searches", by_node(search.searches(thresholds)), panels.Unit.PER_SECOND),
                panels.timeseries(
                    "Average duration of a search",
                    by_node(search.search_duration(thresholds)),
                    panels.Unit.SECONDS,
                ),
                panels.timeseries(
                    "Requests turned away",
                    [(f"{search.rejected(thresholds)}{{{HERE}}} > 0", f"{NODE} {{{{type}}}}")],
                    panels.Unit.PER_SECOND,
                ),
                panels.counts(
                    "Breakers that tripped", {"": own("breakers_tripped")}, "cluster", "name", "breaker"
                ),
            ),
        },
    )


def logstash(thresholds: Thresholds) -> Dashboard:
    """Return events, queues and heap of the Logstash servers."""
    taken, passed = (f"{shipper.events(way, thresholds)}{{{HERE}}}" for way in ("in", "out"))
    return panels.dashboard(
        shipper.OVERVIEW,
        "Logstash",
        "Logstash: events in and out of the pipelines, queues and heap.",
        variables=(panels.environment(),),
        rows={
            "Events": (
                panels.timeseries("Events taken in", [(taken, PIPELINE)], panels.Unit.PER_SECOND),
                panels.timeseries("Events passed on", [(passed, PIPELINE)], panels.Unit.PER_SECOND),
                panels.timeseries(
                    "Queue in use",
                    [(f"{shipper.QUEUE}{{{HERE}}}", PIPELINE)],
                    panels.Unit.RATIO,
                    limit=thresholds.queue_ratio,
                ),
                panels.timeseries(
                    "Heap in use",
                    [(f"{shipper.HEAP}{{{HERE}}}", "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.heap_ratio,
                ),
                panels.counts(
                    "Documents that the target refuses",
                    {
                        "": "logstash_stats_pipeline_plugin_documents_non_retryable_failures"
                        f"{{{shipper.SELF}, {HERE}}}"
                    },
                    "instance",
                    "pipeline",
                ),
                panels.timeseries(
                    "Servers that answer their exporter, 1 does",
                    [(f"logstash_info_up{{{shipper.SELF}, {HERE}}}", "{{instance}}")],
                ),
            ),
        },
    )
