"""What a stack file may say about the bucket that log lines are kept in."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator

from settings.section import Section
from units import matching

ACCESS_KEY, SECRET_KEY = "lokiAccessKeyId", "lokiSecretAccessKey"
"""Configuration keys of the two halves of a customer secret key, both secrets."""


FIRST_DAY = "2026-01-01"
"""Day that no stack has log lines from before."""


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


class ObjectStorage(Section):
    """A bucket that is there already; the program makes none."""

    bucket: Annotated[
        str,
        matching(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "use 3 to 63 lower-case letters, digits and hyphens"),
        AfterValidator(_not_lokis_own),
    ]
    """Name of the bucket; on Azure of the container."""
    since: Annotated[str, AfterValidator(_day)] = FIRST_DAY
    """Day from which lines go to the bucket; older ones stay readable on the volume. For a stack that has
    lines on its volume already: a day in the future."""
    account: Annotated[str, matching(r"([a-z0-9]{3,24})?", "use 3 to 24 lower-case letters and digits")] = ""
    """Azure: name of the storage account."""
    client_id: Annotated[
        str, matching(r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?", "use the identity's client id, a UUID")
    ] = ""
    """Azure: client id of the managed identity that may read and write the container."""
    namespace: Annotated[str, matching(r"([a-z0-9_-]+)?", "use what `oci os ns get` prints")] = ""
    """Oracle: Object Storage namespace of the tenancy."""
    region: Annotated[str, matching(r"([a-z]+(-[a-z]+)+-\d+)?", "use a region such as eu-frankfurt-1")] = ""
    """Oracle: region of the bucket. Its key: the secrets ``lokiAccessKeyId`` and ``lokiSecretAccessKey``."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that the bucket needs."""
        return (ACCESS_KEY, SECRET_KEY) if self.region else ()
