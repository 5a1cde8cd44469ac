"""OpenTelemetry Collector as an agent: follows the log files of every pod of its machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import pulumi

import versions
from catalogue import Service
from components.collector_logs import OLD_LINES, Operator, following, parse, whole_entries
from components.telemetry import own_telemetry
from placement import PORTS, Placement
from rendering import to_yaml
from runtimes import Runtime
from scraping.kubernetes import OF_CONTROLLER, OF_STATEFUL_SET
from scraping.kubernetes_cluster import COMPONENT_LABELS, SERVICE_LABELS, KubernetesCluster
from workload import HostPath, Probe, Resources, Workload

NAME = "log-collector"
NODE = "K8S_NODE_NAME"
"""Environment variable with the name of the machine, which the runtime gives to every agent."""
_POSITIONS = "/tmp/positions"  # noqa: S108
"""Where it notes how far it has read: lost with its pod, whose successor reads the files of a day again."""
_SYSTEM_LOGS = "/var/log"
"""Folder of the machine's own log files, which not every cluster lets pods see."""
_SOURCE = "attributes.source"


class LogCollectorArgs(TypedDict):
    """What a log collector needs to know."""

    cluster: KubernetesCluster
    """Where its pods are, and which namespaces are watched."""
    services: Sequence[Service]
    """Services of the catalogue, some of which name their pods by labels of their own."""


class LogCollector(pulumi.ComponentResource):
    """Reads what pods and machines write and hands it to the collector."""

    def __init__(
        self, name: str, args: LogCollectorArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:LogCollector", name, None, opts)
        runtime.deploy(workload(args, runtime.placement), parent=self)
        self.register_outputs({})


def workload(args: LogCollectorArgs, placement: Placement) -> Workload:
    """Return the agent; root without any capability is the owner of the log files, and of nothing else.

    It sees every folder at the path it has on the machine, because the names of pods' log files are links.
    """
    return Workload(
        name=NAME,
        image=versions.COLLECTOR,
        arguments=(f"--config={placement.config(NAME)}/collector.yaml",),
        ports=PORTS[NAME],
        probe=Probe("health", "/"),
        resources=Resources("100m", "500m", "128Mi", "256Mi"),
        files={"collector.yaml": to_yaml(configuration(args, placement))},
        host_paths=tuple(HostPath(folder, folder) for folder in args["cluster"].log_folders),
        per_node=True,
        user=0,
    )


def configuration(args: LogCollectorArgs, placement: Placement) -> Mapping[str, Any]:
    """Return ``collector.yaml``."""
    cluster = args["cluster"]
    chosen = [service for service in args["services"] if service.metrics and service.metrics.pods]
    follow = {"file_log/pods": follow_pods(cluster)}
    if _SYSTEM_LOGS in cluster.log_folders:
        follow["file_log/system"] = _follow_system()
    host, port = placement.address("collector", "otlp-grpc").split(":")
    return {
        "extensions": {
            "health_check": {"endpoint": placement.listen(NAME, "health")},
            "file_storage": {"directory": _POSITIONS, "create_directory": True},
        },
        "receivers": follow,
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": 200, "spike_limit_mib": 50},
            "k8s_attributes": _pod_labels(chosen),
            "resource/node": {
                "attributes": [{"key": "node", "value": f"${{env:{NODE}}}", "action": "insert"}],
            },
            "transform/labels": {"error_mode": "ignore", "log_statements": _label_statements(chosen)},
        },
        "exporters": {
            "otlp_grpc/collector": {
                "endpoint": f"{host}.{cluster.namespace}:{port}",
                "tls": {"insecure": True},
                # While the collector is away the files themselves are the queue.
                "sending_queue": {"enabled": False},
                "retry_on_failure": {"max_interval": "10s", "max_elapsed_time": "0s"},
            },
        },
        "service": {
            "extensions": ["health_check", "file_storage"],
            "telemetry": own_telemetry(NAME, placement),
            "pipelines": {
                f"logs/{receiver.partition('/')[2]}": {
                    "receivers": [receiver],
                    "processors": ["memory_limiter", *of_pods, "resource/node"],
                    "exporters": ["otlp_grpc/collector"],
                }
                for receiver, of_pods in (
                    ("file_log/pods", ("k8s_attributes", "transform/labels")),
                    ("file_log/system", ()),
                )
                if receiver in follow
            },
        },
    }


