"""A real Kubernetes API server with its etcd: objects are admitted or refused, and nothing is done with them.

It needs no root. Nothing runs behind it: no controllers, so that a namespace has no account `default`, and no
pod ever starts.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import toolchain
from tests.kubernetes.servers import Servers, free_ports
from tests.standin.kubernetes_api import Kubernetes, KubernetesError

_USERS = {
    "admin": "system:masters",
    "system:kube-controller-manager": "system:masters",
    "system:kube-scheduler": "",
    "system:kube-proxy": "",
}
"""User → group."""


@dataclass(frozen=True)
class ApiServer:
    """A running API server."""

    folder: Path
    """Its files: certificate, tokens, keys."""
    host: str
    port: int
    tokens: dict[str, str]
    """User → token."""
    context: str = "minikube"
    """Name of the context in its kubeconfig files."""

    @property
    def certificate(self) -> Path:
        """The certificate it made for itself, which vouches for it."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def service_account_key(self) -> Path:
        """The key that tokens of service accounts are signed with."""
        return self.folder / "service-account.key"

    def kubeconfig(self, user: str = "admin") -> Path:
        """Return the file that a user connects with; it is written once, for programs read it at any time."""
        path = self.folder / f"{user.replace(':', '-')}.kubeconfig"
        if path.exists():
            return path
        name = self.context
        cluster = {
            "server": f"https://{self.host}:{self.port}",
            "certificate-authority": str(self.certificate),
        }
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
            "current-context": name,
        }
        unfinished = path.with_suffix(".unfinished")
        unfinished.touch(0o600)
        unfinished.write_text(yaml.safe_dump(content), encoding="utf-8")
        return unfinished.rename(path)

    @property
    def api(self) -> Kubernetes:
        """What asks it, as its administrator."""
        return Kubernetes(self.kubeconfig())


def missing() -> str:
    """Return what an API server needs and this machine has not; nothing where it has everything."""
    if not shutil.which("etcd"):
        return "there is no etcd on PATH (Debian: apt-get install etcd-server)"
    if not shutil.which("openssl"):
        return "there is no openssl on PATH (Debian: apt-get install openssl)"
    if not toolchain.find("kube-apiserver"):
        return "kube-apiserver is not set up; run: make setup-test"
    return ""


@contextmanager
def an_apiserver(*options: str) -> Iterator[ApiServer]:
    """Run an API server on loopback; skip, and say why, where that cannot be."""
    if reason := missing():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="apiserver-"))
    servers = Servers(folder)
    try:
        # Where it says that it is must not be loopback; nobody goes there.
        yield start(servers, "127.0.0.1", *options, "--advertise-address=192.0.2.1")
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def start(
    servers: Servers,
    host: str,
    *options: str,
    users: dict[str, str] | None = None,
    data: Path | None = None,
) -> ApiServer:
    """Start etcd and an API server that listens on ``host``, and wait until it is ready.

    ``users`` are further ones and their groups; ``data`` is where etcd keeps what it is told.
    """
    folder = servers.folder
    client, peer, port = free_ports(3)
    etcd = f"http://127.0.0.1:{client}"
    servers.start(
        "etcd",
        "etcd",
        f"--data-dir={data or folder / 'etcd'}",
        f"--listen-client-urls={etcd}",
        f"--advertise-client-urls={etcd}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
    )
    groups = {**_USERS, **(users or {})}
    server = ApiServer(folder, host, port, {user: secrets.token_hex(16) for user in groups})
    _write_tokens(server, groups)
    servers.start(
        "kube-apiserver",
        toolchain.find("kube-apiserver") or "kube-apiserver",
        f"--etcd-servers={etcd}",
        f"--bind-address={host}",
        f"--secure-port={server.port}",
        f"--cert-dir={server.certificate.parent}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={server.service_account_key}",
        f"--service-account-signing-key-file={server.service_account_key}",
        *options,
    )
    servers.wait("kube-apiserver", lambda: _ready(server), seconds=90)
    return server


def _write_tokens(server: ApiServer, groups: dict[str, str]) -> None:
    tokens = server.folder / "tokens.csv"
    tokens.touch(0o600)
    lines = [f'{server.tokens[user]},{user},{user},"{group}"' for user, group in groups.items()]
    tokens.write_text("\n".join(lines) + "\n", encoding="utf-8")
    subprocess.run(
        ["openssl", "genrsa", "-out", server.service_account_key, "2048"], check=True, capture_output=True
    )


def _ready(server: ApiServer) -> bool:
    if not server.certificate.exists():
        return False
    try:
        # The namespace `default` is made by what runs in the server after it has become ready.
        return server.api.request("GET", "/readyz").text == "ok" and bool(
            server.api.get("/api/v1/namespaces/default")
        )
    except KubernetesError as error:
        raise OSError(str(error)) from None
