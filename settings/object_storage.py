"""What a stack file may say about the buckets that log lines and samples are kept in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, model_validator

from settings.section import Section
from units import Address, Duration, Quantity, at_least, matching, seconds

FIRST_DAY = "2026-01-01"
"""Day that no stack has log lines from before."""
HTTPS = 443


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("use a day such as 2026-12-01, in quotes") from None
    if day < date.fromisoformat(FIRST_DAY):
        raise ValueError(f"must not be before {FIRST_DAY}")
    return day.isoformat()


def _not_lokis_own(bucket: str) -> str:
    if bucket in ("chunks", "ruler", "admin"):
        raise ValueError("is a name that Loki's documentation advises against; use one such as acme-loki")
    return bucket


BucketName = Annotated[
    str,
    matching(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "use 3 to 63 lower-case letters, digits and hyphens"),
]


class Bucket(Section):
    """A bucket that is there already; the program makes none."""

    key_names: ClassVar[tuple[str, str]] = ("", "")
    """Configuration keys of the two halves of its access key, both secrets."""

    bucket: BucketName
    """Name of the bucket; on Azure of the container."""
    account: Annotated[str, matching(r"([a-z0-9]{3,24})?", "use 3 to 24 lower-case letters and digits")] = ""
    """Azure: name of the storage account."""
    client_id: Annotated[
        str, matching(r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?", "use the identity's client id, a UUID")
    ] = ""
    """Azure: client id of the managed identity that may read and write the container."""
    namespace: Annotated[str, matching(r"([a-z0-9_-]+)?", "use what `oci os ns get` prints")] = ""
    """Oracle: Object Storage namespace of the tenancy."""
    region: Annotated[str, matching(r"([a-z]+(-[a-z]+)+-\d+)?", "use a region such as eu-frankfurt-1")] = ""
    """Oracle: region of the bucket."""
    endpoint: Address | None = None
    """minikube: ``host:port`` of a store that speaks S3."""
    tls: bool = True
    """minikube: whether that store is asked over TLS."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the bucket needs."""
        return self.key_names if self.region or self.endpoint else ()

    @property
    def port(self) -> int:
        """Port that the bucket is reached at."""
        return int(self.endpoint.rpartition(":")[2]) if self.endpoint else HTTPS


class LogBucket(Bucket):
    """The bucket of the log lines."""

    key_names: ClassVar[tuple[str, str]] = ("lokiAccessKeyId", "lokiSecretAccessKey")

    bucket: Annotated[BucketName, AfterValidator(_not_lokis_own)]
    """Name of the bucket; on Azure of the container. Where it takes a key (Oracle, minikube): the secrets
    ``lokiAccessKeyId`` and ``lokiSecretAccessKey``."""
    since: Annotated[str, AfterValidator(_day)] = FIRST_DAY
    """Day from which lines go to the bucket; older ones stay readable on the volume. For a stack that has
    lines on its volume already: a day in the future."""


class MetricBucket(Bucket):
    """The bucket of the samples."""

    key_names: ClassVar[tuple[str, str]] = ("thanosAccessKeyId", "thanosSecretAccessKey")

    bucket: BucketName
    """Name of the bucket; on Azure of the container. Where it takes a key (Oracle, minikube): the secrets
    ``thanosAccessKeyId`` and ``thanosSecretAccessKey``."""
    retention: Annotated[Duration, at_least("48h", "after 40 h samples are thinned to 5 minutes")] = "90d"
    """How long samples are kept as they came."""
    retention_of_minutes: Annotated[
        Duration, at_least("11d", "after 10 days they are thinned to an hour")
    ] = "1y"
    """How long samples thinned to one in 5 minutes are kept."""
    retention_of_hours: Duration = "3y"
    """How long samples thinned to one an hour are kept."""
    storage: Quantity = "50Gi"
    """Capacity of the compactor's volume: it needs room for two weeks of samples twice."""

    @model_validator(mode="after")
    def _coarser_is_longer(self) -> Self:
        if seconds(self.retention_of_hours) < seconds(self.retention_of_minutes):
            raise ValueError(
                "retentionOfHours: must be no shorter than retentionOfMinutes, from which they are made"
            )
        return self
