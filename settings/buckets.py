"""What a stack file may say about buckets that the program makes itself."""

from __future__ import annotations

from typing import Annotated

from settings.section import Section
from units import Url, matching


class CreateBuckets(Section):
    """Where in the target's cloud the buckets of the stack are made, and for whom."""

    location: Annotated[
        str, matching(r"[A-Za-z0-9-]*", "use a location such as europe-west1 or westeurope")
    ] = ""
    """Google, Azure: where the data are, ``europe-west1`` or ``westeurope``."""
    project: Annotated[str, matching(r"([a-z][a-z0-9-]{4,28}[a-z0-9])?", "use the id of a project")] = ""
    """Google: id of the project that the cluster and the buckets are in."""
    project_number: Annotated[
        str, matching(r"\d*", "use the number that `gcloud projects describe` prints")
    ] = ""
    """Google: number of that project, in quotes."""
    resource_group: Annotated[str, matching(r"[\w().-]*", "use the name of a resource group")] = ""
    """Azure: resource group that is there already."""
    issuer: Url | None = None
    """Azure: what ``az aks show --query oidcIssuerProfile.issuerUrl`` prints of the cluster."""
    compartment: Annotated[str, matching(r"(ocid1\.\S+)?", "use an OCID, ocid1.compartment…")] = ""
    """Oracle: compartment of the buckets."""
    user: Annotated[str, matching(r"(ocid1\.user\.\S+)?", "use an OCID, ocid1.user…")] = ""
    """Oracle: user that is there already, whose customer secret keys are made."""
    group: Annotated[str, matching(r"[\w./'-]*", "use the name of a group")] = ""
    """Oracle: group of that user, which gets the rights."""
