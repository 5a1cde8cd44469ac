"""Where Loki keeps chunks and index: on its volume, or in the object storage of the target's cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import versions
from components import object_storage
from settings.object_storage import FIRST_DAY, LogBucket
from targets import ObjectStorage as Kind
from targets import Target

_STORES = {Kind.GCS: "gcs", Kind.AZURE: "azure", Kind.OCI: "s3", Kind.S3: "s3"}
"""Kind of object storage → Loki's name for what talks to it."""
LOSES_CHUNKS = frozenset({"3.6.11", "3.7.0", "3.7.1", "3.7.2"})
"""Versions that send chunks in a form which Oracle's object storage refuses, and then drop them."""


def problems(
    storage: LogBucket | None, target: Target, version: str = versions.LOKI.tag, *, created: bool = False
) -> list[str]:
    """Return why log lines cannot be kept in that bucket at a target, a line each.

    ``created`` says whether the program makes it.
    """
    if storage is None:
        return []
    key, kind = "logs.objectStorage", target.object_storage
    found = object_storage.problems(key, storage, target, created=created)
    if storage.namespace and storage.namespace == storage.bucket:
        found.append(
            f"{key}.bucket: must not be the namespace, which Loki takes for a mistake; rename the bucket"
        )
    if kind is Kind.OCI and version in LOSES_CHUNKS:
        found.append(
            f"{key}: Loki {version} loses log lines on Oracle's object storage "
            "(https://github.com/grafana/loki/issues/21926); use 3.7.6 or later"
        )
    return found


def stores(data: str, storage: LogBucket | None, kind: Kind, secrets: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the parts of ``loki.yaml`` that say where lines are; ``data`` is the folder of the volume."""
    volume = {"filesystem": {"dir": f"{data}/chunks"}}
    if storage is None:
        return _parts(volume, [_period(FIRST_DAY, "filesystem")], "filesystem")
    store = _STORES[kind]
    # A period never changes: what was written before stays readable where it is.
    before = [_period(FIRST_DAY, "filesystem")] if storage.since > FIRST_DAY else []
    return _parts(
        {**(volume if before else {}), store: _bucket(kind, storage, secrets)},
        [*before, _period(storage.since, store)],
        store,
    )


def _parts(object_store: Mapping[str, Any], periods: list[dict[str, Any]], deletes: str) -> dict[str, Any]:
    return {
        "storage_config": {"use_thanos_objstore": True, "object_store": object_store},
        "schema_config": {"configs": periods},
        "compactor": {"delete_request_store": deletes},
    }


def _period(since: str, store: str) -> dict[str, Any]:
    return {
        "from": since,
        "store": "tsdb",
        "object_store": store,
        "schema": "v13",
        "index": {"prefix": "index_", "period": "24h"},
    }


def _bucket(kind: Kind, storage: LogBucket, secrets: Mapping[str, str]) -> dict[str, Any]:
    if kind is Kind.GCS:
        # Without a key it is whoever the cluster says the pod is.
        return {"bucket_name": storage.bucket}
    if kind is Kind.AZURE:
        # Neither a key nor an id here: an id would select the machine's identity instead of the pod's.
        return {"account_name": storage.account, "container_name": storage.bucket}
    access_key, secret_key = (secrets[key] for key in storage.secret_keys)
    endpoint, region, plain = object_storage.s3(storage)
    return {
        "bucket_name": storage.bucket,
        "endpoint": endpoint,
        "region": region,
        "access_key_id": access_key,
        "secret_access_key": secret_key,
        "bucket_lookup_type": "path",
        # Oracle's store wants a checksum, and knows no signature in pieces, which plain HTTP would lead to.
        "send_content_md5": True,
        "insecure": plain,
    }
