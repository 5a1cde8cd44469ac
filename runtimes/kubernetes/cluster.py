"""What the cluster itself says, asked before anything is registered: a preview asks it nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any

from kubernetes.client import (
    ApiClient,
    ApiException,
    ApisApi,
    AppsV1Api,
    AuthorizationV1Api,
    CoreV1Api,
    CustomObjectsApi,
    NetworkingV1Api,
    SchedulingV1Api,
    StorageV1Api,
    VersionApi,
)
from urllib3.exceptions import HTTPError

from runtimes.kubernetes import admission, certificate, monitors, nodes, stateful
from runtimes.kubernetes.autoscaling import SCALED
from runtimes.kubernetes.connection import UnusableClusterError, connect, first_line, name
from runtimes.kubernetes.site import Site
from runtimes.kubernetes.storage import asked, claimed_size
from settings.kubernetes import OUTSIDE_INGRESS
from targets import Exposure

_DEADLINE = 9.0
"""Seconds after which a cluster, or the program that logs in to it, counts as not answering."""
_REQUEST = (3.0, 5.0)
"""Seconds to connect and to answer."""
_MUST_CREATE = (
    ("", "namespaces"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("", "configmaps"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("autoscaling", "horizontalpodautoscalers"),
)
"""Group and kind of what a stack is made of."""


def problems(site: Site, workloads: Collection[str] = (), remarks: list[str] | None = None) -> list[str]:
    """Return why the stack cannot be deployed to its cluster, a line each, within ten seconds.

    What is only worth knowing is added to ``remarks``.
    """
    found: list[str] = []

    def ask() -> None:
        try:
            found.extend(_asked(site, workloads, [] if remarks is None else remarks))
        except UnusableClusterError as error:
            found.append(str(error))
        except Exception as error:  # noqa: BLE001 - in a thread it would be lost, and the cluster pass for sound
            found.append(
                f"kubernetes.context: {name(site)} gives an answer that makes no sense here: "
                f"{type(error).__name__}: {first_line(error)}; to do without its answers, set "
                "OBSERVABILITY_SKIP_PREFLIGHT=1"
            )

    # A program that logs in may wait for somebody at a browser: whoever asks must not wait for it.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_DEADLINE)
    if asking.is_alive():
        return [
            (
                f"kubernetes.context: {name(site)} does not answer within {_DEADLINE:g} s; try: kubectl "
                f"{_flag(site)}get --raw /version"
            )
        ]
    return found


def _asked(site: Site, workloads: Collection[str], remarks: list[str]) -> Iterator[str]:
    answer = _Answers(connect(site), site)
    answer.version()
    yield from answer.identity()
    yield from answer.permissions()
    yield from answer.storage()
    yield from answer.priority()
    answer.nodes(remarks)
    yield from answer.entrance()
    answer.certificate(remarks)
    yield from answer.usage()
    yield from answer.stateful()
    yield from answer.monitors(remarks)
    yield from answer.admission(workloads, remarks)


class _Answers:
    """Asks one cluster; every answer is a list of problems."""

    def __init__(self, connection: ApiClient, site: Site) -> None:
        self._connection, self._site = connection, site

    def version(self) -> None:
        """Find out whether anybody is there, and who asks."""
        self._ask(VersionApi(self._connection).get_code)

    def identity(self) -> Iterator[str]:
        """Yield where it is another cluster than the stack's."""
        wanted = self._site.settings.kubernetes.cluster_id
        if not wanted:
            return
        namespace = self._ask(CoreV1Api(self._connection).read_namespace, "kube-system")
        if namespace is None:
            yield f"kubernetes.clusterId: {name(self._site)} does not let you read which cluster it is"
        elif namespace.metadata.uid != wanted:
            raise UnusableClusterError(
                f"kubernetes.clusterId: this stack belongs to the cluster {wanted}, but {name(self._site)} "
                f"leads to {namespace.metadata.uid}; choose another context, or another stack"
            )

    def permissions(self) -> Iterator[str]:
        """Yield what of the stack may not be created."""
        api = AuthorizationV1Api(self._connection)
        refused, answers = [], 0
        for group, kind in _MUST_CREATE:
            cluster_wide = kind in ("namespaces", "clusterroles", "clusterrolebindings")
            asked = {
                "verb": "create",
                "group": group,
                "resource": kind,
                **({} if cluster_wide else {"namespace": self._site.namespace}),
            }
            review = self._ask(api.create_self_subject_access_review, {"spec": {"resourceAttributes": asked}})
            if review is not None:
                answers += 1
                refused += [] if review.status.allowed else [kind]
        if not answers:
            yield f"kubernetes.context: {name(self._site)} takes you for nobody; log in again"
        if refused:
            yield (
                f"kubernetes.context: as {name(self._site)} you may not create {', '.join(refused)}; "
                "deploy as somebody with the role cluster-admin, or one that allows these"
            )

    def storage(self) -> Iterator[str]:
        """Yield where there is no such storage class."""
        classes = self._ask(StorageV1Api(self._connection).list_storage_class)
        wanted = self._site.storage_class
        if classes is not None and wanted not in (names := _names(classes.items)):
            yield f"kubernetes.storageClass: the cluster has no class {wanted!r}; {_has(names)}"

    def priority(self) -> Iterator[str]:
        """Yield where there is no such priority class."""
        wanted = self._site.settings.kubernetes.priority_class
        classes = self._ask(SchedulingV1Api(self._connection).list_priority_class) if wanted else None
        if classes is not None and wanted not in (names := _names(classes.items)):
            yield f"kubernetes.priorityClass: the cluster has no class {wanted!r}; {_has(names)}"

    def nodes(self, remarks: list[str]) -> None:
        """Remark where no machine would take the stack's pods."""
        remarks.extend(nodes.remarks(self._connection, self._ask, self._site))

    def entrance(self) -> Iterator[str]:
        """Yield where nothing would make the entrance."""
        site, key = self._site, "kubernetes.gatewayClass"
        if site.exposure is Exposure.GATEWAY:
            api = CustomObjectsApi(self._connection)
            listed = self._ask(
                api.list_cluster_custom_object, "gateway.networking.k8s.io", "v1", "gatewayclasses"
            )
            names = sorted(item["metadata"]["name"] for item in (listed or {}).get("items", ()))
            if site.gateway_class not in names:
                yield (
                    f"{key}: the cluster has no class {site.gateway_class!r}; {_has(names)}; install a "
                    "controller for the Gateway API, or name another class, or a kubernetes.ingressClass"
                )
        elif site.exposure is Exposure.INGRESS:
            wanted = site.settings.kubernetes.ingress_class
            classes = self._ask(NetworkingV1Api(self._connection).list_ingress_class)
            if classes is not None and wanted not in (OUTSIDE_INGRESS, *(names := _names(classes.items))):
                yield f"kubernetes.ingressClass: the cluster has no class {wanted!r}; {_has(names)}"

    def certificate(self, remarks: list[str]) -> None:
        """Remark what is wrong with the certificate of the entrance."""
        remarks.extend(certificate.remarks(self._connection, self._ask, self._site))

    def usage(self) -> Iterator[str]:
        """Yield where nobody would tell an autoscaler how busy the pods are."""
        site = self._site
        most = site.settings.kubernetes.autoscaling.max_replicas
        if not any(1 < site.placement.numbers.get(name, 1) < most for name in SCALED):
            return
        groups = self._ask(ApisApi(self._connection).get_api_versions)
        if groups is not None and "metrics.k8s.io" not in {group.name for group in groups.groups}:
            yield (
                "kubernetes.autoscaling: the cluster does not measure how busy pods are; install "
                "metrics-server, or set kubernetes.autoscaling.maxReplicas to 1"
            )

    def stateful(self) -> Iterator[str]:
        """Yield what of a StatefulSet that is there would take its deletion."""
        site, api = self._site, AppsV1Api(self._connection)
        sized = asked(site.settings)
        for workload in dict.fromkeys((*sized, *stateful.OF_FIXED_SIZE, *stateful.IN_A_STORE)):
            found = self._ask(api.read_namespaced_stateful_set, workload, site.namespace)
            if not found or not site.selector(workload).items() <= (found.metadata.labels or {}).items():
                continue
            yield from stateful.replacement(found, site)
            if workload in sized:
                key, size = sized[workload]
                yield from stateful.resize(found, key, claimed_size(size, site.target), site)

    def monitors(self, remarks: list[str]) -> Iterator[str]:
        """Yield why the objects of the Prometheus Operator would not be honoured."""
        yield from monitors.problems(self._connection, self._ask, self._site, remarks)

    def admission(self, workloads: Collection[str], remarks: list[str]) -> Iterator[str]:
        """Yield what the cluster's owners refuse of the stack."""
        if not admission.engines(self._connection, self._ask):
            return
        for reason, certain in admission.refusals(self._connection, self._ask, workloads, self._site):
            if certain:
                yield f"kubernetes.namespace: {reason}"
            else:
                remarks.append(reason)

    def _ask(self, function: Callable[..., Any], *arguments: object, **options: object) -> Any:
        """Return an answer, None where there is no such thing or it is not ours to know."""
        try:
            return function(*arguments, **options, _request_timeout=_REQUEST)
        except ApiException as error:
            if error.status in (403, 404):
                return None
            why = "does not know you; log in again" if error.status == 401 else f"answers {error.status}"
            raise UnusableClusterError(f"kubernetes.context: {name(self._site)} {why}") from None
        except HTTPError as error:
            raise UnusableClusterError(
                f"kubernetes.context: {name(self._site)} cannot be reached at "
                f"{self._connection.configuration.host}: {first_line(error)}; is the cluster running, and "
                "does this machine reach it?"
            ) from None


def _names(items: list[Any]) -> list[str]:
    return sorted(item.metadata.name for item in items)


def _has(names: list[str]) -> str:
    return f"it has {', '.join(names)}" if names else "it has none"


def _flag(site: Site) -> str:
    context = site.settings.kubernetes.context
    return f"--context {context} " if context else ""
