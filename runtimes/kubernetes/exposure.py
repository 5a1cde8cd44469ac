"""The entrance: how people reach what they open, with TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from runtimes import Deployed, UnsupportedError
from runtimes.kubernetes.site import PUBLISHED, Children, Site
from targets import Exposure
from workload import Workload

CERTIFICATE = "observability-tls"
"""Secret with the certificate of the host, in the namespace of the entrance."""

_PORT = 443
_GATEWAY_API = "gateway.networking.k8s.io/v1"


def expose(workload: Workload, site: Site, children: Children) -> Deployed:
    """Register the entrance to a workload that people open; everything else stays inside the cluster."""
    if workload.name not in PUBLISHED or site.target.exposure is Exposure.PORT_FORWARD:
        return Deployed({})
    if not site.has_gateway:
        raise UnsupportedError(
            workload.name, "ports", site.target.name, f"no entrance of kind {site.target.exposure} is known"
        )
    host, name = site.settings.kubernetes.host, workload.name
    gateway = CustomResource(
        f"{children.prefix}-gateway",
        api_version=_GATEWAY_API,
        kind="Gateway",
        metadata={**site.named(name), "namespace": site.gateway},
        spec=_gateway(host, site),
        opts=children.options,
    )
    route = CustomResource(
        f"{children.prefix}-route",
        api_version=_GATEWAY_API,
        kind="HTTPRoute",
        metadata=site.named(name),
        spec={
            "parentRefs": [{"name": name, "namespace": site.gateway, "sectionName": "https"}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": name, "port": workload.port("http").number}]}],
        },
        opts=children.options,
    )
    if site.target.gateway_class.startswith("gke-"):
        _health_check(workload, site, children)
    ready = pulumi.Output.all(gateway.urn, route.urn)
    return Deployed({"http": ready.apply(lambda _: f"{host}:{_PORT}")}, tls=True)


def _gateway(host: str, site: Site) -> Mapping[str, Any]:
    namespaces = {"matchLabels": {"kubernetes.io/metadata.name": site.namespace}}
    return {
        "gatewayClassName": site.target.gateway_class,
        "listeners": [
            {
                "name": "https",
                "hostname": host,
                "port": _PORT,
                "protocol": "HTTPS",
                "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": CERTIFICATE}]},
                "allowedRoutes": {"namespaces": {"from": "Selector", "selector": namespaces}},
            }
        ],
    }


def _health_check(workload: Workload, site: Site, children: Children) -> None:
    """Tell Google's load balancer what to ask for: the page it would ask for only redirects to the login."""
    check = {"type": "HTTP", "httpHealthCheck": {"requestPath": workload.probe.path}}
    CustomResource(
        f"{children.prefix}-health-check",
        api_version="networking.gke.io/v1",
        kind="HealthCheckPolicy",
        metadata=site.named(workload.name),
        spec={
            "default": {"config": check},
            "targetRef": {"group": "", "kind": "Service", "name": workload.name},
        },
        opts=children.options,
    )
