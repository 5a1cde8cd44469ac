"""Buckets that the program makes where it is asked to, and the right of a product to use one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

import pulumi

import profiles
from components import loki_parts
from components.buckets import azure, google, oracle
from components.buckets.resources import Asked, MadeBucket, Making
from settings import Settings
from settings.buckets import CreateBuckets
from targets import ObjectStorage as Kind
from targets import Target

__all__ = ["Asked", "Bucket", "BucketArgs", "MadeBucket", "asked", "problems"]

_MAKERS: Mapping[Kind, Callable[[Making], MadeBucket]] = {
    Kind.GCS: google.make,
    Kind.AZURE: azure.make,
    Kind.OCI: oracle.make,
}
_NEEDED = {
    Kind.GCS: ("location", "project", "project_number"),
    Kind.AZURE: ("location", "resource_group", "issuer"),
    Kind.OCI: ("compartment", "user", "group"),
}
"""Kind of object storage → what has to be said to make a bucket."""


class BucketArgs(TypedDict):
    """What is made, and where."""

    kind: Kind
    asked: Asked
    where: CreateBuckets
    keep: bool
    """Whether it stays when the stack goes."""


class Bucket(pulumi.ComponentResource):
    """A private bucket with versions, and the right of accounts of the cluster to use it."""

    made: MadeBucket
    """What its user needs to know; known only once it may be used."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Bucket", name, None, opts)
        make = _MAKERS[args["kind"]]
        self.made = make(Making(name, self, args["asked"], args["where"], keep=args["keep"]))
        self.register_outputs({"name": self.made.name})


def _accounts(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Return who keeps data in a bucket → accounts of the cluster that may use it."""
    loki = loki_parts.IN_BUCKET if profiles.in_parts(settings) else ("loki",)
    return {"loki": loki, "thanos": ("prometheus", "thanos-store", "thanos-compactor")}


def asked(settings: Settings, target: Target) -> Mapping[str, BucketArgs]:
    """Return which buckets are made, by who keeps data in them; none where they are there already."""
    where = settings.create_buckets
    if where is None:
        return {}
    wanted = {"loki": settings.logs.object_storage, "thanos": settings.metrics.object_storage}
    return {
        name: {
            "kind": target.object_storage,
            "asked": Asked(storage, settings.kubernetes.namespace, _accounts(settings)[name]),
            "where": where,
            "keep": not settings.delete_data,
        }
        for name, storage in wanted.items()
        if storage
    }


def problems(settings: Settings, target: Target) -> list[str]:
    """Return why no bucket can be made at a target, a line each."""
    where, kind = settings.create_buckets, target.object_storage
    if where is None:
        return []
    if kind not in _NEEDED:
        return [f"createBuckets: no bucket can be made on target {target.name!r}; remove it"]
    both = {
        "logs.objectStorage": settings.logs.object_storage,
        "metrics.objectStorage": settings.metrics.object_storage,
    }
    given = {key: storage for key, storage in both.items() if storage}
    if not given:
        return [
            "createBuckets: no bucket is named; name one, such as logs.objectStorage.bucket, or remove it"
        ]
    found = [
        f"{key}.clientId: is made with the bucket; remove it"
        for key, storage in given.items()
        if storage.client_id
    ]
    accounts = [storage.account for storage in given.values() if storage.account]
    if len(set(accounts)) < len(accounts):
        found.append(
            "metrics.objectStorage.account: each bucket is made with an account of its own; choose another"
        )
    words = CreateBuckets.model_fields
    return [
        *found,
        *(
            f"createBuckets.{words[name].alias}: is required on target {target.name!r}"
            for name in _NEEDED[kind]
            if not getattr(where, name)
        ),
        *(
            f"createBuckets.{field.alias}: means nothing on target {target.name!r}; remove it"
            for name, field in words.items()
            if name not in _NEEDED[kind] and getattr(where, name)
        ),
    ]
