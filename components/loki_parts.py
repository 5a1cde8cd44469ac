"""Loki in parts: the same program and configuration, in workloads of their own, one ring around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placement import Placement, url
from workload import PeerPort, Resources

FRONT, INGESTER, QUERIER = "loki", "loki-ingester", "loki-querier"
INDEX_GATEWAY, COMPACTOR = "loki-index-gateway", "loki-compactor"
PEERS = PeerPort("memberlist", 7946)
"""Where the members of the ring find each other."""


@dataclass(frozen=True)
class Part:
    """What one workload of them does."""

    targets: tuple[str, ...]
    """Loki's names for it."""
    resources: Resources
    volume: str = ""
    """Size of its volume, a Kubernetes quantity; empty where it keeps nothing."""
    keeps: bool = True
    """Whether it reads or writes the bucket."""


PARTS: Mapping[str, Part] = {
    # Everybody's address: it takes lines in and questions on, and hands both to the others.
    FRONT: Part(
        ("distributor", "query-frontend", "query-scheduler"),
        Resources("200m", "1000m", "256Mi", "1Gi"),
        keeps=False,
    ),
    INGESTER: Part(("ingester",), Resources("500m", "2000m", "1Gi", "2Gi"), "10Gi"),
    QUERIER: Part(("querier",), Resources("500m", "2000m", "512Mi", "2Gi")),
    INDEX_GATEWAY: Part(("index-gateway",), Resources("200m", "1000m", "256Mi", "1Gi"), "10Gi"),
    # One: it deletes what retention and requests say, and keeps these requests.
    COMPACTOR: Part(("compactor",), Resources("200m", "1000m", "256Mi", "2Gi"), "10Gi"),
}
"""Workload → what it does."""
IN_BUCKET = tuple(name for name, part in PARTS.items() if part.keeps)
"""Those that read or write the bucket."""


def apart(placement: Placement) -> bool:
    """Whether Loki runs in parts there: several ingesters are what the profile makes of it."""
    return bool(placement.replicas(INGESTER))


def members(placement: Placement) -> tuple[str, ...]:
    """Return ``host:port`` by which the ring is joined: of those whose names outlive them."""
    hosts = placement.replicas(INGESTER) or placement.replicas(FRONT)
    return tuple(f"{host}:{PEERS.number}" for host in hosts)


def addresses(placement: Placement) -> Mapping[str, Mapping[str, Any]]:
    """Return what the ring does not tell, by sections of ``loki.yaml``; nothing where Loki is one."""
    if not apart(placement):
        return {"common": {}, "memberlist": {}, "storage_config": {}, "frontend": {}}
    gateway = {"server_address": placement.address(INDEX_GATEWAY, "grpc")}
    return {
        "common": {"compactor_grpc_address": placement.address(COMPACTOR, "grpc")},
        # All ingesters may be replaced at once, and come back under addresses that the others do not know.
        "memberlist": {"rejoin_interval": "1m"},
        "storage_config": {"tsdb_shipper": {"index_gateway_client": gateway}},
        # Who follows new lines is led to a querier.
        "frontend": {"tail_proxy_url": url(placement, QUERIER)},
    }
