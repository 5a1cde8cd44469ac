"""The places the stack can run, as data. Adding a target is adding a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class RuntimeKind(StrEnum):
    """What lowers a `Workload`."""

    PROCESS = "process"
    DOCKER = "docker"
    KUBERNETES = "kubernetes"


class Exposure(StrEnum):
    """How people reach what is public."""

    PORT = "port"
    """A port of the machine."""
    PORT_FORWARD = "port-forward"
    """``kubectl port-forward``; nothing is exposed."""
    GATEWAY = "gateway"
    """Gateway API."""
    INGRESS = "ingress"
    """Ingress, where the cluster has only that."""


class ObjectStorage(StrEnum):
    """Which object storage the target's cloud offers."""

    NONE = "none"
    OCI = "oci"
    AZURE = "azure"
    GCS = "gcs"
    S3 = "s3"
    """A store of one's own that speaks S3, by its address."""


class Identity(StrEnum):
    """How a workload proves to the cloud who it is."""

    NONE = "none"
    ACCESS_KEY = "access-key"
    """A key in a secret."""
    CUSTOMER_SECRET_KEY = "customer-secret-key"
    """A rotatable key in a secret: Loki cannot use OKE's workload identity."""
    AZURE_WORKLOAD_IDENTITY = "azure-workload-identity"
    GKE_WORKLOAD_IDENTITY = "gke-workload-identity"


@dataclass(frozen=True)
class Target:
    """What differs between the places the stack can run."""

    name: str
    runtime: RuntimeKind
    exposure: Exposure
    storage_class: str = ""
    """Storage class of volumes; empty for the cluster's default, or where there is none."""
    minimum_volume: str = "1Gi"
    """Smallest volume the storage makes; a smaller claim is rounded up to it."""
    gateway_class: str = ""
    object_storage: ObjectStorage = ObjectStorage.NONE
    identity: Identity = Identity.NONE
    network_policies_enforced: bool = False
    """Whether a default cluster enforces NetworkPolicy; where not, an output says so."""
    follows_files: bool = False
    """Whether the collector sees the files that services of the catalogue write their logs to."""
    engine_variable: str = ""
    """Environment variable that names the container engine's socket."""
    engine_sockets: tuple[str, ...] = ()
    """Where the container engine usually listens, the likeliest first; ``{uid}`` is the user's id."""
    drifts: bool = False
    """Whether what was deployed can be stopped or removed unnoticed, and a refresh repairs it."""
    products: tuple[str, ...] = ()
    """Products that run here besides those that run everywhere, by the names of their workloads."""
    engine_data_root: str = ""
    """Where the container engine usually keeps its data."""
    container_log: str = ""
    """File of a container's log below the engine's data; ``{id}`` is the container's id."""
    container_log_format: str = ""
    """Format of these files as the collector's container parser calls it."""
    log_options: tuple[tuple[str, str], ...] = ()
    """Options of the container engine's ``json-file`` log driver that limit what logs take on disk."""
    replicates: bool = False
    """Whether several replicas of a product can run side by side."""
    cluster_jobs: tuple[str, ...] = ()
    """Scrape jobs of the cluster's own parts; what a provider hides is missing, and so are its alerts."""
    api_port: int = 443
    """Port of the API server's own address, which network policies see instead of its Service's."""
    node_log_folders: tuple[str, ...] = ()
    """Folders of a cluster's machines that the log lines of pods, and of the machines, are below."""
    refused: tuple[tuple[str, str], ...] = ()
    """Products that the cluster admits no pods of, each with the reason."""


