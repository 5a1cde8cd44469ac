"""The file by which Thanos finds its bucket, in the object storage of the target's cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi

from components import object_storage
from placement import Placement
from rendering import to_yaml
from settings.object_storage import MetricBucket
from targets import ObjectStorage as Kind

if TYPE_CHECKING:
    from components.thanos import ThanosArgs

_FILE = "bucket.yaml"


@dataclass(frozen=True)
class BucketFiles:
    """What a workload is given to find the bucket; nothing where there is none."""

    arguments: tuple[str, ...] = ()
    files: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def files(workload: str, args: ThanosArgs, placement: Placement) -> BucketFiles:
    """Return the file for a workload; one with a key in it is a secret."""
    bucket, kind = args["metrics"].object_storage, args["object_storage"]
    if bucket is None:
        return BucketFiles()

    def text(secrets: Mapping[str, str]) -> str:
        return to_yaml(configuration(bucket, kind, secrets))

    option = "--objstore.config-file="
    if not bucket.secret_keys:
        made = args.get("made")
        plain = made.once_usable(text({})) if made else text({})
        return BucketFiles((f"{option}{placement.config(workload)}/{_FILE}",), {_FILE: plain})
    whole = pulumi.Output.all(**args.get("secrets", {})).apply(text)
    return BucketFiles((f"{option}{placement.secret(workload, _FILE)}",), secrets={_FILE: whole})


def identity(args: ThanosArgs) -> pulumi.Input[str]:
    """Return Azure's client id of an identity that is made with the bucket; empty where none is."""
    made = args.get("made")
    return made.client_id if made else ""


def configuration(bucket: MetricBucket, kind: Kind, secrets: Mapping[str, str]) -> Mapping[str, Any]:
    """Return ``bucket.yaml``; ``secrets`` are those that the bucket needs, by their configuration keys."""
    if kind is Kind.GCS:
        # Without a key it is whoever the cluster says the pod is.
        return {"type": "GCS", "config": {"bucket": bucket.bucket}}
    if kind is Kind.AZURE:
        # Neither a key nor an id here: an id would select the machine's identity instead of the pod's.
        return {
            "type": "AZURE",
            "config": {"storage_account": bucket.account, "container": bucket.bucket},
        }
    access_key, secret_key = (secrets[key] for key in bucket.secret_keys)
    endpoint, region, plain = object_storage.s3(bucket)
    return {
        "type": "S3",
        "config": {
            "bucket": bucket.bucket,
            "endpoint": endpoint,
            "region": region,
            "access_key": access_key,
            "secret_key": secret_key,
            "bucket_lookup_type": "path",
            # Oracle's store wants a checksum, and knows no signature in pieces.
            "send_content_md5": True,
            "insecure": plain,
        },
    }
