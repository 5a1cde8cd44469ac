"""The entrance: how people reach what they open, with TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.networking.v1 import Ingress, IngressBackendArgsDict, IngressSpecArgsDict

from runtimes import Deployed
from runtimes.kubernetes.site import PUBLISHED, Children, Site
from settings.kubernetes import OUTSIDE_INGRESS
from targets import Exposure
from workload import Workload

CERTIFICATE = "observability-tls"
"""Secret with the certificate of the host, in the namespace of the entrance."""

_PORT = 443
_GATEWAY_API = "gateway.networking.k8s.io/v1"


def expose(workload: Workload, site: Site, children: Children) -> Deployed:
    """Register the entrance to a workload that people open; everything else stays inside the cluster."""
    if workload.name not in PUBLISHED or site.exposure is Exposure.PORT_FORWARD:
        return Deployed({})
    lead = _ingress if site.exposure is Exposure.INGRESS else _gateway_and_route
    entrance = pulumi.Output.all(*(resource.urn for resource in lead(workload, site, children)))
    host = site.settings.kubernetes.host
    return Deployed({"http": entrance.apply(lambda _: f"{host}:{_PORT}")}, tls=True)


def _gateway_and_route(workload: Workload, site: Site, children: Children) -> tuple[pulumi.Resource, ...]:
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
    if site.gateway_class.startswith("gke-"):
        _health_check(workload, site, children)
    return gateway, route


def _ingress(workload: Workload, site: Site, children: Children) -> tuple[pulumi.Resource, ...]:
    kubernetes, metadata = site.settings.kubernetes, site.named(workload.name)
    backend: IngressBackendArgsDict = {
        "service": {"name": workload.name, "port": {"number": workload.port("http").number}}
    }
    spec: IngressSpecArgsDict = {
        "tls": [{"hosts": [kubernetes.host], "secret_name": CERTIFICATE}],
        "rules": [
            {
                "host": kubernetes.host,
                "http": {"paths": [{"path": "/", "path_type": "Prefix", "backend": backend}]},
            }
        ],
    }
    if kubernetes.ingress_class == OUTSIDE_INGRESS:
        # Google's controller takes no notice of the field, and makes a public entrance of what has neither.
        metadata["annotations"] = {"kubernetes.io/ingress.class": kubernetes.ingress_class}
    else:
        spec["ingress_class_name"] = kubernetes.ingress_class
    return (Ingress(f"{children.prefix}-ingress", metadata=metadata, spec=spec, opts=children.options),)


def _gateway(host: str, site: Site) -> Mapping[str, Any]:
    namespaces = {"matchLabels": {"kubernetes.io/metadata.name": site.namespace}}
    return {
        "gatewayClassName": site.gateway_class,
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
