"""Every number an alert compares with, by name; a stack file changes them under ``thresholds``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mixins.buckets import BUCKETS
from units import Duration, Ratio
from units import PositiveSeconds as Seconds


def _bound(seconds: float) -> float:
    # Between two bounds there is nothing to count: the rule would be silent for ever.
    if seconds not in BUCKETS:
        raise ValueError(f"must be one of {', '.join(f'{bound:g}' for bound in BUCKETS)}")
    return seconds


BucketBound = Annotated[float, AfterValidator(_bound)]
"""Seconds; one of BUCKETS."""


class Thresholds(BaseModel):
    """Thresholds of the alerts; dashboards draw the same numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    window: Duration = "5m"
    """Window of the rates that alerts and dashboards read."""
    error_ratio: Ratio = 0.05
    """Share of failed requests above which HighErrorRate fires, and the same for Loki's and Jaeger's own."""
    error_ratio_for: Duration = "5m"
    """How long the error ratio must be exceeded."""
    latency_p95: Seconds = 1.0
    """95th percentile of the response time, seconds, above which HighResponseTime fires."""
    latency_for: Duration = "5m"
    """How long the response time must be exceeded."""
    minimum_request_rate: Annotated[float, Field(ge=0)] = 0.05
    """Requests per second below which ratios of a service are too noisy to alert on."""
    target_down_for: Duration = "2m"
    """How long a scrape target must be unreachable before TargetDown or PodDown fires."""
    cpu_ratio: Ratio = 0.8
    """Share of processor time in use above which HighCPUUsage fires."""
    memory_ratio: Ratio = 0.8
    """Share of memory in use above which HighMemoryUsage fires."""
    saturation_for: Duration = "10m"
    """How long processor or memory must be above their threshold."""
    disk_free_ratio: Ratio = 0.1
    """Share of free disk space below which DiskSpaceLow fires."""
    disk_for: Duration = "5m"
    """How long the free disk space must be below its threshold."""
    disk_fills_in: Seconds = 86_400.0
    """NodeFilesystemFilling fires when, at the pace of the last hours, a file system is full within this many
    seconds."""
    disk_filling_free_ratio: Ratio = 0.4
    """Share of free disk space above which NodeFilesystemFilling stays silent: there is time."""
    clock_skew: Seconds = 2.0
    """Seconds by which a host's clock may differ from Prometheus' own; more fires NodeClockSkew."""
    descriptor_ratio: Ratio = 0.9
    """Share of file descriptors (or tracked connections) in use above which the exhaustion alerts fire."""
    queue_ratio: Ratio = 0.8
    """Share of an internal queue's capacity above which it counts as filling up."""
    failure_ratio: Ratio = 0.01
    """Share of the stack's own work (spans, log records, notifications, network packets) that may fail."""
    storage_ratio: Ratio = 0.9
    """Share of Prometheus' size limit above which PrometheusStorageNearLimit fires."""
    remote_write_lag: Seconds = 120.0
    """Seconds by which remote write may lag behind before PrometheusRemoteWriteBehind fires."""
    refusal_rate: Annotated[float, Field(gt=0)] = 0.2
    """Requests per second that the login may refuse before LoginProxyRefusals fires."""
    hub_lag: Seconds = 1_800.0
    """Seconds by which what is sent to the hub may lag behind before HubUnreachable fires; what waits longer
    than two hours is lost."""
    container_cpu_ratio: Ratio = 0.8
    """Share of a container's processor limit in use above which ContainerCPUHigh fires."""
    container_cpu_exhausted_ratio: Ratio = 0.95
    """The same for ContainerCPUExhausted, which pages."""
    container_memory_ratio: Ratio = 0.8
    """Share of a container's memory limit in use above which ContainerMemoryHigh fires."""
    container_memory_exhausted_ratio: Ratio = 0.95
    """The same for ContainerMemoryExhausted, which pages."""
    container_restarts: Annotated[float, Field(gt=0)] = 2
    """Restarts of a container within 15 minutes above which ContainerRestarting fires."""
    container_crash_loop: Annotated[float, Field(gt=0)] = 10
    """Restarts of a container within an hour from which on ContainerCrashLooping fires."""
    probe_duration: Seconds = 2.0
    """Average duration of a probe, seconds, above which ProbeSlow fires."""
    certificate_soon: Seconds = 1_209_600.0
    """Seconds before a certificate ends from which on CertificateExpiresSoon fires: 14 days."""
    certificate_imminent: Seconds = 259_200.0
    """Seconds before a certificate ends from which on CertificateExpiresImminently fires: 3 days."""
    pool_ratio: Ratio = 0.8
    """Share of a connection pool in use above which PoolExhausted fires."""
    pool_critical_ratio: Ratio = 0.9
    """Share of a connection pool in use above which DatabaseConnectionPoolExhausted fires."""
    pool_for: Duration = "5m"
    """How long a connection pool must be above its threshold."""
    slow_query_seconds: BucketBound = 1.0
    """Seconds from which a query of a service counts as slow: 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1 or 5, the
    bounds of the histogram. A database server has a setting of its own."""
    slow_query_rate: Annotated[float, Field(gt=0)] = 1.0
    """Slow queries per second above which SlowQueries fires."""
    database_down_for: Duration = "1m"
    """How long a database or cache must be gone before DatabaseDown or CacheDown fires."""
    connection_ratio: Ratio = 0.8
    """Share of the connections a database or cache server allows above which its connection alert fires."""
    deadlocks: Annotated[float, Field(gt=0)] = 5.0
    """Deadlocks of a database within 15 minutes above which the deadlock alerts fire."""
    transaction_duration: Seconds = 1_800.0
    """Seconds a transaction may run before PostgresLongTransaction fires."""
    idle_transaction_duration: Seconds = 300.0
    """Seconds a transaction may be open without doing anything before PostgresIdleInTransaction fires."""
    replication_lag: Seconds = 60.0
    """Seconds by which a replica may lag behind before the replication alerts fire."""
    replication_slot_bytes: Annotated[float, Field(gt=0)] = 10_000_000_000.0
    """Bytes of write-ahead log that a replication slot may hold back before
    PostgresReplicationSlotGrowing fires."""
    cache_hit_ratio: Ratio = 0.8
    """Share of lookups that a cache should answer; below it the cache alerts fire."""
    server_memory_ratio: Ratio = 0.9
    """Share of its own memory limit in use above which the alerts of Redis and RabbitMQ fire."""
    consumer_lag: Annotated[float, Field(gt=0)] = 1_000.0
    """Messages that wait for a consumer group above which KafkaConsumerLag fires."""
    consumer_lag_for: Duration = "5m"
    """How long the lag must be above its threshold."""
    queue_backlog: Annotated[float, Field(gt=0)] = 1_000.0
    """Messages that wait in RabbitMQ, or were not confirmed by a consumer, above which its queue
    alerts fire."""
    task_failure_ratio: Ratio = 0.1
    """Share of failed task operations above which TaskFailures fires."""
    delivery_failure_ratio: Ratio = 0.1
    """Share of failed reminder deliveries above which ReminderDeliveryFailures fires."""
    traffic_drop_ratio: Ratio = 0.5
    """Share of the usual requests, or of the WebSocket connections just before, below which the drop
    alerts fire."""
    traffic_drop_for: Duration = "10m"
    """How long the requests must be below their usual rate before TrafficDrop fires."""
    websocket_connections_minimum: Annotated[float, Field(gt=0)] = 20.0
    """WebSocket connections below which a service is too small to alert on."""
    application_down_for: Duration = "1m"
    """How long no instance of an application may answer before ApplicationDown fires."""
    reconnects: Annotated[float, Field(gt=0)] = 4
    """Times within 15 minutes that an instance may be lost or found before ServiceReconnecting fires."""
    warning_error_ratio: Ratio = 0.01
    """Share of failed requests above which ApplicationErrors fires, long before HighErrorRate does."""
    error_change_factor: Annotated[float, Field(gt=1)] = 3
    """How many times the share of failed requests of the hour before ErrorRateChange tolerates."""
    traffic_surge_factor: Annotated[float, Field(gt=1)] = 3
    """How many times the usual requests TrafficSurge tolerates."""
    cpu_exhausted_ratio: Ratio = 0.95
    """Share of a machine's processor time in use above which NodeCPUExhausted fires, which pages."""
    memory_exhausted_ratio: Ratio = 0.95
    """The same of its memory for NodeMemoryExhausted."""
    disk_exhausted_free_ratio: Ratio = 0.05
    """Share of free space of a disk or volume below which DiskSpaceExhausted or VolumeSpaceExhausted
    fires."""
    disk_busy_ratio: Ratio = 0.95
    """Share of time in which a disk may work before NodeDiskSaturated fires."""
    retransmission_ratio: Ratio = 0.05
    """Share of TCP segments that a machine may have to send again."""
    scrape_duration: Seconds = 8.0
    """Seconds a scrape may take before TargetScrapeSlow fires; after ten it is given up."""
    series_growth: Annotated[float, Field(ge=1)] = 2.0
    """How many times yesterday's series, samples or streams the surge alerts tolerate."""
    notification_duration: Seconds = 10.0
    """95th percentile, seconds, of a notification above which AlertmanagerNotificationsSlow fires."""
    grafana_latency: Seconds = 5.0
    """95th percentile, seconds, of a request to Grafana above which GrafanaSlow fires."""
    metric_query_duration: Seconds = 10.0
    """99th percentile, seconds, of a query to Thanos above which ThanosQueriesSlow fires."""
    log_query_duration: Seconds = 2.0
    """99th percentile, seconds, of a query to Loki above which LokiQueriesSlow fires."""
    trace_query_duration: Seconds = 5.0
    """95th percentile, seconds, of a read from Jaeger's store above which JaegerStorageSlow fires."""
    heap_ratio: Ratio = 0.85
    """Share of its heap that an Elasticsearch or Logstash may use."""
    backup_age: Seconds = 93_600.0
    """Seconds since the last good backup above which BackupMissing fires: 26 hours."""
    backup_size_ratio: Ratio = 0.5
    """Share of the largest backup of the week below which BackupShrunk fires."""
    restore_test_age: Seconds = 3_024_000.0
    """Seconds since the last restore test above which BackupRestoreTestOverdue fires: 35 days."""
    pod_restarts: Annotated[float, Field(ge=0)] = 0.1
    """Restarts of a pod's container within 15 minutes above which PodRestartingTooOften fires."""
    job_duration: Seconds = 43_200.0
    """Seconds a Kubernetes job may run before JobRunningTooLong fires."""
    throttled_ratio: Ratio = 0.25
    """Share of time in which a container may be held back by its processor limit."""
    requests_ratio: Ratio = 0.9
    """Share of a quota, of a node's pods or of a cluster's resources that may be taken."""
    kubelet_relist_duration: Seconds = 10.0
    """Seconds a kubelet may take to list its containers before KubeletRelistSlow fires."""
    pod_start_duration: Seconds = 60.0
    """Seconds a pod may take to start before KubeletPodStartSlow fires."""
    apiserver_latency: Seconds = 1.0
    """99th percentile, seconds, of a Kubernetes API request above which ApiserverSlow fires."""
    autoscaler_maxed_for: Duration = "15m"
    """How long an autoscaler must be at its largest number of replicas before HPAMaxedOut fires."""
