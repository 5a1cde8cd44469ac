"""The stack runs as it was described, and nothing is left to change."""

from __future__ import annotations

import pytest

from tests.docker.conftest import PROMETHEUS_ADDRESS, SHOP
from tests.docker.stack import PRODUCTS, Stack, output
from tests.project import until

OWNERS_OF_SOMETHING = {"collector", "cadvisor", "engine-proxy"}

pytestmark = pytest.mark.docker


def test_every_container_is_healthy(stack: Stack) -> None:
    assert set(stack.containers()) == PRODUCTS
    stack.healthy()

    def content() -> bool:
        result = stack.project.operations("health")
        if result.returncode:
            raise OSError(result.stdout + result.stderr)
        return True

    until(content, seconds=60, what="the stack's own health check")


def test_nothing_is_left_to_change_after_a_refresh(refreshed: str) -> None:
    assert "unchanged" in refreshed


def test_containers_are_hardened(stack: Stack) -> None:
    for product, container in stack.containers().items():
        host, user = container["HostConfig"], container["Config"]["User"]
        assert host["ReadonlyRootfs"], product
        # Podman lists what "all" was.
        assert host["CapDrop"] == ["ALL"] or {"CHOWN", "KILL", "SETUID"} <= set(host["CapDrop"]), product
        assert not host["CapAdd"], product
        assert not host["Privileged"], product
        assert {"no-new-privileges:true", "no-new-privileges"} & set(host["SecurityOpt"]), product
        # Root without a capability owns what it is shown of the machine, and may do no more than that.
        assert (user.split(":")[0] in {"", "0", "root"}) is (product in OWNERS_OF_SOMETHING), product
        assert host["Memory"] == host["MemorySwap"] > 0, product
        assert host["NanoCpus"] > 0, product
        assert host["LogConfig"]["Config"]["max-size"], product
        for mount in container["Mounts"]:
            data = mount["Destination"].startswith("/var/lib/")
            assert mount["RW"] is data, (product, mount)
            assert not mount["Destination"].endswith(".sock") or product == "engine-proxy", product


def test_ports_are_published_on_loopback_only(stack: Stack) -> None:
    published = {
        product: {binding["HostIp"] for bindings in ports.values() for binding in bindings or []}
        for product, container in stack.containers().items()
        if (ports := container["NetworkSettings"]["Ports"])
    }
    assert {address for addresses in published.values() for address in addresses} == {"127.0.0.1"}
    assert not published.get("node-exporter")


def test_a_fixed_address_is_kept(stack: Stack) -> None:
    networks = stack.containers()["prometheus"]["NetworkSettings"]["Networks"]
    assert networks[f"observability-{stack.name}-private"]["IPAddress"] == PROMETHEUS_ADDRESS


def test_networks_are_split(stack: Stack) -> None:
    networks = {
        product: set(container["NetworkSettings"]["Networks"])
        for product, container in stack.containers().items()
    }
    private, public = (f"observability-{stack.name}-{role}" for role in ("private", "public"))
    for inside in ("node-exporter", "cadvisor", "engine-proxy"):
        assert networks.pop(inside) == {private}
    for joining in ("prometheus", "collector", "blackbox-exporter"):
        assert networks.pop(joining) == {private, public, SHOP}
    assert set(map(frozenset, networks.values())) == {frozenset({private, public})}

    # Attempts, not descriptions: inside they reach each other, from outside nobody does.
    address = stack.containers()["node-exporter"]["NetworkSettings"]["Networks"][private]["IPAddress"]
    port = stack.outputs["prometheus_url"].rpartition(":")[2]
    ask = "nc -w 3 {} {} < /dev/null && echo reached"
    assert "reached" in output(stack.engine, ask.format(address, 9100), network=private)
    assert "reached" not in output(stack.engine, ask.format(address, 9100))
    gateway = "$(busybox ip route | busybox awk '/default/ {print $3}')"
    answer = output(stack.engine, f"echo asking {gateway}; {ask.format(gateway, port)}")
    assert "asking 1" in answer
    assert "reached" not in answer
