"""Every image of the stack: one place, so that an upgrade is one line and a mirror list is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from settings import Images


@dataclass(frozen=True)
class Image:
    """A container image and the program in it."""

    repository: str
    tag: str
    program: str
    """Name under which the tool set-up knows the program for the ``process`` target."""
    digest: str = ""
    """``sha256:…`` of the multi-platform index; empty where no two independent sources agree on it."""
    download_mb: int = 0
    """About how much is pulled, megabytes: rounded from releases of the same line, to say what to expect."""
    note: str = ""
    """End of life and other reasons for the choice."""
    entrypoint: tuple[str, ...] = ()
    """The program's path in the image: said here, so that arguments mean the same at every target."""
    health: tuple[str, ...] = ()
    """Command in the image that exits 0 once the product is ready; empty where the image has none.

    ``{address}`` stands for ``host:port`` of the probe's port and ``{url}`` for the probe's URL.
    """


def reference(image: Image, images: Images) -> str:
    """Return the image as it is pulled, ``repository:tag@digest``; from the mirror where there is one."""
    _, _, path = image.repository.partition("/")
    repository = f"{images.registry}/{path}" if images.registry else image.repository
    digest = f"@{image.digest}" if images.digests and image.digest else ""
    return f"{repository}:{image.tag}{digest}"


_WGET = ("wget", "-q", "-O", "/dev/null", "{url}")

