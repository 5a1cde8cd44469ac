"""What Thanos is told: whom it asks, where the bucket is, and how long samples stay there."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components import thanos
from components.prometheus import PrometheusArgs
from components.prometheus import workload as prometheus
from components.thanos_bucket import configuration
from mixins.model import Links
from mixins.thresholds import Thresholds
from runtimes.kubernetes.site import KubernetesPlacement
from settings.model import Metrics
from settings.object_storage import MetricBucket
from targets import ObjectStorage as Kind

PAIR = KubernetesPlacement(
    homes={}, public_urls={}, agents="agents", numbers={"prometheus": 2, "thanos-query": 2, "thanos-store": 2}
)
AZURE = {"account": "acmelogs", "clientId": "0a1b2c3d-0000-4000-8000-000000000001"}
KEYS = {"thanosAccessKeyId": "id", "thanosSecretAccessKey": "key"}


def args(**bucket: Any) -> thanos.ThanosArgs:
    given = {"objectStorage": {"bucket": "acme-metrics", **bucket}} if bucket else {}
    return {"metrics": Metrics.model_validate(given), "object_storage": Kind.GCS}


def in_a_bucket() -> thanos.ThanosArgs:
    return args(retention="100d")


def test_every_prometheus_and_every_store_is_asked() -> None:
    sidecars = [{"address": f"dns+prometheus-{i}.prometheus-replicas:10901"} for i in range(2)]
    stores = [{"address": f"dns+thanos-store-{i}.thanos-store-replicas:10901"} for i in range(2)]
    assert thanos.endpoints(args(), PAIR) == {"endpoints": sidecars}
    assert thanos.endpoints(in_a_bucket(), PAIR) == {"endpoints": [*sidecars, *stores]}


def test_series_of_a_pair_are_told_apart_by_what_prometheus_calls_it() -> None:
    assert "--query.replica-label=replica" in thanos.query(args(), PAIR).arguments


@pytest.mark.parametrize("given", [args(), in_a_bucket()], ids=["no bucket", "bucket"])
def test_blocks_are_left_as_they_are_where_they_are_uploaded(given: thanos.ThanosArgs) -> None:
    settings: PrometheusArgs = {
        "environment": "e", "metrics": given["metrics"], "jobs": (), "mixins": (), "rule_folders": (),
        "thresholds": Thresholds(), "links": Links(), "thanos": given,
    }  # fmt: skip
    workload = prometheus(settings, PAIR)
    (sidecar,) = workload.sidecars
    uploads = given["metrics"].object_storage is not None
    assert ("--storage.tsdb.max-block-duration=2h" in workload.arguments) is uploads
    assert any("objstore" in argument for argument in sidecar.arguments) is uploads
    assert f"--tsdb.path={PAIR.data('prometheus')}" in sidecar.arguments
    assert not {port.name for port in workload.ports} & {port.name for port in sidecar.ports}


def test_the_compactor_keeps_what_the_settings_say() -> None:
    arguments = thanos.compactor(args(retention="100d", retentionOfMinutes="200d"), PAIR).arguments
    assert {
        "--wait",
        "--retention.resolution-raw=100d",
        "--retention.resolution-5m=200d",
        "--retention.resolution-1h=3y",
    } <= set(arguments)
    with pytest.raises(ValueError, match="takes a bucket"):
        thanos.compactor(args(), PAIR)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (Kind.GCS, {}, {"type": "GCS", "config": {"bucket": "acme-metrics"}}),
        (
            Kind.AZURE,
            AZURE,
            {"type": "AZURE", "config": {"storage_account": "acmelogs", "container": "acme-metrics"}},
        ),
    ],
)
def test_where_a_pod_has_an_identity_no_key_is_written(
    kind: Kind, values: dict[str, Any], expected: dict[str, Any]
) -> None:
    bucket = MetricBucket.model_validate({"bucket": "acme-metrics", **values})
    assert configuration(bucket, kind, {}) == expected
    assert bucket.secret_keys == ()


@pytest.mark.parametrize(
    ("values", "endpoint", "plain"),
    [
        (
            {"namespace": "acme", "region": "eu-frankfurt-1"},
            "acme.compat.objectstorage.eu-frankfurt-1.oraclecloud.com",
            False,
        ),
        ({"endpoint": "s3.example.org:9000", "tls": False}, "s3.example.org:9000", True),
    ],
)
def test_a_store_that_speaks_s3_takes_a_key(values: dict[str, Any], endpoint: str, plain: bool) -> None:
    bucket = MetricBucket.model_validate({"bucket": "acme-metrics", **values})
    assert set(bucket.secret_keys) == set(KEYS)
    written = configuration(bucket, Kind.S3, KEYS)["config"]
    assert (written["endpoint"], written["insecure"]) == (endpoint, plain)
    assert (written["access_key"], written["secret_key"]) == ("id", "key")


@pytest.mark.parametrize(
    ("values", "advice"),
    [({"retention": "1d"}, "at least 48h"), ({"retentionOfMinutes": "5d"}, "at least 11d")],
)
def test_samples_are_not_deleted_before_they_are_thinned(values: dict[str, str], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        args(**values)
