"""Where Loki keeps its lines: what is written for each cloud, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.loki_storage import LOSES_CHUNKS, problems, stores
from settings.object_storage import LogBucket
from targets import TARGETS
from targets import ObjectStorage as Kind
from versions import LOKI

AZURE = {"account": "acmelogs", "clientId": "0a1b2c3d-0000-4000-8000-000000000001"}
OCI = {"namespace": "acme", "region": "eu-frankfurt-1"}
NO_STORAGE = "logs.objectStorage: target {!r} has no object storage; remove it: data stay on the volume"
OWN = {"endpoint": "s3.example.org:9000", "tls": False}
THE_NAMESPACE = (
    "logs.objectStorage.bucket: must not be the namespace, which Loki takes for a mistake; rename the bucket"
)
KEYS = {"lokiAccessKeyId": "id", "lokiSecretAccessKey": "key"}


def storage(**values: Any) -> LogBucket:
    return LogBucket.model_validate({"bucket": "acme-loki", **values})


@pytest.mark.parametrize(
    ("kind", "values", "store", "expected"),
    [
        (Kind.GCS, {}, "gcs", {"bucket_name": "acme-loki"}),
        (Kind.AZURE, AZURE, "azure", {"account_name": "acmelogs", "container_name": "acme-loki"}),
        (
            Kind.OCI,
            OCI,
            "s3",
            {
                "bucket_name": "acme-loki",
                "endpoint": "acme.compat.objectstorage.eu-frankfurt-1.oraclecloud.com",
                "region": "eu-frankfurt-1",
                "access_key_id": "id",
                "secret_access_key": "key",
                "bucket_lookup_type": "path",
                "send_content_md5": True,
                "insecure": False,
            },
        ),
        (
            Kind.S3,
            OWN,
            "s3",
            {
                "bucket_name": "acme-loki",
                "endpoint": "s3.example.org:9000",
                "region": "us-east-1",
                "access_key_id": "id",
                "secret_access_key": "key",
                "bucket_lookup_type": "path",
                "send_content_md5": True,
                "insecure": True,
            },
        ),
    ],
)
def test_each_cloud_has_its_own_store(
    kind: Kind, values: dict[str, Any], store: str, expected: dict[str, Any]
) -> None:
    found = stores("/data", storage(**values), kind, KEYS)
    assert found["storage_config"] == {"use_thanos_objstore": True, "object_store": {store: expected}}
    (period,) = found["schema_config"]["configs"]
    assert (period["object_store"], period["schema"]) == (store, "v13")
    assert found["compactor"] == {"delete_request_store": store}


def test_lines_of_before_the_bucket_stay_readable() -> None:
    without = stores("/data", None, Kind.GCS, {})
    found = stores("/data", storage(since="2026-12-01"), Kind.GCS, {})
    before, after = found["schema_config"]["configs"]
    assert [before] == without["schema_config"]["configs"]
    assert (after["from"], after["object_store"]) == ("2026-12-01", "gcs")
    assert found["storage_config"]["object_store"]["filesystem"] == {"dir": "/data/chunks"}


@pytest.mark.parametrize(
    ("target", "values", "expected"),
    [
        ("gke", {}, []),
        ("aks", AZURE, []),
        ("oke", OCI, []),
        ("minikube", OWN, []),
        ("minikube", {}, ["logs.objectStorage.endpoint: is required on target 'minikube'"]),
        ("gke", OWN, ["logs.objectStorage.endpoint: means nothing on target 'gke'; remove it",
                      "logs.objectStorage.tls: means nothing on target 'gke'; remove it"]),
        ("process", {}, [NO_STORAGE.format("process")]),
        ("aks", {}, ["logs.objectStorage.account: is required on target 'aks'",
                     "logs.objectStorage.clientId: is required on target 'aks'"]),
        ("gke", AZURE, ["logs.objectStorage.account: means nothing on target 'gke'; remove it",
                        "logs.objectStorage.clientId: means nothing on target 'gke'; remove it"]),
        ("oke", {**OCI, "namespace": "acme-loki"}, [THE_NAMESPACE]),
    ],
)  # fmt: skip
def test_what_a_target_cannot_use_is_said(target: str, values: dict[str, Any], expected: list[str]) -> None:
    assert problems(storage(**values), TARGETS[target]) == expected


def test_without_a_bucket_nothing_is_wrong_anywhere() -> None:
    assert not [problem for target in TARGETS.values() for problem in problems(None, target)]


@pytest.mark.parametrize("version", sorted(LOSES_CHUNKS))
def test_versions_that_lose_lines_are_refused_where_they_do(version: str) -> None:
    (problem,) = problems(storage(**OCI), TARGETS["oke"], version)
    assert problem.startswith(
        f"logs.objectStorage: Loki {version} loses log lines on Oracle's object storage"
    )
    assert problems(storage(), TARGETS["gke"], version) == []
    assert LOKI.tag not in LOSES_CHUNKS


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"bucket": "chunks"}, "advises against"),
        ({"bucket": "Acme"}, "lower-case"),
        ({"since": "tomorrow"}, "use a day such as"),
        ({"since": "2025-01-01"}, "must not be before"),
        ({"region": "frankfurt"}, "eu-frankfurt-1"),
        ({"clientId": "me"}, "a UUID"),
    ],
)
def test_mistakes_say_what_to_write(values: dict[str, str], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        storage(**values)
