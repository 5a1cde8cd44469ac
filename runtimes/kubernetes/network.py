"""Services, and who may talk to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicy,
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyIngressRuleArgsDict,
    NetworkPolicyPeerArgsDict,
    NetworkPolicyPortArgsDict,
)

from components import login_proxy
from placement import PORTS
from runtimes.kubernetes.identity import bucket
from runtimes.kubernetes.permissions import PERMISSIONS
from runtimes.kubernetes.site import ASKS_WHO, Children, Site, replicas_service
from settings import Settings
from settings.kubernetes import OUTSIDE_GATEWAY, OUTSIDE_INGRESS
from targets import Exposure, Identity
from workload import PeerPort, Workload

INSTEAD: Mapping[tuple[str, str], str] = {
    ("grafana", "prometheus"): "thanos-query",
    ("collector", "jaeger"): "jaeger-collector",
}
"""Pair that does not talk where that product runs, which then answers for the second of them."""
EDGES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("prometheus", "prometheus"): ("http",),
    ("prometheus", "alertmanager"): ("http",),
    ("prometheus", "loki"): ("http",),
    ("prometheus", "loki-ingester"): ("http",),
    ("prometheus", "loki-querier"): ("http",),
    ("prometheus", "loki-index-gateway"): ("http",),
    ("prometheus", "loki-compactor"): ("http",),
    ("prometheus", "jaeger"): ("metrics",),
    ("prometheus", "jaeger-collector"): ("metrics",),
    ("prometheus", "jaeger-ingester"): ("metrics",),
    ("prometheus", "collector"): ("metrics",),
    ("prometheus", "grafana"): ("http",),
    ("prometheus", "node-exporter"): ("http",),
    ("prometheus", "blackbox-exporter"): ("http",),
    ("prometheus", "kube-state-metrics"): ("http",),
    ("prometheus", "log-collector"): ("metrics",),
    ("prometheus", "thanos-sidecar"): ("sidecar-http",),
    ("prometheus", "thanos-query"): ("http",),
    ("prometheus", "thanos-store"): ("http",),
    ("prometheus", "thanos-compactor"): ("http",),
    ("thanos-query", "thanos-sidecar"): ("sidecar-grpc",),
    ("thanos-query", "thanos-store"): ("grpc",),
    ("log-collector", "collector"): ("otlp-grpc",),
    ("collector", "prometheus"): ("http",),
    ("collector", "loki"): ("http",),
    ("collector", "jaeger"): ("otlp-grpc",),
    ("collector", "jaeger-collector"): ("otlp-grpc",),
    ("alertmanager", "collector"): ("notifications",),
    ("grafana", "prometheus"): ("http",),
    ("grafana", "thanos-query"): ("http",),
    ("grafana", "alertmanager"): ("http",),
    ("grafana", "loki"): ("http",),
    ("grafana", "jaeger"): ("http",),
    ("prometheus", "login-proxy"): ("metrics",),
    **{(login_proxy.NAME, product): (access.port,) for product, access in login_proxy.ACCESS.items()},
    **{(login_proxy.NAME, product): ("http",) for product in login_proxy.READ_INSTEAD.values()},
}
"""Who talks to whom in the stack → names of the ports; every other pair is refused."""
OPERATED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("prometheus", "prometheus-operator"): ("http",),
    ("prometheus", "prometheus-agent"): ("http",),
    ("prometheus-agent", "prometheus"): ("http",),
    ("prometheus-agent", "blackbox-exporter"): ("http",),
}
"""The same, where the objects of the Prometheus Operator are honoured."""
INTAKE: Mapping[str, tuple[str, ...]] = {"collector": ("otlp-grpc", "otlp-http", "zipkin")}
"""Ports that pods of every namespace may send to."""
ENTRANCE: Mapping[str, tuple[str, ...]] = {ASKS_WHO: ("http",), login_proxy.NAME: ("http",)}
"""Ports that the target's gateway leads to."""