PROMETHEUS = Image(
    "docker.io/prom/prometheus",
    "v3.13.1",
    "prometheus",
    digest="sha256:3c42b892cf723fa54d2f262c37a0e1f80aa8c8ddb1da7b9b0df9455a35a7f893",
    download_mb=140,
    note="3.13 is the LTS line",
    entrypoint=("/bin/prometheus",),
    health=("/bin/promtool", "check", "ready", "--url=http://{address}"),
)
ALERTMANAGER = Image(
    "docker.io/prom/alertmanager",
    "v0.34.0",
    "alertmanager",
    digest="sha256:690c7b525f4367aa91f73e2f91c632206d32e97c6384bdbf2fb7a861b420340d",
    download_mb=40,
    entrypoint=("/bin/alertmanager",),
    health=_WGET,
)
LOKI = Image(
    "docker.io/grafana/loki",
    "3.7.6",
    "loki",
    digest="sha256:efd47c67f9bac88ca29bcf8cb997d9ab29d1848bd0aff579282295542a745952",
    download_mb=45,
    note="3.7.0 to 3.7.2 lose chunks on some S3 stores",
    entrypoint=("/usr/bin/loki",),
    health=("/usr/bin/loki", "-health"),
)
JAEGER = Image(
    "docker.io/jaegertracing/jaeger",
    "2.19.0",
    "jaeger",
    digest="sha256:ede4864215be4cd85bd8c3129a2fea6c5713c5653c7282c429dba123014bc68b",
    download_mb=45,
    note="v1 ended 2025-12-31",
    entrypoint=("/cmd/jaeger/jaeger-linux",),
    health=_WGET,
)
COLLECTOR = Image(
    "docker.io/otel/opentelemetry-collector-contrib",
    "0.159.0",
    "otelcol",
    digest="sha256:1f2c54a30e713fac6b3ae77a1ec84010c2007e29ced8ec666214fc2f6739c1cc",
    download_mb=90,
    note="nothing but the collector is in the image, so its health is seen from outside only",
    entrypoint=("/otelcol-contrib",),
)
GRAFANA = Image(
    "docker.io/grafana/grafana",
    "13.1.3",
    "grafana",
    digest="sha256:ab5cb380e3ff3172d6c8bd2e7cfd31cce977d2881b260e1f5bc089bf0b759b43",
    download_mb=220,
    entrypoint=("/usr/share/grafana/bin/grafana",),
    health=_WGET,
)
NODE_EXPORTER = Image(
    "docker.io/prom/node-exporter",
    "v1.12.1",
    "node_exporter",
    digest="sha256:1b4e4438faca4dd7e001dd445d161a4a2091b0fededa84093b3a8dfeae1f1be0",
    download_mb=15,
    entrypoint=("/bin/node_exporter",),
    health=_WGET,
)
CADVISOR = Image(
    "ghcr.io/google/cadvisor",
    "v0.60.5",
    "cadvisor",
    digest="sha256:763aecf1c32c2be8a1a75f9abfc2fc461005c9dbbaa39cb356b354aac1296dbe",
    download_mb=35,
    note="before 0.54 it does not know current engines; images are no longer published to gcr.io",
    entrypoint=("/usr/bin/cadvisor",),
    health=_WGET,
)
BLACKBOX_EXPORTER = Image(
    "docker.io/prom/blackbox-exporter",
    "v0.28.0",
    "blackbox_exporter",
    digest="sha256:e753ff9f3fc458d02cca5eddab5a77e1c175eee484a8925ac7d524f04366c2fc",
    download_mb=15,
    entrypoint=("/bin/blackbox_exporter",),
    health=_WGET,
)
KUBE_STATE_METRICS = Image(
    "registry.k8s.io/kube-state-metrics/kube-state-metrics",
    "v2.20.0",
    "kube-state-metrics",
    digest="sha256:42cfe3723a5f058171c627537fb57a3ea0f26e4380fa18555a95cb1a1b4cfc5b",
    entrypoint=("/kube-state-metrics",),
)
THANOS = Image(
    "quay.io/thanos/thanos",
    "v0.42.4",
    "thanos",
    entrypoint=("/bin/thanos",),
)
PROMETHEUS_OPERATOR = Image(
    "quay.io/prometheus-operator/prometheus-operator",
    "v0.93.0",
    "prometheus-operator",
    note="its custom resource definitions are those of toolchain/definitions.py",
    entrypoint=("/bin/operator",),
)
CONFIG_RELOADER = Image(
    "quay.io/prometheus-operator/prometheus-config-reloader",
    PROMETHEUS_OPERATOR.tag,
    "prometheus-config-reloader",
    note="released together with the operator, whose pods of Prometheus it is in",
    entrypoint=("/bin/prometheus-config-reloader",),
)
HAPROXY = Image(
    "docker.io/library/haproxy",
    "3.2.23-alpine",
    "haproxy",
    digest="sha256:5961c68bc8a81c5124d0a98ab20f81b74717d6afe596e805977d9cf84c126222",
    download_mb=15,
    note="3.2 is an LTS line, until 2030",
    entrypoint=("/usr/local/sbin/haproxy",),
    health=_WGET,
)
LOADER = Image(
    "docker.io/library/busybox",
    "1.37.0",
    "busybox",
    digest="sha256:bdf57e528e45e4433820e045b29b4597825a1c9e38353532d90a01445013f82e",
    download_mb=3,
    note="puts files into Docker volumes, then ends",
    entrypoint=("/bin/sh",),
)


PRODUCTS: Mapping[str, Image] = {
    "prometheus": PROMETHEUS,
    "alertmanager": ALERTMANAGER,
    "loki": LOKI,
    "loki-ingester": LOKI,
    "loki-querier": LOKI,
    "loki-index-gateway": LOKI,
    "loki-compactor": LOKI,
    "jaeger": JAEGER,
    "jaeger-collector": JAEGER,
    "jaeger-ingester": JAEGER,
    "collector": COLLECTOR,
    "grafana": GRAFANA,
    "node-exporter": NODE_EXPORTER,
    "cadvisor": CADVISOR,
    "blackbox-exporter": BLACKBOX_EXPORTER,
    "engine-proxy": HAPROXY,
    "thanos-query": THANOS,
    "thanos-store": THANOS,
    "thanos-compactor": THANOS,
    "kube-state-metrics": KUBE_STATE_METRICS,
    "log-collector": COLLECTOR,
    "prometheus-operator": PROMETHEUS_OPERATOR,
    "prometheus-agent": PROMETHEUS,
    "login-proxy": HAPROXY,
}
"""Product → what runs it, by the name of its workload."""


def every() -> tuple[Image, ...]:
    """Return every image of the stack."""
    return tuple(value for value in globals().values() if isinstance(value, Image))
