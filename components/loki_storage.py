"""Where Loki keeps chunks and index: on its volume, or in the object storage of the target's cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import versions
from settings.object_storage import FIRST_DAY, ObjectStorage
from targets import ObjectStorage as Kind
from targets import Target

_STORES = {Kind.GCS: "gcs", Kind.AZURE: "azure", Kind.OCI: "s3"}
"""Kind of object storage → Loki's name for what talks to it."""
_NEEDED = {Kind.GCS: (), Kind.AZURE: ("account", "client_id"), Kind.OCI: ("namespace", "region")}
"""Kind of object storage → what it takes beside the name of the bucket."""
_WORDS = {"account": "account", "client_id": "clientId", "namespace": "namespace", "region": "region"}
LOSES_CHUNKS = frozenset({"3.6.11", "3.7.0", "3.7.1", "3.7.2"})
"""Versions that send chunks in a form which Oracle's object storage refuses, and then drop them."""


def problems(
    storage: ObjectStorage | None, target: Target, version: str = versions.LOKI.tag, *, made: bool = False
) -> list[str]:
    """Return why log lines cannot be kept in that bucket at a target, a line each.

    ``made`` says whether the program makes the bucket, and with it the identity that may use it.
    """
    if storage is None:
        return []
    key, kind = "logs.objectStorage", target.object_storage
    if kind is Kind.NONE:
        return [f"{key}: target {target.name!r} has no object storage; remove it: lines go to the volume"]
    found = [
        f"{key}.{_WORDS[name]}: is required on target {target.name!r}"
        for name in _NEEDED[kind]
        if not getattr(storage, name) and not (made and name == "client_id")
    ]
    found += [
        f"{key}.{word}: means nothing on target {target.name!r}; remove it"
        for name, word in _WORDS.items()
        if getattr(storage, name) and name not in _NEEDED[kind]
    ]
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


def stores(
    data: str, storage: ObjectStorage | None, kind: Kind, secrets: Mapping[str, str]
) -> Mapping[str, Any]:
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


def _bucket(kind: Kind, storage: ObjectStorage, secrets: Mapping[str, str]) -> dict[str, Any]:
    if kind is Kind.GCS:
        # Without a key it is whoever the cluster says the pod is.
        return {"bucket_name": storage.bucket}
    if kind is Kind.AZURE:
        # Neither a key nor an id here: an id would select the machine's identity instead of the pod's.
        return {"account_name": storage.account, "container_name": storage.bucket}
    access_key, secret_key = (secrets[key] for key in storage.secret_keys)
    return {
        "bucket_name": storage.bucket,
        "endpoint": f"{storage.namespace}.compat.objectstorage.{storage.region}.oraclecloud.com",
        "region": storage.region,
        "access_key_id": access_key,
        "secret_access_key": secret_key,
        "bucket_lookup_type": "path",
        # The store wants a checksum, and knows no signature in pieces, which plain HTTP would lead to.
        "send_content_md5": True,
        "insecure": False,
    }
