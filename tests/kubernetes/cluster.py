"""A real cluster of one node, which stands for minikube: from the API server to the container runtime.

It runs in a machine of its own (`machine.py`). Pods and Services are reached at their own addresses.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import toolchain
from tests.kubernetes import apiserver, machine
from tests.kubernetes.apiserver import ApiServer
from tests.kubernetes.machine import Machine
from tests.kubernetes.servers import Servers
from tests.kubernetes.volumes import Volumes
from tests.standin.kubernetes_api import Kubernetes

NODE = "minikube"
PAUSE = "docker.io/library/pause:tests"
"""The image that holds the namespaces of a pod."""
_SOCKET = "/run/containerd/containerd.sock"
"""Inside; the kubelet looks for the metrics of containers there, whatever it is told."""
_PODS, _SERVICES = 0, 1
_DOMAIN = "cluster.local"
_DNS_READY = 8181
"""Port at which CoreDNS says that it answers."""
_KUBELET = f"system:node:{NODE}"


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    server: ApiServer
    machine: Machine
    folder: Path

    @property
    def api(self) -> Kubernetes:
        """What asks it, as its administrator."""
        return self.server.api

    @property
    def kubeconfig(self) -> Path:
        """The file that its administrator connects with; its context is named like minikube's."""
        return self.server.kubeconfig()

    def ctr(self, *arguments: str | Path) -> str:
        """Ask the container runtime; return what it printed."""
        return self.machine.run("ctr", f"--address={_SOCKET}", "-n", "k8s.io", *arguments)


def missing() -> str:
    """Return what a cluster needs and this machine has not; nothing where it has everything."""
    if reason := machine.missing() or apiserver.missing():
        return reason
    absent = [name for name in ("kubelet", "coredns") if not toolchain.find(name)]
    return f"{' and '.join(absent)} are not set up; run: make setup-test" if absent else ""


@contextmanager
def a_cluster() -> Iterator[Cluster]:
    """Run a cluster, ready to take pods; skip, and say why, where that cannot be."""
    if reason := missing():
        pytest.skip(f"no cluster: {reason}")
    folder = Path(tempfile.mkdtemp(prefix="k8s-"))  # short: a socket's path may have 108 characters only
    try:
        with machine.a_machine(folder) as inside:
            yield from _running(inside, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _running(inside: Machine, folder: Path) -> Iterator[Cluster]:
    servers = Servers(folder, inside.inside)
    try:
        _start_containerd(servers, inside)
        server = _start_control_plane(servers, inside)
        cluster = Cluster(server, inside, folder)
        _start_node(servers, cluster)
        servers.wait("containerd", lambda: cluster.ctr("version"))
        with Volumes(cluster.api, folder / "volumes", NODE):
            servers.wait("kubelet", lambda: _node_is_ready(cluster.api))
            servers.wait("coredns", lambda: _answers(f"http://{inside.address}:{_DNS_READY}/ready"))
            yield cluster
    finally:
        # What the runtime has started outlives it; the machine ends all that.
        servers.stop()


def _start_containerd(servers: Servers, inside: Machine) -> None:
    folder = servers.folder
    network = {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": str(inside.subnet(_PODS))}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": str(folder / "addresses"),
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
    (folder / "cni").mkdir()
    (folder / "cni" / "10-pods.conflist").write_text(json.dumps(network), encoding="utf-8")
    (folder / "containerd.toml").write_text(
        f"""
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
address = "{_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{folder / "cni"}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
""",
        encoding="utf-8",
    )
    servers.start("containerd", "containerd", f"--config={folder / 'containerd.toml'}")


def _start_control_plane(servers: Servers, inside: Machine) -> ApiServer:
    authority, key = _client_certificate(servers.folder)
    services = inside.subnet(_SERVICES)
    server = apiserver.start(
        servers,
        inside.address,
        f"--service-cluster-ip-range={services}",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={authority}",
        f"--kubelet-client-key={key}",
        users={_KUBELET: "system:nodes"},
        data=Path("/var/lib/etcd"),
    )
    servers.start(
        "kube-controller-manager",
        _program("kube-controller-manager"),
        f"--kubeconfig={server.kubeconfig('system:kube-controller-manager')}",
        "--leader-elect=false",
        f"--root-ca-file={server.certificate}",
        f"--service-account-private-key-file={server.service_account_key}",
        f"--cert-dir={servers.folder / 'controller-manager'}",
    )
    servers.start(
        "kube-scheduler",
        _program("kube-scheduler"),
        f"--kubeconfig={server.kubeconfig('system:kube-scheduler')}",
        "--leader-elect=false",
    )
    return server


def _start_node(servers: Servers, cluster: Cluster) -> None:
    folder, server, inside = servers.folder, cluster.server, cluster.machine
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(folder / "kubelet-client.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{inside.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [inside.address],
        "clusterDomain": _DOMAIN,
        "containerRuntimeEndpoint": f"unix://{_SOCKET}",
        "volumePluginDir": str(folder / "plugins"),
        # A file of a ConfigMap changes within seconds, not within a minute and a half.
        "syncFrequency": "3s",
        # How full the disk of whoever runs the tests is does not matter.
        "evictionHard": {"memory.available": "1Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
    }
    (folder / "kubelet.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    servers.start(
        "kubelet",
        _program("kubelet"),
        f"--config={folder / 'kubelet.yaml'}",
        f"--kubeconfig={server.kubeconfig(_KUBELET)}",
        f"--root-dir={folder / 'kubelet'}",
        f"--cert-dir={folder / 'kubelet-certificates'}",
        f"--hostname-override={NODE}",
        f"--node-ip={inside.address}",
    )
    servers.start(
        "kube-proxy",
        _program("kube-proxy"),
        f"--kubeconfig={server.kubeconfig('system:kube-proxy')}",
        "--proxy-mode=iptables",
        "--conntrack-max-per-core=0",
        f"--cluster-cidr={inside.subnet(_PODS)}",
        f"--hostname-override={NODE}",
    )
    (folder / "Corefile").write_text(
        f"""
.:53 {{
    errors
    hosts {{
        {inside.outside} host.minikube.internal
        fallthrough
    }}
    kubernetes {_DOMAIN} in-addr.arpa {{
        kubeconfig {server.kubeconfig()}
    }}
    cache 5
    ready :{_DNS_READY}
}}
""",
        encoding="utf-8",
    )
    servers.start("coredns", _program("coredns"), "-conf", folder / "Corefile")


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bool(answer.status == 200)


def _client_certificate(folder: Path) -> tuple[Path, Path]:
    """Make what the API server proves to the kubelet with who it is: it vouches for itself."""
    certificate, key = folder / "kubelet-client.crt", folder / "kubelet-client.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/O=system:masters/CN=kube-apiserver", "-out", certificate, "-keyout", key),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def _program(name: str) -> Path:
    found = toolchain.find(name)
    assert found, f"{name} is not set up; run: make setup-test"
    return found


def _node_is_ready(api: Kubernetes) -> bool:
    for node in api.list("v1", "Node"):
        conditions: list[dict[str, Any]] = node["status"].get("conditions", [])
        if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
            return True
    return False
