"""What Prometheus scrapes in a cluster: the stack's pods, the cluster's own parts, annotated pods, Dapr."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from placement import HOSTS
from scraping import OWN_JOBS, PARTS, Relabel, ScrapeJob
from scraping.kubernetes_cluster import SERVICE_LABELS, KubernetesCluster

STATE = "kube-state-metrics"
"""Job of what the API server says of its objects."""
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_POD, _NODE = "__meta_kubernetes_pod_", "__meta_kubernetes_node_"
_GENERATED = "[bcdfghjklmnpqrstvwxz2456789]"
"""Letters and digits of the names that controllers generate."""
OF_CONTROLLER = rf"(.+?)(?:-{_GENERATED}{{7,10}}|-\d{{8}})?-{_GENERATED}{{5}}"
"""Name of a pod of a Deployment, DaemonSet or CronJob, which begins with the controller's."""
OF_STATEFUL_SET = r"(.+)-\d+"
"""Name of a pod of a StatefulSet, which begins with the set's."""


def own_pods(workloads: Collection[str], cluster: KubernetesCluster) -> tuple[ScrapeJob, ...]:
    """Return a job for each deployed part of the stack that finds every pod of it."""
    return tuple(
        _own_pods(job, workload, port, path, cluster)
        for job, (workload, port, path) in OWN_JOBS.items()
        if workload in workloads
    )


def cluster_jobs(cluster: KubernetesCluster, declared: Sequence[Relabel] = ()) -> tuple[ScrapeJob, ...]:
    """Return the jobs of the cluster's own parts, of annotated pods and of Dapr's sidecars.

    ``declared`` drops the annotated pods that a job of their own scrapes.
    """
    known = {
        "kubernetes-apiservers": _api_servers,
        "kubernetes-nodes": _kubelets,
        "kubernetes-cadvisor": _cadvisor,
    }
    return (
        *(known[job]() for job in cluster.jobs),
        _object_states(cluster),
        _annotated_pods(cluster, declared),
        _dapr(cluster),
    )


def _own_pods(job: str, workload: str, port: str, path: str, cluster: KubernetesCluster) -> ScrapeJob:
    instance = "node_name" if workload in ("node-exporter", "log-collector") else "name"
    return ScrapeJob(
        job,
        path=path,
        discovery=_pods(cluster.namespace, cluster.agents),
        relabel=(
            *_pods_of(workload, port, cluster),
            Relabel((), "service", "(.*)", workload),
            *((Relabel((), "job", "(.*)", PARTS[job]),) if job in PARTS else ()),
            # The address is another one after each replacement, and every series with it.
            Relabel((f"{_POD}{instance}",), "instance"),
            *_PLACE,
        ),
    )


def _pods_of(workload: str, port: str, cluster: KubernetesCluster) -> tuple[Relabel, ...]:
    label = f"{_POD}label_app_kubernetes_io_"
    return (
        Relabel(
            (f"{label}name", f"{label}instance"),
            regex=f"{HOSTS.get(workload, workload)};{cluster.stack}",
            action="keep",
        ),
        Relabel((f"{_POD}container_port_name",), regex=port, action="keep"),
    )


def _api_servers() -> ScrapeJob:
    service, port = "__meta_kubernetes_service_name", "__meta_kubernetes_endpointslice_port_name"
    return ScrapeJob(
        "kubernetes-apiservers",
        discovery=_discovery("endpointslice", "default"),
        relabel=(
            Relabel((service, port), regex="kubernetes;https", action="keep"),
            Relabel((), "service", "(.*)", "kubernetes"),
        ),
        # Histograms that no rule or panel reads, and that are most of what an API server says.
        metric_relabel=(
            Relabel(
                ("__name__",),
                regex="(apiserver_(admission|watch|response|request_body)_.+|etcd_request_duration_seconds)_bucket",
                action="drop",
            ),
        ),
        options={**_CREDENTIALS, "tls_config": {**_TRUST, "server_name": "kubernetes.default.svc"}},
    )


def _kubelets() -> ScrapeJob:
    return ScrapeJob("kubernetes-nodes", discovery=_discovery("node"), relabel=_OF_NODE, options=_OF_KUBELET)


def _cadvisor() -> ScrapeJob:
    return ScrapeJob(
        "kubernetes-cadvisor",
        path="/metrics/cadvisor",
        discovery=_discovery("node"),
        relabel=_OF_NODE,
        metric_relabel=(
            # What has no pod is a control group of the machine's own.
            Relabel(("id", "pod"), regex="/.*;", action="drop"),
            Relabel(
                ("__name__",),
                regex="container_(tasks_state|memory_failures_total|blkio_device_usage_total)",
                action="drop",
            ),
            Relabel(("pod",), "service", OF_STATEFUL_SET),
            Relabel(("pod",), "service", OF_CONTROLLER),
            # Another one after each restart of a container; pod and container are labels of their own.
            Relabel(regex="id|name", action="labeldrop"),
        ),
        options=_OF_KUBELET,
    )


