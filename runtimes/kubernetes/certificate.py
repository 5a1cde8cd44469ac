"""Whether the certificate of the entrance will do: there, in force for a while, and for every name.

It is somebody else's to make, often by a program that does so once the stack is there. So what is wrong with
it is said, and stops nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    SubjectAlternativeName,
    load_pem_x509_certificate,
)
from kubernetes.client import ApiClient, CoreV1Api

from runtimes.kubernetes.exposure import CERTIFICATE
from runtimes.kubernetes.site import Site
from targets import Exposure


def remarks(connection: ApiClient, ask: Callable[..., Any], site: Site) -> Iterator[str]:
    """Yield what is wrong with the certificate in the cluster, a line each; what may not be read is right."""
    if not site.hosts:
        return
    namespace = site.gateway if site.exposure is Exposure.GATEWAY else site.namespace
    where = f"the certificate of the entrance, Secret {CERTIFICATE} in the namespace {namespace},"
    # A list says apart what is not there and what may not be read.
    chosen = f"metadata.name={CERTIFICATE}"
    listed = ask(CoreV1Api(connection).list_namespaced_secret, namespace, field_selector=chosen)
    if listed is None:
        return
    found = next((secret for secret in listed.items if secret.metadata.name == CERTIFICATE), None)
    if found is None:
        yield (
            f"{where} is missing; make it: kubectl create secret tls {CERTIFICATE} --namespace {namespace} "
            "--cert=FILE --key=FILE"
        )
        return
    data = found.data or {}
    if missing := [file for file in ("tls.crt", "tls.key") if not data.get(file)]:
        yield f"{where} has no {' and no '.join(missing)}"
        return
    soon = timedelta(seconds=site.settings.thresholds.certificate_soon)
    text = base64.b64decode(data["tls.crt"]).decode(errors="replace")
    for fault in faults(text, site.hosts.values(), datetime.now(UTC), soon):
        yield f"{where} {fault}"


def faults(text: str, hosts: Collection[str], now: datetime, soon: timedelta) -> Iterator[str]:
    """Yield what keeps browsers from trusting the first certificate of a chain (PEM) for each of ``hosts``.

    Less than ``soon`` before its end that is said as well. Who signed it is not looked at: that may be an
    authority of one's own.
    """
    try:
        certificate = load_pem_x509_certificate(text.encode())
    except ValueError:
        yield "cannot be read; it takes the certificate and what signed it as PEM, the host's own first"
        return
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        yield f"is not valid before {begins:%Y-%m-%d %H:%M} UTC"
    elif now >= ends:
        yield f"expired on {ends:%Y-%m-%d}; renew it"
    elif ends - now < soon:
        yield f"expires on {ends:%Y-%m-%d}, in {(ends - now).days} days; renew it"
    names = _names(certificate)
    if left_out := [host for host in hosts if not {host, f"*.{host.partition('.')[2]}"} & {*names}]:
        yield f"is not for {', '.join(left_out)}; it is for {', '.join(names) or 'no DNS name'}"


def _names(certificate: Certificate) -> list[str]:
    """Return the names of hosts that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(DNSName)]
