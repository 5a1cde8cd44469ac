"""Buckets: what each kind of object storage takes, for whoever keeps data in one."""

from __future__ import annotations

from collections.abc import Mapping

from settings.object_storage import Bucket
from targets import ObjectStorage as Kind
from targets import Target

_NEEDED: Mapping[Kind, tuple[str, ...]] = {
    Kind.GCS: (),
    Kind.AZURE: ("account", "client_id"),
    Kind.OCI: ("namespace", "region"),
    Kind.S3: ("endpoint",),
}
"""Kind of object storage → what it takes beside the name of the bucket."""
_WORDS = {
    "account": "account",
    "client_id": "clientId",
    "namespace": "namespace",
    "region": "region",
    "endpoint": "endpoint",
}


def problems(key: str, storage: Bucket, target: Target, *, created: bool = False) -> list[str]:
    """Return why nothing can be kept in the bucket of the setting ``key`` at a target, a line each.

    ``created`` says whether the program makes it, and with it the identity that may use it.
    """
    kind = target.object_storage
    if kind is Kind.NONE:
        return [f"{key}: target {target.name!r} has no object storage; remove it: data stay on the volume"]
    found = [
        f"{key}.{_WORDS[name]}: is required on target {target.name!r}"
        for name in _NEEDED[kind]
        if not getattr(storage, name) and not (created and name == "client_id")
    ]
    found += [
        f"{key}.{word}: means nothing on target {target.name!r}; remove it"
        for name, word in _WORDS.items()
        if getattr(storage, name) and name not in _NEEDED[kind]
    ]
    if not storage.tls and kind is not Kind.S3:
        found.append(f"{key}.tls: means nothing on target {target.name!r}; remove it")
    return found


def s3(storage: Bucket) -> tuple[str, str, bool]:
    """Return endpoint, region and whether it takes plain HTTP, of a bucket that is spoken to as S3."""
    if storage.endpoint:
        return storage.endpoint, "us-east-1", not storage.tls
    return f"{storage.namespace}.compat.objectstorage.{storage.region}.oraclecloud.com", storage.region, False
