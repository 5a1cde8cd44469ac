"""Who may talk to whom: the network policies of a stack, evaluated as a cluster does."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from placement import HOSTS, PORTS
from runtimes.kubernetes.network import edges, notification_ports
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import TARGETS
from tests.graph.kubernetes_objects import STACKS, Rendering, render, settings_of

pytestmark = pytest.mark.graph


@dataclass(frozen=True)
class Endpoint:
    """One end of a connection: a pod, or something that only has an address."""

    name: str
    address: str
    namespace: str = ""
    """Empty for what is not a pod to network policies: the outside, and pods on a machine's network."""
    labels: Mapping[str, str] = field(default_factory=dict)


OUTSIDE = Endpoint("outside", "203.0.113.7")
PROXY = Endpoint("proxy", "35.191.0.10")
APPLICATION = Endpoint("application", "10.0.9.1", "shop", {"app": "shop"})
GATEWAY = Endpoint("gateway", "10.0.9.2", "observability-gateway", {"app": "gateway"})
DNS = Endpoint("dns", "10.0.9.3", "kube-system", {"k8s-app": "kube-dns"})
METADATA = Endpoint("metadata", "169.254.169.254")
OTHER_METADATA = tuple(
    Endpoint(f"metadata of {cloud}", address)
    for cloud, address in (
        ("Azure", "168.63.129.16"),
        ("Google", "fd20:ce::254"),
        ("Oracle", "fd00:c1::a9fe:a9fe"),
    )
)
DNS_OF_NODES = (Endpoint("dns of nodes", "169.254.20.10"), Endpoint("dns of nodes on AKS", "169.254.10.11"))
API_SERVER = Endpoint("api-server", "10.0.0.2")
DATABASE = Endpoint("database", "10.20.0.5")
PEERS = {9094: {"TCP", "UDP"}, 7946: {"TCP"}}
"""Ports by which replicas find each other."""
ELSEWHERE = (
    OUTSIDE,
    PROXY,
    APPLICATION,
    GATEWAY,
    DNS,
    METADATA,
    API_SERVER,
    DATABASE,
    *OTHER_METADATA,
    *DNS_OF_NODES,
)


class Cluster:
    """The pods and policies of a rendering."""

    def __init__(self, rendering: Rendering) -> None:
        self.policies = rendering.manifests("NetworkPolicy")
        self.endpoints = {e.name: e for e in ELSEWHERE}
        for number, manifest in enumerate(rendering.manifests("StatefulSet", "Deployment", "DaemonSet")):
            metadata, template = manifest["metadata"], manifest["spec"]["template"]
            on_the_machine = template["spec"].get("hostNetwork", False)
            self.endpoints[metadata["name"]] = Endpoint(
                metadata["name"],
                f"10.0.1.{number}",
                "" if on_the_machine else metadata["namespace"],
                {} if on_the_machine else template["metadata"]["labels"],
            )

            for sidecar in template["spec"]["containers"][1:]:
                self.endpoints[sidecar["name"]] = self.endpoints[metadata["name"]]

        self.parts = set(self.endpoints) - {e.name for e in ELSEWHERE}
        self.pods = {name for name in self.parts - HOSTS.keys() if self.endpoints[name].namespace}

    def allows(self, source: str, destination: str, port: int, protocol: str = "TCP") -> bool:
        sender, receiver = self.endpoints[source], self.endpoints[destination]
        wanted = (port, protocol)
        return self._passes(sender, receiver, wanted, "Egress") and self._passes(
            receiver, sender, wanted, "Ingress"
        )

    def _passes(self, here: Endpoint, there: Endpoint, wanted: tuple[int, str], direction: str) -> bool:
        policies = [p for p in self.policies if self._applies(p, here, direction)]
        if not policies:
            return True
        rules = [rule for p in policies for rule in p["spec"].get(direction.lower()) or []]
        peers = "to" if direction == "Egress" else "from"
        return any(
            _port_matches(rule.get("ports"), wanted)
            and (not rule.get(peers) or any(_peer_matches(peer, there) for peer in rule[peers]))
            for rule in rules
        )

    @staticmethod
    def _applies(policy: dict[str, Any], endpoint: Endpoint, direction: str) -> bool:
        spec, namespace = policy["spec"], str(policy["metadata"]["namespace"])
        return (
            namespace == endpoint.namespace
            and direction in spec["policyTypes"]
            and _labels_match(spec["podSelector"], endpoint.labels)
        )


