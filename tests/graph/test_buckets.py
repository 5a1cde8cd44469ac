"""Buckets that the program makes: resources of the clouds' providers, and who waits for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from components import buckets
from settings import Settings
from targets import TARGETS
from tests.graph.kubernetes_objects import CANARY, Rendering, Resource, configuration, render, rendered

pytestmark = pytest.mark.graph

WHERE = {
    "gke": {"location": "europe-west1", "project": "acme-staging", "projectNumber": "123456789"},
    "aks": {"location": "westeurope", "resourceGroup": "acme", "issuer": "https://oidc.example.org/1/"},
    "oke": {"compartment": "ocid1.compartment.oc1..a", "user": "ocid1.user.oc1..b", "group": "loki"},
}
TOKENS = {
    "gke": ["gcp:storage/bucket:Bucket", "gcp:storage/bucketIAMMember:BucketIAMMember"],
    "aks": [
        "azure-native:authorization:RoleAssignment",
        "azure-native:managedidentity:FederatedIdentityCredential",
        "azure-native:managedidentity:UserAssignedIdentity",
        "azure-native:storage:BlobContainer",
        "azure-native:storage:BlobServiceProperties",
        "azure-native:storage:ManagementPolicy",
        "azure-native:storage:StorageAccount",
    ],
    "oke": [
        "oci:Identity/customerSecretKey:CustomerSecretKey",
        "oci:Identity/policy:Policy",
        "oci:ObjectStorage/bucket:Bucket",
        "oci:ObjectStorage/objectLifecyclePolicy:ObjectLifecyclePolicy",
    ],
}
HOLD_DATA = {
    "gcp:storage/bucket:Bucket",
    "azure-native:storage:StorageAccount",
    "azure-native:storage:BlobContainer",
    "azure-native:storage:BlobServiceProperties",
    "azure-native:storage:ManagementPolicy",
    "oci:ObjectStorage/bucket:Bucket",
}


def making(stack: str, **more: str) -> Rendering:
    config = configuration(stack) | more
    storage = json.loads(config["observability:logs"])
    storage["objectStorage"].pop("clientId", None)
    config |= {
        "observability:logs": json.dumps(storage),
        "observability:createBuckets": json.dumps(WHERE[stack]),
    }
    secrets = ("observability:lokiAccessKeyId", "observability:lokiSecretAccessKey")
    return rendered(stack, {key: value for key, value in config.items() if key not in secrets})


def made(rendering: Rendering) -> dict[str, Resource]:
    """Return what of a cloud is made, by token."""
    return {r.token: r for r in rendering.resources if r.token.startswith(("gcp:", "azure-native:", "oci:"))}


def one(rendering: Rendering, token: str) -> dict[str, Any]:
    return made(rendering)[token].inputs


@pytest.mark.parametrize("stack", WHERE)
def test_a_bucket_is_made_and_data_stay_when_the_stack_goes(stack: str) -> None:
    found = made(making(stack))
    assert sorted(found) == TOKENS[stack]
    assert {token for token, resource in found.items() if resource.retained} == HOLD_DATA & found.keys()
    assert {resource.parent.rsplit("::", 1)[-1] for resource in found.values()} == {"loki-bucket"}
    gone = made(making(stack, **{"observability:deleteData": "true"}))
    assert not any(resource.retained for resource in gone.values())


@pytest.mark.parametrize("stack", WHERE)
def test_loki_waits_until_it_may_use_its_bucket(stack: str) -> None:
    rendering = making(stack)
    by_urn = {resource.urn: resource for resource in rendering.resources}
    (controller,) = [r for r in rendering.resources if r.name == "loki-stateful-set"]

    def before(urn: str) -> set[str]:
        direct = by_urn[urn].dependencies & by_urn.keys()
        return {by_urn[d].token for d in direct}.union(*(before(d) for d in direct)) if direct else set()

    rights = {
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "azure-native:authorization:RoleAssignment",
        "azure-native:managedidentity:FederatedIdentityCredential",
        "oci:Identity/policy:Policy",
        "oci:Identity/customerSecretKey:CustomerSecretKey",
    }
    assert (rights | HOLD_DATA) & set(TOKENS[stack]) - before(controller.urn) <= {
        # How long old versions are kept is nothing to wait for.
        "azure-native:storage:BlobServiceProperties",
        "azure-native:storage:ManagementPolicy",
    }
    assert before(controller.urn) & rights


@pytest.mark.parametrize("stack", WHERE)
def test_nothing_is_made_unless_asked_for(stack: str) -> None:
    assert not made(render(stack))


def test_google_lets_the_account_of_the_cluster_use_a_private_bucket() -> None:
    rendering = making("gke")
    bucket = one(rendering, "gcp:storage/bucket:Bucket")
    assert bucket["name"] == "acme-staging-loki"
    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["forceDestroy"] is False
    assert bucket["lifecycleRules"][0] == {
        "action": {"type": "Delete"},
        "condition": {"daysSinceNoncurrentTime": 14, "withState": "ARCHIVED"},
    }
    right = one(rendering, "gcp:storage/bucketIAMMember:BucketIAMMember")
    assert (right["bucket"], right["role"]) == ("acme-staging-loki", "roles/storage.objectUser")
    assert right["member"] == (
        "principal://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/"
        "acme-staging.svc.id.goog/subject/ns/observability/sa/loki"
    )


def test_azure_trusts_the_account_of_the_cluster_which_knows_the_identity_that_was_made() -> None:
    rendering = making("aks")
    account = one(rendering, "azure-native:storage:StorageAccount")
    assert (account["allowBlobPublicAccess"], account["allowSharedKeyAccess"]) == (False, False)
    assert one(rendering, "azure-native:storage:BlobContainer")["publicAccess"] == "None"
    trust = one(rendering, "azure-native:managedidentity:FederatedIdentityCredential")
    assert trust["subject"] == "system:serviceaccount:observability:loki"
    assert trust["issuer"] == WHERE["aks"]["issuer"]
    right = one(rendering, "azure-native:authorization:RoleAssignment")
    assert (right["principalId"], right["scope"]) == ("made", "loki-bucket-container-id")
    loki = rendering.one("ServiceAccount", "loki")["metadata"]
    assert loki["annotations"] == {"azure.workload.identity/client-id": "made-client"}
    pod = rendering.one("StatefulSet", "loki")["spec"]["template"]["metadata"]
    assert pod["labels"]["azure.workload.identity/use"] == "true"


def test_oracles_key_is_made_and_only_in_a_secret() -> None:
    rendering = making("oke")
    bucket = one(rendering, "oci:ObjectStorage/bucket:Bucket")
    assert (bucket["accessType"], bucket["versioning"]) == ("NoPublicAccess", "Enabled")
    statements = one(rendering, "oci:Identity/policy:Policy")["statements"]
    assert sum("where target.bucket.name = 'acme-loki'" in line for line in statements) == 2
    loki = yaml.safe_load(rendering.files("loki")["/run/secrets/loki/loki.yaml"])
    store = loki["storage_config"]["object_store"]["s3"]
    assert (store["access_key_id"], store["secret_access_key"]) == ("loki-bucket-key-id", CANARY)
    for resource in rendering.resources:
        assert resource.token.endswith(":Secret") or CANARY not in json.dumps(resource.inputs)


@pytest.mark.parametrize(
    ("target", "where", "buckets_of", "expected"),
    [
        (
            "minikube",
            {},
            {"logs": {"bucket": "acme"}},
            ["createBuckets: no bucket can be made on target 'minikube'; remove it"],
        ),
        ("gke", WHERE["gke"], {}, ["createBuckets: no bucket is named; name one, such as"]),
        (
            "gke",
            {"location": "europe-west1", "user": "ocid1.user.oc1..b"},
            {"logs": {"bucket": "acme"}},
            [
                "createBuckets.project: is required on target 'gke'",
                "createBuckets.projectNumber: is required on target 'gke'",
                "createBuckets.user: means nothing on target 'gke'; remove it",
            ],
        ),
        (
            "aks",
            WHERE["aks"],
            {
                "logs": {
                    "bucket": "acme",
                    "account": "acme",
                    "clientId": "0a1b2c3d-0000-4000-8000-000000000001",
                },
                "metrics": {"bucket": "metrics", "account": "acme"},
            },
            [
                "logs.objectStorage.clientId: is made with the bucket; remove it",
                "metrics.objectStorage.account: each bucket is made with an account of its own; choose",
            ],
        ),
    ],
)
def test_what_is_wrong_with_making_a_bucket_is_said(
    target: str, where: dict[str, str], buckets_of: dict[str, Any], expected: list[str]
) -> None:
    sections = {section: {"objectStorage": storage} for section, storage in buckets_of.items()}
    settings = Settings.model_validate(
        {"stack": "trial", "target": target, "createBuckets": where, **sections}
    )
    found = buckets.problems(settings, TARGETS[target])
    assert len(found) == len(expected)
    for problem, beginning in zip(found, expected, strict=True):
        assert problem.startswith(beginning)


def test_thanos_gets_a_bucket_of_its_own_and_all_its_parts_may_use_it() -> None:
    config = configuration("aks")
    storage = json.loads(config["observability:logs"])
    storage["objectStorage"].pop("clientId")
    metrics = json.loads(config["observability:metrics"])
    metrics["objectStorage"] = {"bucket": "metrics", "account": "acmemetrics"}
    more = {"logs": storage, "metrics": metrics, "createBuckets": WHERE["aks"]}
    rendering = rendered("aks", config | {f"observability:{k}": json.dumps(v) for k, v in more.items()})
    trusted = {
        (r.parent.rsplit("::", 1)[-1], r.inputs["subject"].rsplit(":", 1)[-1])
        for r in rendering.resources
        if r.token.endswith(":FederatedIdentityCredential")
    }
    assert trusted == {
        ("loki-bucket", "loki"),
        ("thanos-bucket", "prometheus"),
        ("thanos-bucket", "thanos-store"),
        ("thanos-bucket", "thanos-compactor"),
    }
    for account in ("loki", "prometheus", "thanos-store", "thanos-compactor"):
        metadata = rendering.one("ServiceAccount", account)["metadata"]
        assert metadata["annotations"] == {"azure.workload.identity/client-id": "made-client"}
