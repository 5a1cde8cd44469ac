"""Buckets that the program makes where it is asked to, and the right of a product to use one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

import pulumi

from components.buckets import azure, google, oracle
from components.buckets.resources import Asked, MadeBucket, Making
from settings.buckets import CreateBuckets
from settings.object_storage import ObjectStorage
from targets import ObjectStorage as Kind
from targets import Target

__all__ = ["Asked", "Bucket", "BucketArgs", "MadeBucket", "problems"]

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


def problems(where: CreateBuckets | None, storage: ObjectStorage | None, target: Target) -> list[str]:
    """Return why no bucket can be made at a target, a line each."""
    if where is None:
        return []
    if target.object_storage not in _NEEDED:
        return [f"createBuckets: target {target.name!r} has no object storage; remove it"]
    if storage is None:
        return [
            "createBuckets: no bucket is named; name one, such as logs.objectStorage.bucket, or remove it"
        ]
    needed, words = _NEEDED[target.object_storage], CreateBuckets.model_fields
    given = ["logs.objectStorage.clientId: is made with the bucket; remove it"] if storage.client_id else []
    return [
        *given,
        *(
            f"createBuckets.{words[name].alias}: is required on target {target.name!r}"
            for name in needed
            if not getattr(where, name)
        ),
        *(
            f"createBuckets.{field.alias}: means nothing on target {target.name!r}; remove it"
            for name, field in words.items()
            if name not in needed and getattr(where, name)
        ),
    ]