_GOOGLES_PROXIES = ("35.191.0.0/16", "130.211.0.0/22")
_ADDRESSES: list[NetworkPolicyPeerArgsDict] = [
    # Not where clouds tell a machine its credentials: on its own network segment, on Azure also at an address
    # that looks like any other; by IPv6 Google and Oracle have one of their own.
    {"ip_block": {"cidr": "0.0.0.0/0", "except_": ["169.254.0.0/16", "168.63.129.16/32"]}},
    {"ip_block": {"cidr": "::/0", "except_": ["fe80::/10", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128"]}},
]
_ANYWHERE: list[NetworkPolicyPeerArgsDict] = [
    *_ADDRESSES,
    # Some network plugins do not count pods among addresses.
    {"namespace_selector": {}},
]
_HTTPS = 443
_GOOGLES_IDENTITY: list[NetworkPolicyEgressRuleArgsDict] = [
    {"to": [{"ip_block": {"cidr": f"{address}/32"}}], "ports": [{"protocol": "TCP", "port": port}]}
    for address, port in (("169.254.169.254", 80), ("169.254.169.252", 988))
]
"""Where pods ask who they are, with and without Dataplane V2."""


def service(workload: Workload, site: Site, children: Children) -> None:
    """Register the Service that gives a workload its name; that of an agent answers with every machine's."""
    Service(
        f"{children.prefix}-service",
        metadata=site.named(workload.name),
        spec={
            "selector": site.selector(workload.name),
            **({"cluster_ip": "None"} if workload.per_node else {}),
            # Two replicas have not quite the same samples: who asks twice should be answered by the same.
            # Parts of one product hold nothing that others do not, and one sender is to reach all of them.
            **({"session_affinity": "ClientIP"} if workload.replicas > 1 and not workload.peers else {}),
            "ports": [
                {"name": port.name, "port": port.number, "target_port": port.name}
                for port in workload.all_ports
            ],
        },
        opts=children.options,
    )


def replicas(workload: Workload, site: Site, children: Children) -> None:
    """Register the Service that gives each replica with a volume a name of its own, ready or not."""
    if workload.replicas == 1 or not workload.volume:
        return
    name = replicas_service(workload.name)
    Service(
        f"{children.prefix}-replicas-service",
        metadata={**site.named(workload.name), "name": name},
        spec={
            "selector": {**site.selector(workload.name), **site.replica_labels(workload)},
            "cluster_ip": "None",
            "publish_not_ready_addresses": True,
            "ports": [{"name": port.name, "port": port.number} for port in workload.all_ports],
        },
        opts=children.options,
    )


def policy(workload: Workload, site: Site, children: Children) -> None:
    """Register what a workload may receive and send, on top of the namespace's refusal of everything."""
    parts = (workload.name, *(sidecar.name for sidecar in workload.sidecars))
    ingress = [rule for part in parts for rule in _ingress(part, site)]
    egress = [rule for part in parts for rule in _egress(part, site)]
    if workload.peer_ports:
        peers = (workload.name, *workload.peers)
        sources = [_pods(peer, site) for peer in peers]
        ingress.append({"from_": sources, "ports": _between_peers(workload.name, workload.peer_ports)})
        egress += [
            {"to": [source], "ports": _between_peers(peer, workload.peer_ports)}
            for peer, source in zip(peers, sources, strict=True)
        ]
    NetworkPolicy(
        f"{children.prefix}-policy",
        metadata=site.autonamed(workload.name),
        spec={
            "pod_selector": {"match_labels": site.selector(workload.name)},
            "policy_types": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
        opts=children.options,
    )


def _between_peers(receiver: str, peer_ports: Sequence[PeerPort]) -> list[NetworkPolicyPortArgsDict]:
    """Return the ports of a workload that its peers reach: everything that is not there for others."""
    ports: list[NetworkPolicyPortArgsDict] = [
        {"protocol": protocol, "port": peer.number} for peer in peer_ports for protocol in peer.protocols
    ]
    return ports + [_tcp(port.number) for port in PORTS[receiver] if not port.public]


def _ingress(workload: str, site: Site) -> list[NetworkPolicyIngressRuleArgsDict]:
    rules: list[NetworkPolicyIngressRuleArgsDict] = [
        {"from_": [_pods(source, site)], "ports": _ports(workload, ports)}
        for (source, destination), ports in edges(site).items()
        if destination == workload
    ]
    if workload in INTAKE:
        rules.append({"from_": [{"namespace_selector": {}}], "ports": _ports(workload, INTAKE[workload])})
    if workload in ENTRANCE and site.exposure is not Exposure.PORT_FORWARD:
        rules.append({"from_": _proxies(site), "ports": _ports(workload, ENTRANCE[workload])})
    return rules


def _egress(workload: str, site: Site) -> list[NetworkPolicyEgressRuleArgsDict]:
    rules: list[NetworkPolicyEgressRuleArgsDict] = [
        {"to": [_pods(destination, site)], "ports": _ports(destination, ports)}
        for (source, destination), ports in edges(site).items()
        if source == workload
    ]
    if workload in PERMISSIONS:
        api_server = sorted({_HTTPS, site.target.api_port})
        rules.append({"to": _ADDRESSES, "ports": [_tcp(port) for port in api_server]})
    if store := bucket(workload, site):
        # A store of one's own may be pods of the cluster.
        rules.append({"to": _ANYWHERE if store.endpoint else _ADDRESSES, "ports": [_tcp(store.port)]})
        if site.target.identity is Identity.GKE_WORKLOAD_IDENTITY:
            rules += _GOOGLES_IDENTITY
    if workload in ("prometheus", "prometheus-agent", "blackbox-exporter"):
        # What they ask is wherever somebody says, and some agents are on the machines' own network.
        rules.append({"to": _ANYWHERE, "ports": [{"protocol": "TCP"}]})
    if workload == "collector" and site.settings.hub:
        rules.append({"to": _ANYWHERE, "ports": [{"protocol": "TCP"}]})
    if workload == "grafana" and (database := site.settings.dashboards.database):
        rules.append({"to": _ANYWHERE, "ports": [_tcp(int(database.address.rpartition(":")[2]))]})
    if outside := trace_ports(workload, site.settings):
        rules.append({"to": _ANYWHERE, "ports": [_tcp(number) for number in outside]})
    if workload == "alertmanager" and (outside := notification_ports(site.settings)):
        rules.append({"to": _ANYWHERE, "ports": [_tcp(number) for number in outside]})
    return rules


def trace_ports(workload: str, settings: Settings) -> list[int]:
    """Return the ports by which a part of Jaeger reaches its store and its queue."""
    store, queue = settings.traces.store, settings.traces.queue
    addresses = [
        *([store.address] if store and workload in ("jaeger", "jaeger-ingester") else []),
        *(queue.brokers if queue and workload in ("jaeger-collector", "jaeger-ingester") else ()),
    ]
    return sorted({int(address.rpartition(":")[2]) for address in addresses})


def edges(site: Site) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return who talks to whom in this stack → names of the ports; the login leads to what is published."""
    published: set[str] = {*site.settings.kubernetes.published}
    published |= {login_proxy.READ_INSTEAD[name] for name in published & login_proxy.READ_INSTEAD.keys()}
    known = EDGES if site.settings.kubernetes.monitors == "ignored" else {**EDGES, **OPERATED}
    return {
        (source, destination): ports
        for (source, destination), ports in known.items()
        if (source != login_proxy.NAME or destination in published)
        and (destination != login_proxy.NAME or published)
        and site.runs(source)
        and site.runs(destination)
        and not ((by := INSTEAD.get((source, destination))) and site.runs(by))
    }


def notification_ports(settings: Settings) -> list[int]:
    """Return the ports that notifications leave by, as the receivers say."""
    return list(settings.alerting.ports)


def _pods(workload: str, site: Site) -> NetworkPolicyPeerArgsDict:
    return {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": site.namespace_of(workload)}},
        "pod_selector": {"match_labels": site.selector(workload)},
    }


def _proxies(site: Site) -> list[NetworkPolicyPeerArgsDict]:
    """Return who carries people's requests: proxies of the provider, or pods of the cluster."""
    kubernetes = site.settings.kubernetes
    if (kubernetes.ingress_class or site.gateway_class) in (OUTSIDE_INGRESS, OUTSIDE_GATEWAY):
        return [{"ip_block": {"cidr": cidr}} for cidr in _GOOGLES_PROXIES]
    namespace = kubernetes.ingress_namespace if kubernetes.ingress_class else site.gateway
    return [{"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}}}]


def _ports(workload: str, ports: tuple[str, ...]) -> list[NetworkPolicyPortArgsDict]:
    numbers = {port.name: port.number for port in PORTS[workload]}
    return [_tcp(numbers[name]) for name in ports]


def _tcp(port: int) -> NetworkPolicyPortArgsDict:
    return {"protocol": "TCP", "port": port}
