"""Google Cloud Storage: a bucket, and the right of the cluster's accounts to use it, without a key."""

from __future__ import annotations

from components.buckets.resources import DAYS_OF_VERSIONS, MadeBucket, Making, once

_ROLE = "roles/storage.objectUser"


def make(making: Making) -> MadeBucket:
    """Register the bucket and a binding for each account."""
    asked, where = making.asked, making.where
    rules = [
        ("Delete", {"daysSinceNoncurrentTime": DAYS_OF_VERSIONS, "withState": "ARCHIVED"}),
        ("AbortIncompleteMultipartUpload", {"age": 7}),
    ]
    bucket = making.resource(
        "bucket",
        "gcp:storage/bucket:Bucket",
        {
            "name": asked.storage.bucket,
            "project": where.project,
            "location": where.location,
            "uniformBucketLevelAccess": True,
            "publicAccessPrevention": "enforced",
            "versioning": {"enabled": True},
            "lifecycleRules": [{"action": {"type": action}, "condition": when} for action, when in rules],
            "forceDestroy": False,
        },
        holds_data=True,
    )
    bindings = [
        making.resource(
            f"{account}-right",
            "gcp:storage/bucketIAMMember:BucketIAMMember",
            {
                "bucket": once(asked.storage.bucket, bucket),
                "role": _ROLE,
                "member": (
                    f"principal://iam.googleapis.com/projects/{where.project_number}/locations/global/"
                    f"workloadIdentityPools/{where.project}.svc.id.goog/subject/ns/{asked.namespace}/sa/{account}"
                ),
            },
        )
        for account in asked.accounts
    ]
    return MadeBucket(once(asked.storage.bucket, *bindings))