def follow_pods(cluster: KubernetesCluster) -> dict[str, Any]:
    """Return the receiver that follows every container of the watched namespaces."""
    namespaces = [f"{namespace}_*" for namespace in cluster.monitored] or ["*"]
    return {
        **following(tuple(f"/var/log/pods/{namespace}/*/*.log" for namespace in namespaces)),
        # Says which namespace, pod and container it is.
        "include_file_path": True,
        "operators": [*_lines(), *parse()],
    }


def _follow_system() -> dict[str, Any]:
    return {
        **following((f"{_SYSTEM_LOGS}/*.log", f"{_SYSTEM_LOGS}/syslog", f"{_SYSTEM_LOGS}/messages")),
        "include_file_name": True,
        "resource": {"service": "node"},
        "operators": parse(),
    }


def _lines() -> list[Operator]:
    """Turn the records of whichever container runtime it is into what the container wrote."""
    path, stream = 'attributes["log.file.path"]', 'attributes["log.iostream"]'
    return [
        {"type": "container", "add_metadata_from_filepath": True},
        OLD_LINES,
        {"type": "regex_replace", "field": "body", "regex": r"\r?\n$", "replace_with": ""},
        {"type": "add", "field": _SOURCE, "value": f"EXPR({path} + {stream})"},
        *whole_entries(_SOURCE),
        {"type": "remove", "field": _SOURCE},
        {"type": "remove", "field": "attributes['log.file.path']"},
    ]


def _pod_labels(chosen: Sequence[Service]) -> dict[str, Any]:
    """Return the processor that asks the API server for the labels of this machine's pods."""
    named = (label for service in chosen for label in _pods_of(service))
    labels = dict.fromkeys((*SERVICE_LABELS, *COMPONENT_LABELS, "team", *named))
    return {
        "filter": {"node_from_env_var": NODE},
        "wait_for_metadata": True,
        "pod_association": [{"sources": [{"from": "resource_attribute", "name": "k8s.pod.uid"}]}],
        "extract": {
            "metadata": ["k8s.pod.name"],
            "labels": [{"tag_name": f"label.{label}", "key": label, "from": "pod"} for label in labels],
        },
    }


def _pods_of(service: Service) -> Mapping[str, str]:
    return (service.metrics and service.metrics.pods) or {}


def _label_statements(chosen: Sequence[Service]) -> list[str]:
    """Return OTTL that gives each line the labels that everything else of its pod has."""

    def copied(target: str, *sources: str) -> list[str]:
        return [
            f'set(resource.attributes["{target}"], resource.attributes["{source}"]) '
            f'where resource.attributes["{source}"] != nil'
            for source in sources
        ]

    return [
        *copied("namespace", "k8s.namespace.name"),
        *copied("pod", "k8s.pod.name"),
        *copied("container", "k8s.container.name"),
        *copied("app", *(f"label.{label}" for label in SERVICE_LABELS[:-1])),
        *copied("component", *(f"label.{label}" for label in COMPONENT_LABELS)),
        *copied("team", "label.team"),
        *_controller(),
        *copied("service", *(f"label.{label}" for label in SERVICE_LABELS)),
        *map(_named, chosen),
        'delete_matching_keys(resource.attributes, "^(k8s|label)[.].*")',
    ]


def _controller() -> Iterator[str]:
    """Yield OTTL that makes the name of a pod's controller its service, as it is of its metrics."""
    pod, service = 'resource.attributes["k8s.pod.name"]', 'resource.attributes["service"]'
    yield f"set({service}, {pod}) where {pod} != nil"
    of_controller, of_set = (json.dumps(f"^{form}$") for form in (OF_CONTROLLER, OF_STATEFUL_SET))
    is_controllers = f"IsMatch({pod}, {of_controller})"
    yield f'replace_pattern({service}, {of_controller}, "$$1") where {is_controllers}'
    yield f'replace_pattern({service}, {of_set}, "$$1") where not {is_controllers}'


def _named(service: Service) -> str:
    """Return OTTL that gives lines of the pods that an entry names the service of the entry."""
    place = service.metrics and service.metrics.namespace
    wanted = {f"label.{label}": value for label, value in _pods_of(service).items()}
    wanted |= {"k8s.namespace.name": place} if place else {}
    conditions = " and ".join(
        f"resource.attributes[{json.dumps(name)}] == {json.dumps(value, ensure_ascii=False)}"
        for name, value in wanted.items()
    )
    return f'set(resource.attributes["service"], "{service.service}") where {conditions}'