def _labels_match(selector: dict[str, Any], labels: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def _peer_matches(peer: dict[str, Any], endpoint: Endpoint) -> bool:
    if block := peer.get("ipBlock"):
        network = ipaddress.ip_network(block["cidr"])
        # The stricter reading: to some plugins pods are no addresses.
        address = ipaddress.ip_address(endpoint.address)
        excepted = any(address in ipaddress.ip_network(cidr) for cidr in block.get("except") or ())
        return not endpoint.namespace and address in network and not excepted
    if not endpoint.namespace:
        return False
    namespace = {"kubernetes.io/metadata.name": endpoint.namespace}
    return _labels_match(peer["namespaceSelector"], namespace) and _labels_match(
        peer.get("podSelector", {}), endpoint.labels
    )


def _port_matches(ports: list[dict[str, Any]] | None, wanted: tuple[int, str]) -> bool:
    number, protocol = wanted
    return not ports or any(p["protocol"] == protocol and p.get("port", number) == number for p in ports)


KEEPS_SAMPLES = {"prometheus", "thanos-store", "thanos-compactor"}
"""Pods that reach the bucket of the samples."""
ALONE = {"grafana → prometheus:http"}
PROFILE_HA = {
    "loki → loki:grpc",
    "grafana → thanos-query:http",
    "thanos-query → thanos-sidecar:sidecar-grpc",
    "thanos-query → thanos-store:grpc",
    *(f"prometheus → thanos-{part}:http" for part in ("query", "store", "compactor")),
    # Prometheus may ask anything; its own pod is part of that.
    "prometheus → thanos-sidecar:sidecar-http",
}


LOKI = {"loki", "loki-ingester", "loki-querier", "loki-index-gateway", "loki-compactor"}
PROFILE_SCALE = PROFILE_HA | {
    *(f"{source} → {part}:grpc" for source in LOKI for part in LOKI),
    *(f"{source} → {part}:http" for source in LOKI for part in LOKI - {"loki"}),
    *(f"prometheus → {part}:http" for part in LOKI),
    *(f"prometheus → jaeger-{part}:metrics" for part in ("collector", "ingester")),
    "collector → jaeger-collector:otlp-grpc",
}
BUCKETS = {"prod": KEEPS_SAMPLES | {"loki"}, "scale": KEEPS_SAMPLES | LOKI - {"loki"}}
"""Stack → pods that reach a bucket, where there are several."""


@functools.cache
def cluster(stack: str) -> Cluster:
    return Cluster(render(stack))


def site(stack: str) -> Site:
    settings = settings_of(stack)
    return Site(TARGETS[settings.target], settings)


def reachable(stack: str) -> set[str]:
    """Return every ``source → destination:port`` between parts of the stack that is allowed."""
    return {
        f"{source} → {destination}:{port.name}"
        for source in cluster(stack).pods
        for destination in cluster(stack).parts
        for port in PORTS[destination]
        if cluster(stack).allows(source, destination, port.number)
    }


LOGIN = {
    "prometheus → login-proxy:metrics",
    "login-proxy → prometheus:http",
    "login-proxy → thanos-query:http",
    "login-proxy → alertmanager:http",
    "login-proxy → loki:http",
    "login-proxy → jaeger:http",
    "login-proxy → collector:otlp-http",
}


@pytest.mark.parametrize("stack", STACKS)
def test_only_these_parts_of_the_stack_talk_to_each_other(stack: str) -> None:
    on_machines = set() if stack == "autopilot" else {"prometheus → node-exporter:http"}
    # What is probed is wherever the catalogue says, what is on a machine's network included.
    probed = set() if stack == "autopilot" else {"blackbox-exporter → node-exporter:http"}
    of_the_profile = {"prod": PROFILE_HA | LOGIN, "scale": PROFILE_SCALE | LOGIN}.get(stack, ALONE)
    # With a queue the collector sends to what fills it.
    directly = set() if stack == "scale" else {"collector → jaeger:otlp-grpc"}
    assert reachable(stack) == on_machines | probed | of_the_profile | directly | {
        "prometheus → prometheus:http",
        "prometheus → alertmanager:http",
        "prometheus → loki:http",
        "prometheus → jaeger:metrics",
        "prometheus → collector:metrics",
        "prometheus → grafana:http",
        "prometheus → blackbox-exporter:http",
        "prometheus → kube-state-metrics:http",
        "prometheus → log-collector:metrics",
        "log-collector → collector:otlp-grpc",
        "collector → prometheus:http",
        "collector → loki:http",
        "alertmanager → collector:notifications",
        "grafana → alertmanager:http",
        "grafana → loki:http",
        "grafana → jaeger:http",
        # These two may ask anything, and the intake is open to every pod.
        *(
            f"{source} → collector:{port}"
            for source in ("prometheus", "blackbox-exporter")
            for port in ("otlp-grpc", "otlp-http", "zipkin")
        ),
    }


@pytest.mark.parametrize("stack", STACKS)
def test_every_address_in_a_configuration_is_allowed_and_nothing_else_is(stack: str) -> None:
    rendering = render(stack)
    # Loki's parts find each other by their ring, and may reach each other whatever is written.
    named = {(a, b, port) for a, b, port in _addresses(rendering) if not {a, b} <= LOKI}
    assert {*named, *_scraped(rendering)} == {
        (source, destination, port.number)
        for (source, destination), names in edges(site(stack)).items()
        if {source, destination} <= cluster(stack).parts
        for port in PORTS[destination]
        if port.name in names
    }


def _addresses(rendering: Rendering) -> Iterator[tuple[str, str, int]]:
    """Every address of a part of the stack that the configuration of another names."""
    parts = "|".join(name for name, _, _ in rendering.pods())
    sidecars = {port.number: name for name in HOSTS for port in PORTS[name]}
    for name, _, _ in rendering.pods():
        for path, text in rendering.files(name).items():
            if "/dashboards/" in path and path.endswith(".json"):
                continue
            for match in re.finditer(
                rf"(?<![\w./-])({parts})(?:-\d)?(?:\.[\w-]+)?:(\d{{4,5}})\b",
                re.sub(r"http://|dns\+", " ", text),
            ):
                if int(match[2]) not in PEERS:
                    number, host = int(match[2]), match[1]
                    beside = host in HOSTS.values() and number in sidecars
                    yield name, sidecars[number] if beside else host, number


def _scraped(rendering: Rendering) -> Iterator[tuple[str, str, int]]:
    """Every part of the stack whose pods Prometheus finds by their labels, and the port it asks."""
    name, port = (
        "__meta_kubernetes_pod_label_app_kubernetes_io_name",
        "__meta_kubernetes_pod_container_port_name",
    )
    for job in yaml.safe_load(rendering.files("prometheus")["/etc/prometheus/prometheus.yaml"])[
        "scrape_configs"
    ]:
        kept = {
            s["source_labels"][0]: s["regex"] for s in job["relabel_configs"] if s.get("action") == "keep"
        }
        if name in kept:
            workload = job["job_name"] if job["job_name"] in HOSTS else kept[name].partition(";")[0]
            yield "prometheus", workload, next(p.number for p in PORTS[workload] if p.name == kept[port])


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("source", ["application", "gateway", "outside", "proxy"])
def test_from_elsewhere_only_the_intake_and_the_entrance_are_open(stack: str, source: str) -> None:
    open_ports = {
        f"{destination}:{port.name}"
        # Policies have no power over what is on a machine's own network.
        for destination in cluster(stack).pods
        for port in PORTS[destination]
        if cluster(stack).allows(source, destination, port.number)
    }
    intake = {"collector:otlp-grpc", "collector:otlp-http", "collector:zipkin"}
    pods_are_in_the_cluster = stack in ("oke", "aks")
    assert (
        open_ports
        == {
            "application": intake,
            "gateway": intake | {"grafana:http"} if pods_are_in_the_cluster else intake,
            "outside": set(),
            "proxy": {
                "prod": {"grafana:http", "login-proxy:http"},
                "scale": {"grafana:http", "login-proxy:http"},
                "gke": {"grafana:http"},
                "autopilot": {"grafana:http"},
            }.get(stack, set()),
        }[source]
    )


@pytest.mark.parametrize("stack", STACKS)
def test_only_what_must_reaches_the_outside(stack: str) -> None:
    def reaching(destination: str, port: int) -> set[str]:
        return {name for name in cluster(stack).pods if cluster(stack).allows(name, destination, port)}

    asks_anything = {"prometheus", "blackbox-exporter"}
    notified = 5001 if stack == "minikube" else 443
    assert reaching("outside", notified) >= {"alertmanager", *asks_anything}
    assert reaching("outside", 25) == asks_anything
    # On Google's machines that is where a pod asks who it is; elsewhere it is nobody's business.
    alone = {"loki"} if stack in ("gke", "autopilot") else set()
    assert reaching("metadata", 80) == BUCKETS.get(stack, alone)
    assert not any(reaching(metadata.name, port) for metadata in OTHER_METADATA for port in (80, 32526))
    assert all(reaching(dns.name, 53) >= {"loki", "grafana"} for dns in (DNS, *DNS_OF_NODES))
    assert reaching("application", 8080) == asks_anything


@pytest.mark.parametrize("stack", STACKS)
def test_who_has_a_token_and_nobody_else_reaches_the_api_server(stack: str) -> None:
    port = {"minikube": 8443, "oke": 6443}.get(stack, 443)
    reaching = {name for name in cluster(stack).pods if cluster(stack).allows(name, "api-server", port)}
    asks_anything = {"blackbox-exporter"} | ({"alertmanager"} if port == 443 else set())
    asks_anything |= BUCKETS.get(stack, {"loki"} if port == 443 else set()) - {"prometheus"}
    assert reaching - asks_anything == {"prometheus", "kube-state-metrics", "log-collector"}


@pytest.mark.parametrize(("stack", "ring"), [("prod", {"loki"}), ("scale", LOKI)])
def test_replicas_reach_each_other_and_nobody_else_reaches_them_there(stack: str, ring: set[str]) -> None:
    prod = cluster(stack)
    for port, protocols in PEERS.items():
        for protocol in ("TCP", "UDP"):
            talking = {
                (source, destination)
                for source in {*prod.pods, "application", "gateway"} - {"prometheus", "blackbox-exporter"}
                for destination in prod.pods
                if prod.allows(source, destination, port, protocol)
            }
            members = {"alertmanager"} if port == 9094 else ring
            assert talking == ({(a, b) for a in members for b in members} if protocol in protocols else set())
    assert prod.allows("grafana", "database", 5432)
    assert not cluster("gke").allows("grafana", "database", 5432)


@pytest.mark.parametrize("stack", STACKS)
def test_names_can_be_resolved(stack: str) -> None:
    for name in cluster(stack).pods:
        for protocol in ("UDP", "TCP"):
            assert cluster(stack).allows(name, "dns", 53, protocol)


def test_notifications_leave_by_the_ports_of_the_receivers() -> None:
    alerting = {
        "receivers": [
            {"name": "a", "webhook": {"url": "http://relay.example.org/hook"}},
            {"name": "b", "webhook": {"url": "https://relay.example.org:8443/hook"}, "pagerduty": {}},
            {
                "name": "c",
                "email": {
                    "to": "a@example.org",
                    "sender": "b@example.org",
                    "smarthost": "mail.example.org:587",
                },
            },
        ],
        "deadMansSwitch": {"url": "http://watchdog.example.org:9000"},
    }
    settings = Settings.model_validate({"stack": "trial", "target": "gke", "alerting": alerting})
    assert notification_ports(settings) == [80, 443, 587, 8443, 9000]
