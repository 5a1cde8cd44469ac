"""OCI Object Storage: a bucket, the right of a group to use it, and a key of one of its users."""

from __future__ import annotations

import pulumi

from components.buckets.resources import DAYS_OF_VERSIONS, MadeBucket, Making, once


def make(making: Making) -> MadeBucket:
    """Register the bucket, what may be done with it, and the key: there is no other identity here."""
    asked, where = making.asked, making.where
    storage = asked.storage
    bucket = making.resource(
        "bucket",
        "oci:ObjectStorage/bucket:Bucket",
        {
            "compartmentId": where.compartment,
            "namespace": storage.namespace,
            "name": storage.bucket,
            "accessType": "NoPublicAccess",
            "versioning": "Enabled",
        },
        holds_data=True,
    )
    within = f"in compartment id {where.compartment}"
    only = f"where target.bucket.name = '{storage.bucket}'"
    right = making.resource(
        "right",
        "oci:Identity/policy:Policy",
        {
            "compartmentId": where.compartment,
            "name": f"{storage.bucket}-users",
            "description": f"Use of the bucket {storage.bucket}, and removal of its old versions",
            "statements": [
                f"Allow group {where.group} to read buckets {within} {only}",
                f"Allow group {where.group} to manage objects {within} {only}",
                f"Allow service objectstorage-{storage.region} to manage object-family {within}",
            ],
        },
    )
    making.resource(
        "lifecycle",
        "oci:ObjectStorage/objectLifecyclePolicy:ObjectLifecyclePolicy",
        {
            "namespace": storage.namespace,
            "bucket": once(storage.bucket, bucket),
            "rules": [
                {
                    "name": "old-versions",
                    "action": "DELETE",
                    "target": "previous-object-versions",
                    "isEnabled": True,
                    "timeAmount": str(DAYS_OF_VERSIONS),
                    "timeUnit": "DAYS",
                }
            ],
        },
        after=(right,),
    )
    key = making.resource(
        "key",
        "oci:Identity/customerSecretKey:CustomerSecretKey",
        {"displayName": storage.bucket, "userId": where.user},
        outputs=("key",),
        secrets=("key",),
    )
    usable = (bucket, right)
    id_name, secret_name = storage.secret_keys
    return MadeBucket(
        once(storage.bucket, *usable),
        secrets={
            # The provider's id is a path, users/…/customerSecretKeys/…, in some of its versions.
            id_name: pulumi.Output.secret(once(key.id.apply(lambda id_: id_.rpartition("/")[2]), *usable)),
            secret_name: pulumi.Output.secret(once(key.output("key"), *usable)),
        },
    )