_WITH_AN_ENGINE = ("blackbox-exporter", "engine-proxy", "cadvisor")
_IN_A_CLUSTER = ("blackbox-exporter", "kube-state-metrics", "log-collector")
# Scheduler, controller manager, etcd and kube-proxy are hidden by every provider.
_CLUSTER_JOBS = ("kubernetes-apiservers", "kubernetes-nodes", "kubernetes-cadvisor")
_NODE_LOGS = ("/var/log",)

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("process", RuntimeKind.PROCESS, Exposure.PORT, follows_files=True),
        Target(
            "docker",
            RuntimeKind.DOCKER,
            Exposure.PORT,
            engine_variable="DOCKER_HOST",
            drifts=True,
            products=_WITH_AN_ENGINE,
            engine_sockets=("/var/run/docker.sock", "/run/user/{uid}/docker.sock"),
            engine_data_root="/var/lib/docker",
            container_log="containers/{id}/{id}-json.log",
            container_log_format="docker",
            log_options=(("max-size", "10m"), ("max-file", "3")),
        ),
        Target(
            "podman",
            RuntimeKind.DOCKER,
            Exposure.PORT,
            engine_variable="CONTAINER_HOST",
            drifts=False,  # Podman reads arguments back in other words: a refresh would replace everything
            products=_WITH_AN_ENGINE,
            engine_sockets=("/run/user/{uid}/podman/podman.sock", "/run/podman/podman.sock"),
            engine_data_root="/var/lib/containers/storage",
            container_log="overlay-containers/{id}/userdata/ctr.log",
            container_log_format="crio",
            log_options=(("max-size", "10m"),),
        ),
        Target(
            "minikube",
            RuntimeKind.KUBERNETES,
            Exposure.PORT_FORWARD,
            products=_IN_A_CLUSTER,
            replicates=True,
            cluster_jobs=_CLUSTER_JOBS,
            node_log_folders=("/var/log", "/var/lib/docker/containers"),
            api_port=8443,
            storage_class="standard",
            object_storage=ObjectStorage.S3,
            identity=Identity.ACCESS_KEY,
        ),
        Target(
            "oke",
            RuntimeKind.KUBERNETES,
            Exposure.GATEWAY,
            products=_IN_A_CLUSTER,
            replicates=True,
            cluster_jobs=_CLUSTER_JOBS,
            node_log_folders=_NODE_LOGS,
            api_port=6443,
            storage_class="oci-bv",
            minimum_volume="50Gi",
            gateway_class="istio",
            object_storage=ObjectStorage.OCI,
            identity=Identity.CUSTOMER_SECRET_KEY,
        ),
        Target(
            "aks",
            RuntimeKind.KUBERNETES,
            Exposure.GATEWAY,
            products=_IN_A_CLUSTER,
            replicates=True,
            cluster_jobs=_CLUSTER_JOBS,
            node_log_folders=_NODE_LOGS,
            storage_class="managed-csi",
            gateway_class="approuting-istio",
            object_storage=ObjectStorage.AZURE,
            identity=Identity.AZURE_WORKLOAD_IDENTITY,
        ),
        Target(
            "gke",
            RuntimeKind.KUBERNETES,
            Exposure.GATEWAY,
            products=_IN_A_CLUSTER,
            replicates=True,
            cluster_jobs=_CLUSTER_JOBS,
            node_log_folders=_NODE_LOGS,
            storage_class="standard-rwo",
            minimum_volume="10Gi",
            gateway_class="gke-l7-global-external-managed",
            object_storage=ObjectStorage.GCS,
            identity=Identity.GKE_WORKLOAD_IDENTITY,
            network_policies_enforced=True,
        ),
        Target(
            "gke-autopilot",
            RuntimeKind.KUBERNETES,
            Exposure.GATEWAY,
            products=_IN_A_CLUSTER,
            replicates=True,
            cluster_jobs=_CLUSTER_JOBS,
            # Autopilot lets pods see nothing of its machines but this.
            node_log_folders=("/var/log/pods",),
            refused=(("node-exporter", "it needs the machine's network, processes and root folder"),),
            storage_class="standard-rwo",
            minimum_volume="10Gi",
            gateway_class="gke-l7-global-external-managed",
            object_storage=ObjectStorage.GCS,
            identity=Identity.GKE_WORKLOAD_IDENTITY,
            network_policies_enforced=True,
        ),
    )
}
