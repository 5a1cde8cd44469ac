"""A machine for a cluster inside this one: processes, network and mounts of its own.

They are Linux namespaces, held by one process that ends when the test does, however that happens. Whatever
was started inside ends with it; addresses, packet filter rules and mounts are gone as well, and no other
program's were touched.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.project import until

_KERNEL = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet would set for the whole machine if it did not find it so."""
_CGROUP = "observability-"
_EMPTY = ("/run", "/var/lib", "/var/log")
"""Folders that begin empty inside, in memory: what programs leave there goes with the machine."""


@dataclass(frozen=True)
class Machine:
    """A machine that the tests reach at ``address``, and that reaches them at ``outside``."""

    pid: int
    """First process."""
    network: ipaddress.IPv4Network
    """Addresses of everything in it; all of them are reached from this machine."""
    cgroup: str
    """Control group of its pods, below each hierarchy's root."""

    @property
    def inside(self) -> tuple[str, ...]:
        """What a command that is to run inside begins with."""
        return ("nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", "--")

    @property
    def outside(self) -> str:
        """This machine's address as the other sees it."""
        return str(self.network.broadcast_address - 2)

    @property
    def address(self) -> str:
        """Its own address."""
        return str(self.network.broadcast_address - 1)

    def subnet(self, number: int) -> ipaddress.IPv4Network:
        """Return one of the parts of its network, with 254 addresses."""
        return list(self.network.subnets(new_prefix=24))[number]

    def run(self, *command: str | Path) -> str:
        """Run a command inside; return what it printed."""
        done = subprocess.run([*self.inside, *map(str, command)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command[0]}: {done.stderr or done.stdout}"
        return done.stdout


def missing() -> str:
    """Return why there can be no such machine here; nothing where there can."""
    if os.geteuid() != 0:
        return "only root may start a cluster"
    needed = {
        "unshare": "util-linux",
        "nsenter": "util-linux",
        "mount": "mount",
        "ip": "iproute2",
        "iptables": "iptables",
        "conntrack": "conntrack",
        "containerd": "docker.io",
        "runc": "docker.io",
        "ctr": "docker.io",
        "busybox": "busybox-static",
    }
    packages = sorted({package for program, package in needed.items() if not shutil.which(program)})
    if not Path("/usr/lib/cni/ptp").exists():
        packages.append("containernetworking-plugins")
    return f"Debian: apt-get install {' '.join(packages)}" if packages else ""


@contextmanager
def a_machine(folder: Path) -> Iterator[Machine]:
    """Run a machine whose few files are in ``folder``."""
    empty = " && ".join(f"mount -t tmpfs tmpfs {path}" for path in _EMPTY)
    process = subprocess.Popen(
        [
            *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            # The last program waits for the end of its input, which comes with the end of this process.
            *("sh", "-c", f"mount --make-rshared / && {empty} && echo ready && cat > /dev/null; exit 0"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdin
    assert process.stdout
    _remove_abandoned_cgroups()
    cgroup = f"{_CGROUP}{process.pid}"
    try:
        answer = process.stdout.readline().decode()
        assert answer == "ready\n", f"no namespaces: {answer}"
        (first,) = psutil.Process(process.pid).children()
        machine = Machine(first.pid, _free_network(), cgroup)
        _connect(machine, f"k8s{process.pid % 10**8}")
        _prepare_kernel(machine, folder)
        _make_cgroups(cgroup)
        yield machine
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
        until(lambda: _remove_cgroups(cgroup), seconds=20, what="the control groups are empty")


def _free_network() -> ipaddress.IPv4Network:
    """Return a network of 65,534 private addresses that no route leads to."""
    words = subprocess.run(["ip", "-4", "route"], check=True, capture_output=True, text=True).stdout.split()
    taken = []
    for word in words:
        with suppress(ValueError):
            taken.append(ipaddress.ip_network(word, strict=False))
    for number in range(200, 250):
        network = ipaddress.IPv4Network(f"10.{number}.0.0/16")
        if not any(network.overlaps(other) for other in taken):
            return network
    raise AssertionError("every network from 10.200.0.0/16 to 10.249.0.0/16 is in use")


def _connect(machine: Machine, name: str) -> None:
    """Lay a virtual cable between the two machines; it goes with either end."""

    def outside(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    outside("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(machine.pid))
    outside("address", "add", f"{machine.outside}/30", "dev", name)
    outside("link", "set", name, "up")
    machine.run("ip", "link", "set", "lo", "up")
    machine.run("ip", "address", "add", f"{machine.address}/30", "dev", "eth0")
    machine.run("ip", "link", "set", "eth0", "up")
    machine.run("ip", "route", "add", "default", "via", machine.outside)
    outside("route", "add", str(machine.network), "via", machine.address)
    machine.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")


def _prepare_kernel(machine: Machine, folder: Path) -> None:
    """Show the kubelet the settings that it wants; the kernel's own stay as they are."""
    for name, value in _KERNEL.items():
        file = folder / name.replace("/", "-")
        file.write_text(f"{value}\n", encoding="utf-8")
        machine.run("mount", "--bind", file, f"/proc/sys/{name}")


def _hierarchies() -> list[Path]:
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return [path for path in root.iterdir() if (path / "cgroup.procs").exists()]


def _make_cgroups(name: str) -> None:
    for root in _hierarchies():
        (root / name).mkdir()
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (root / setting).exists():
                (root / name / setting).write_text((root / setting).read_text())


def _remove_abandoned_cgroups() -> None:
    """Remove the control groups, by then empty, of tests that were killed."""
    for name in {path.name for root in _hierarchies() for path in root.glob(f"{_CGROUP}*")}:
        if not psutil.pid_exists(int(name.removeprefix(_CGROUP))):
            _remove_cgroups(name)


def _remove_cgroups(name: str) -> bool:
    for root in _hierarchies():
        for folder, _, _ in os.walk(root / name, topdown=False):
            with suppress(FileNotFoundError):
                Path(folder).rmdir()
    return True
