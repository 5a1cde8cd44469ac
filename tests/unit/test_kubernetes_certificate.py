"""What is said of the certificate of the entrance before a deployment."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiClient, V1ObjectMeta, V1Secret

from runtimes.kubernetes.certificate import faults, remarks
from runtimes.kubernetes.site import Site
from settings import Settings
from targets import TARGETS

HOST = "o.example.org"
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBgTCCASagAwIBAgIUNQAqakwdAp6ozxhYftYb5nzPALcwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNby5leGFtcGxlLm9yZzAgFw0yNTAxMDEwMDAwMDBaGA8yMTI1
MDEwMTAwMDAwMFowGDEWMBQGA1UEAwwNby5leGFtcGxlLm9yZzBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABEkUR5YctNUfJ4mvcnjuQkdj2i8AoudOPkrtvTDnd6l9
OWv0E/pvWLi5UBwKVgm47q6BLZk/GyUI3Mc6hH0QtxqjTDBKMCkGA1UdEQQiMCCC
DW8uZXhhbXBsZS5vcmeCDyouby5leGFtcGxlLm9yZzAdBgNVHQ4EFgQUrtXuNUAG
VBN6hZ5q7JjR1IRLYNUwCgYIKoZIzj0EAwIDSQAwRgIhALIVzcD+2Z286gbMudsq
i3AFTuE80e/OcnuZYhwGOdiDAiEAxMZTbpQyDyEJ6lO5L1w7X5cs3MaIJz9/qi2R
bKWa8WY=
-----END CERTIFICATE-----
"""
"""Of the names ``o.example.org`` and ``*.o.example.org``, in the years 2025 to 2124; its key is nowhere."""
SOON = timedelta(days=14)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2024-12-31", ["is not valid before 2025-01-01 00:00 UTC"]),
        ("2025-01-01", []),
        ("2124-12-18", []),
        ("2124-12-20", ["expires on 2125-01-01, in 12 days; renew it"]),
        ("2125-01-01", ["expired on 2125-01-01; renew it"]),
    ],
)
def test_it_is_in_force_and_stays_so_for_a_while(now: str, said: list[str]) -> None:
    assert list(faults(CERTIFICATE, [HOST], day(now), SOON)) == said


@pytest.mark.parametrize(
    ("hosts", "left_out"),
    [
        ([HOST, f"prometheus.{HOST}"], ""),
        (["p.example.org", f"a.b.{HOST}", f"loki.{HOST}"], f"p.example.org, a.b.{HOST}"),
    ],
)
def test_it_is_for_every_name(hosts: list[str], left_out: str) -> None:
    said = list(faults(CERTIFICATE, hosts, day("2026-01-01"), SOON))
    assert said == ([f"is not for {left_out}; it is for {HOST}, *.{HOST}"] if left_out else [])


@pytest.mark.parametrize("text", ["", "nothing", CERTIFICATE.replace("MIIB", "AAAA")])
def test_what_is_none_is_said_to_be_none(text: str) -> None:
    (said,) = faults(text, [HOST], day("2026-01-01"), SOON)
    assert said.startswith("cannot be read; it takes the certificate")


def answering(secrets: list[V1Secret] | None) -> Callable[..., Any]:
    """Return what asks a cluster that has these Secrets; None where they may not be read."""

    def ask(function: Callable[..., Any], namespace: str, *, field_selector: str) -> Any:
        assert function.__name__ == "list_namespaced_secret"
        assert (namespace, field_selector) == ("observability-gateway", "metadata.name=observability-tls")
        return None if secrets is None else SimpleNamespace(items=secrets)

    return ask


def secret(**files: str) -> V1Secret:
    data = {f"tls.{name}": base64.b64encode(text.encode()).decode() for name, text in files.items()}
    return V1Secret(metadata=V1ObjectMeta(name="observability-tls"), data=data or None)


WHERE = "the certificate of the entrance, Secret observability-tls in the namespace observability-gateway,"


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        (None, ""),
        ([secret(crt=CERTIFICATE, key="k")], ""),
        (
            [],
            "is missing; make it: kubectl create secret tls observability-tls --namespace observability-",
        ),
        ([secret(crt=CERTIFICATE)], "has no tls.key"),
        ([secret()], "has no tls.crt and no tls.key"),
        ([secret(crt="x", key="k")], "cannot be read; "),
    ],
)
def test_what_the_cluster_has_is_judged(secrets: list[V1Secret] | None, said: str) -> None:
    given = {"stack": "trial", "target": "gke", "kubernetes": {"host": HOST, "published": ["loki"]}}
    found = list(
        remarks(ApiClient(), answering(secrets), Site(TARGETS["gke"], Settings.model_validate(given)))
    )
    assert [line.startswith(f"{WHERE} {said}") for line in found] == ([True] if said else [])


def test_where_nothing_is_exposed_nothing_is_asked() -> None:
    settings = Settings.model_validate({"stack": "trial", "target": "minikube"})
    assert list(remarks(ApiClient(), answering([]), Site(TARGETS["minikube"], settings))) == []