def _object_states(cluster: KubernetesCluster) -> ScrapeJob:
    return ScrapeJob(
        STATE,
        discovery=_pods(cluster.namespace),
        relabel=(
            *_pods_of(STATE, "http", cluster),
            # Nothing of the exporter's own pod: its series speak of other pods, nodes and namespaces.
            Relabel((), "instance", "(.*)", STATE),
        ),
        options={"honor_labels": True},
    )


def pods_job(
    cluster: KubernetesCluster, name: str, steps: Sequence[Relabel], path: str, interval: str
) -> ScrapeJob:
    """Return a job of the running pods that ``steps`` keep, which see whose pod each is."""
    # The discovery is the same for all of these jobs, and so the API server is asked once.
    found = _pods(*cluster.monitored)
    return ScrapeJob(name, (), path, interval, discovery=found, relabel=(*_RUNNING, *_PLACE, *OWNER, *steps))


def pod_label(label: str) -> str:
    """Return the name that a label of a pod has while pods are found."""
    return f"{_POD}label_{re.sub(r'[^a-zA-Z0-9_]', '_', label)}"


def _annotated_pods(cluster: KubernetesCluster, declared: Sequence[Relabel]) -> ScrapeJob:
    annotation = f"{_POD}annotation_prometheus_io_"
    return ScrapeJob(
        "kubernetes-pods",
        discovery=_pods(*cluster.monitored),
        relabel=(
            Relabel((f"{annotation}scrape",), regex="true", action="keep"),
            *_RUNNING,
            Relabel((f"{annotation}scheme",), "__scheme__", "(https?)"),
            Relabel((f"{annotation}path",), "__metrics_path__"),
            *_PLACE,
            Relabel((f"{_POD}ip", f"{annotation}port"), "__address__", r"([\d.]+);(\d+)", "$1:$2"),
            Relabel((f"{_POD}ip", f"{annotation}port"), "__address__", r"([\da-fA-F:]+);(\d+)", "[$1]:$2"),
            # One target a pod, not one a container that the port may or may not belong to.
            Relabel((f"{annotation}port",), "container", r"\d+", ""),
            *OWNER,
            *declared,
        ),
    )


def _dapr(cluster: KubernetesCluster) -> ScrapeJob:
    annotation = f"{_POD}annotation_dapr_io_"
    return ScrapeJob(
        "dapr",
        discovery=_pods(*cluster.monitored),
        relabel=(
            Relabel((f"{annotation}enabled",), regex="true", action="keep"),
            Relabel((f"{annotation}enable_metrics",), regex="false", action="drop"),
            Relabel(
                (f"{_POD}container_name", f"{_POD}container_port_name"),
                regex="daprd;dapr-metrics",
                action="keep",
            ),
            *_RUNNING,
            *_PLACE,
            *OWNER,
            Relabel((f"{annotation}app_id",), "service"),
        ),
    )


def _discovery(role: str, *namespaces: str) -> Mapping[str, Any]:
    within = {"namespaces": {"names": list(namespaces)}} if namespaces else {}
    return {"kubernetes_sd_configs": [{"role": role, **within}]}


def _pods(*namespaces: str) -> Mapping[str, Any]:
    return _discovery("pod", *namespaces)


_TRUST = {"ca_file": f"{_ACCOUNT}/ca.crt"}
_CREDENTIALS = {"scheme": "https", "authorization": {"credentials_file": f"{_ACCOUNT}/token"}}
_OF_KUBELET = {
    **_CREDENTIALS,
    # A kubelet signs its certificate itself unless the cluster is set up to have it signed.
    "tls_config": {**_TRUST, "insecure_skip_verify": True},
}
_OF_NODE = (
    Relabel((f"{_NODE}name",), "node"),
    Relabel((f"{_NODE}name",), "instance"),
    Relabel((), "service", "(.*)", "kubelet"),
)
_RUNNING = (
    Relabel((f"{_POD}phase",), regex="Succeeded|Failed", action="drop"),
    Relabel((f"{_POD}container_init",), regex="true", action="drop"),
)
NODE = Relabel((f"{_POD}node_name",), "node")
"""Machine that a pod is on."""
_PLACE = (
    Relabel(("__meta_kubernetes_namespace",), "namespace"),
    Relabel((f"{_POD}name",), "pod"),
    Relabel((f"{_POD}container_name",), "container"),
    NODE,
)
OWNER = (
    Relabel((f"{_POD}name",), "service"),
    Relabel((f"{_POD}name",), "service", OF_STATEFUL_SET),
    Relabel((f"{_POD}name",), "service", OF_CONTROLLER),
    *(Relabel((pod_label(label),), "service") for label in SERVICE_LABELS),
    Relabel((f"{_POD}label_team",), "team"),
)
"""Whose pod it is: what its labels say, else its controller's name."""
