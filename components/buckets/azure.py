"""Azure Blob: account, container, and a managed identity that the cluster's accounts may take on."""

from __future__ import annotations

from components.buckets.resources import DAYS_OF_VERSIONS, MadeBucket, Making, Resource, once

_CONTRIBUTOR = "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe"
"""Storage Blob Data Contributor."""


def make(making: Making) -> MadeBucket:
    """Register the account, the container in it, and who may use that one container."""
    storage, group = making.asked.storage, {"resourceGroupName": making.where.resource_group}
    account = _account(making)
    inside = {**group, "accountName": once(storage.account, account)}
    container = making.resource(
        "container",
        "azure-native:storage:BlobContainer",
        {**inside, "containerName": storage.bucket, "publicAccess": "None"},
        holds_data=True,
    )
    identity = making.resource(
        "identity",
        "azure-native:managedidentity:UserAssignedIdentity",
        {**group, "location": making.where.location, "resourceName": f"{storage.account}-{storage.bucket}"},
        outputs=("clientId", "principalId"),
    )
    trusted: list[Resource] = []
    for name in making.asked.accounts:
        credential = making.resource(
            f"{name}-trust",
            "azure-native:managedidentity:FederatedIdentityCredential",
            {
                **group,
                "resourceName": once(f"{storage.account}-{storage.bucket}", identity),
                "federatedIdentityCredentialResourceName": name,
                "issuer": making.where.issuer,
                "subject": f"system:serviceaccount:{making.asked.namespace}:{name}",
                "audiences": ["api://AzureADTokenExchange"],
            },
            # One at a time: Azure refuses two that are written to the same identity at once.
            after=trusted[-1:],
        )
        trusted.append(credential)
    right = making.resource(
        "right",
        "azure-native:authorization:RoleAssignment",
        {
            "principalId": identity.output("principalId"),
            "principalType": "ServicePrincipal",
            "roleDefinitionId": _CONTRIBUTOR,
            "scope": container.id,
        },
    )
    usable = (right, *trusted)
    return MadeBucket(once(storage.bucket, *usable), once(identity.output("clientId"), *usable))


def _account(making: Making) -> Resource:
    """Register the account without keys and without public access, and how long it keeps versions."""
    storage, where = making.asked.storage, making.where
    account = making.resource(
        "account",
        "azure-native:storage:StorageAccount",
        {
            "resourceGroupName": where.resource_group,
            "accountName": storage.account,
            "location": where.location,
            "kind": "StorageV2",
            "sku": {"name": "Standard_ZRS"},
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": False,
            "enableHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_2",
        },
        holds_data=True,
    )
    inside = {
        "resourceGroupName": where.resource_group,
        "accountName": once(storage.account, account),
    }
    kept = {"enabled": True, "days": DAYS_OF_VERSIONS}
    making.resource(
        "versions",
        "azure-native:storage:BlobServiceProperties",
        {
            **inside,
            "blobServicesName": "default",
            "isVersioningEnabled": True,
            "deleteRetentionPolicy": kept,
            "containerDeleteRetentionPolicy": kept,
        },
        holds_data=True,
    )
    age = {"delete": {"daysAfterCreationGreaterThan": DAYS_OF_VERSIONS}}
    definition = {"actions": {"version": age}, "filters": {"blobTypes": ["blockBlob"]}}
    making.resource(
        "lifecycle",
        "azure-native:storage:ManagementPolicy",
        {
            **inside,
            "managementPolicyName": "default",
            "policy": {
                "rules": [
                    {"name": "old-versions", "type": "Lifecycle", "enabled": True, "definition": definition}
                ]
            },
        },
        holds_data=True,
    )
    return account
