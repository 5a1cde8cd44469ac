"""Elasticsearch, seen by elasticsearch_exporter."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "elasticsearch"
"""UID of the dashboard."""
SELF = 'job="elasticsearch"'
CLUSTER = "environment, team, service, job, cluster"
NODE = f"{CLUSTER}, name"
HEAP = "node:elasticsearch_heap_utilisation:ratio"
"""Name of the recorded share of a node's heap in use, 0 to 1."""
DISK_FREE = "node:elasticsearch_disk_free:ratio"
"""Name of the recorded share of a node's data disk that is free, 0 to 1."""


def indexed(thresholds: Thresholds) -> str:
    """Name of the recorded documents per second that a node indexes."""
    return f"node:elasticsearch_documents_indexed:rate{thresholds.window}"


def searches(thresholds: Thresholds) -> str:
    """Name of the recorded searches per second of a node."""
    return f"node:elasticsearch_searches:rate{thresholds.window}"


def search_duration(thresholds: Thresholds) -> str:
    """Name of the recorded average duration of a search on a node, seconds."""
    return f"node:elasticsearch_search_duration_seconds:avg_rate{thresholds.window}"


def rejected(thresholds: Thresholds) -> str:
    """Name of the recorded requests per second that a node's pools turned away, by pool."""
    return f"node_pool:elasticsearch_rejected:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Health, memory, disk and work of every cluster."""
    return (RuleGroup("elasticsearch", (*_recordings(thresholds), *_cluster(), *_nodes(thresholds))),)


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    def rate(metric: str, by: str = NODE) -> str:
        return f"sum by ({by}) (rate(elasticsearch_{metric}{{{SELF}}}[{thresholds.window}]))"

    def part(kind: str) -> str:
        return f"sum by ({NODE}) (elasticsearch_filesystem_data_{kind}_bytes{{{SELF}}})"

    def heap(kind: str) -> str:
        return f'sum by ({NODE}) (elasticsearch_jvm_memory_{kind}_bytes{{{SELF}, area="heap"}})'

    return (
        RecordingRule(HEAP, f"{heap('used')} / ({heap('max')} > 0)"),
        RecordingRule(DISK_FREE, f"{part('available')} / ({part('size')} > 0)"),
        RecordingRule(indexed(thresholds), rate("indices_indexing_index_total")),
        RecordingRule(searches(thresholds), rate("indices_search_query_total")),
        RecordingRule(
            search_duration(thresholds),
            f"{rate('indices_search_query_time_seconds')} / ({searches(thresholds)} > 0)",
        ),
        RecordingRule(rejected(thresholds), rate("thread_pool_rejected_count", f"{NODE}, type")),
    )


def _cluster() -> tuple[Alert, ...]:
    def colour(name: str) -> str:
        return f'max by ({CLUSTER}) (elasticsearch_cluster_health_status{{{SELF}, color="{name}"}}) == 1'

    nodes = f"min by ({CLUSTER}) (elasticsearch_cluster_health_number_of_nodes{{{SELF}}})"
    most = f"max_over_time(elasticsearch_cluster_health_number_of_nodes{{{SELF}}}[1h])"
    return (
        Alert(
            "ElasticsearchClusterRed",
            expr=colour("red"),
            for_="2m",
            severity=Severity.CRITICAL,
            summary="Parts of the indices are not available: searches miss documents, writing to them fails.",
            description="Cluster {{ $labels.cluster }} is red.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "ElasticsearchClusterYellow",
            expr=colour("yellow"),
            for_="30m",
            severity=Severity.WARNING,
            summary="Copies of some parts of the indices are missing; the next failure loses them.",
            description="Cluster {{ $labels.cluster }} has been yellow for half an hour.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "ElasticsearchNodeLost",
            # Within the hour only: afterwards it is the new number.
            expr=f"{nodes} < max by ({CLUSTER}) ({most})",
            for_="5m",
            severity=Severity.CRITICAL,
            summary="A node has left an Elasticsearch cluster.",
            description=(
                "Cluster {{ $labels.cluster }} has {{ $value }} nodes; within the last hour it had more."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "ElasticsearchTasksPending",
            expr=f"max by ({CLUSTER}) (elasticsearch_cluster_health_number_of_pending_tasks{{{SELF}}}) > 100",
            for_="15m",
            severity=Severity.WARNING,
            summary="The master of an Elasticsearch cluster does not keep up with changes.",
            description="{{ $value | humanize }} changes wait in cluster {{ $labels.cluster }}.",
            dashboard=OVERVIEW,
        ),
    )


def _nodes(thresholds: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            "ElasticsearchHeapHigh",
            expr=f"{HEAP} > {thresholds.heap_ratio}",
            for_="15m",
            severity=Severity.WARNING,
            summary="An Elasticsearch node has little heap left and spends its time on collecting garbage.",
            description="{{ $labels.name }} uses {{ $value | humanizePercentage }} of its heap.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "ElasticsearchDiskLow",
            expr=f"{DISK_FREE} < {thresholds.disk_free_ratio}",
            for_=thresholds.disk_for,
            severity=Severity.CRITICAL,
            summary="The disk of an Elasticsearch node is nearly full; its indices become read-only.",
            description="{{ $labels.name }} has {{ $value | humanizePercentage }} of its disk left.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "ElasticsearchRequestsRejected",
            expr=f"{rejected(thresholds)} > 0",
            for_="10m",
            severity=Severity.WARNING,
            summary="An Elasticsearch node turns requests away because its queue is full.",
            description=(
                "{{ $labels.name }} turns away {{ $value | humanize }} requests per second: "
                "{{ $labels.type }}."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "ElasticsearchBreakerTripped",
            expr=f"sum by ({NODE}, breaker) (increase(elasticsearch_breakers_tripped{{{SELF}}}[15m])) > 0",
            severity=Severity.WARNING,
            keep_firing_for="15m",
            summary="An Elasticsearch node refused a request that would have taken too much memory.",
            description="The breaker {{ $labels.breaker }} of {{ $labels.name }} tripped.",
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the clusters."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.data import search_dashboards  # noqa: PLC0415

    return (search_dashboards.elasticsearch(thresholds),)


MIXIN = Mixin(name="elasticsearch", requires=frozenset({"elasticsearch"}), rules=rules, dashboards=dashboards)
