"""What the makers of buckets share: resources of a cloud's provider, by their token.

The clouds' own packages would be a gigabyte for a dozen resources (``docs/adr/buckets-by-token.md``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from settings.buckets import CreateBuckets
from settings.object_storage import Bucket

VERSIONS = {"gcp": "10.2.0", "azure-native": "3.29.0", "oci": "5.5.0"}
"""Provider → version whose tokens and properties these are."""
DAYS_OF_VERSIONS = 14
"""How long what was overwritten or deleted can be brought back, days."""


@dataclass(frozen=True)
class Asked:
    """A bucket that somebody needs."""

    storage: Bucket
    namespace: str
    """Namespace of its users in the cluster."""
    accounts: tuple[str, ...]
    """Accounts of the cluster that may use it."""


@dataclass(frozen=True)
class MadeBucket:
    """A bucket, known once its users may use it."""

    name: pulumi.Output[str]
    client_id: pulumi.Input[str] = ""
    """Azure: client id of the identity of its users."""
    secrets: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    """Oracle: configuration key → half of the access key."""

    def once_usable(self, text: str) -> pulumi.Output[str]:
        """Return a file that is there once the bucket that it names may be used, and with it its product."""
        return self.name.apply(lambda _: text)


class Resource(pulumi.CustomResource):
    """A resource of a cloud's provider."""

    def output(self, name: str) -> pulumi.Output[str]:
        """Return one of the outputs that were named when it was declared."""
        value: pulumi.Output[str] = self.__dict__[name]
        return value


@dataclass(frozen=True)
class Making:
    """A bucket while it is being made."""

    name: str
    """Name of the component; its children's names begin with it."""
    parent: pulumi.Resource
    asked: Asked
    where: CreateBuckets
    keep: bool

    def resource(
        self,
        role: str,
        token: str,
        properties: Mapping[str, Any],
        *,
        outputs: Sequence[str] = (),
        secrets: Sequence[str] = (),
        after: Sequence[pulumi.Resource] = (),
        holds_data: bool = False,
    ) -> Resource:
        """Register a resource; what holds data stays when the stack goes, unless it is asked otherwise."""
        return Resource(
            token,
            f"{self.name}-{role}",
            {**properties, **dict.fromkeys(outputs)},
            pulumi.ResourceOptions(
                parent=self.parent,
                version=VERSIONS[token.partition(":")[0]],
                depends_on=list(after),
                retain_on_delete=holds_data and self.keep,
                additional_secret_outputs=list(secrets) or None,
            ),
        )


def once(value: pulumi.Input[str], *there: pulumi.CustomResource) -> pulumi.Output[str]:
    """Return a value that is known once these resources are there."""
    return pulumi.Output.all(value, *(resource.id for resource in there)).apply(lambda known: str(known[0]))
