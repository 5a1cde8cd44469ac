"""Whether the certificate of the entrance will do: there, in force for a while, and for every name.

It is somebody else's to make, often by a program that does so once the stack is there. So what is wrong with
it is said, and stops nothing.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api

from runtimes.kubernetes.exposure import CERTIFICATE
from runtimes.kubernetes.site import Site
from targets import Exposure


class NotACertificateError(ValueError):
    """A text is no certificate."""


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
        certificate = _read(text)
    except NotACertificateError:
        yield "cannot be read; it takes the certificate and what signed it as PEM, the host's own first"
        return
    begins, ends = (_time(certificate[key]) for key in ("notBefore", "notAfter"))
    if now < begins:
        yield f"is not valid before {begins:%Y-%m-%d %H:%M} UTC"
    elif now >= ends:
        yield f"expired on {ends:%Y-%m-%d}; renew it"
    elif ends - now < soon:
        yield f"expires on {ends:%Y-%m-%d}, in {(ends - now).days} days; renew it"
    names = [name.lower() for kind, name in certificate.get("subjectAltName", ()) if kind == "DNS"]
    if left_out := [host for host in hosts if not {host, f"*.{host.partition('.')[2]}"} & {*names}]:
        yield f"is not for {', '.join(left_out)}; it is for {', '.join(names) or 'no DNS name'}"


def _read(text: str) -> dict[str, Any]:
    """Return a certificate as `ssl.SSLSocket.getpeercert` describes that of a peer."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "tls.crt")
        file.write_text(text, encoding="utf-8")
        try:
            # The standard library has no public name for this; a library for one call would weigh megabytes.
            decoded: dict[str, Any] = ssl._ssl._test_decode_cert(str(file))  # type: ignore[attr-defined]  # noqa: SLF001
        except ssl.SSLError:
            raise NotACertificateError from None
    return decoded


def _time(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
