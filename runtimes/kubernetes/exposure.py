"""The entrance: how people and programs reach the stack from outside, with TLS."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.networking.v1 import (
    Ingress,
    IngressBackendArgsDict,
    IngressRuleArgsDict,
    IngressSpecArgsDict,
)

from components import login_proxy
from placement import PORTS
from runtimes import Deployed
from runtimes.kubernetes.site import ASKS_WHO, Children, Site
from settings.kubernetes import OUTSIDE_INGRESS
from targets import Exposure
from workload import Workload

CERTIFICATE = "observability-tls"
"""Secret with the certificate of the hosts, in the namespace of the entrance."""

_PORT = 443
_GATEWAY_API = "gateway.networking.k8s.io/v1"


def expose(workload: Workload, site: Site, children: Children) -> Deployed:
    """Lead to a workload from outside, where it asks people who they are or stands behind what does.

    Grafana has the one entrance of the stack, which leads to the login of everything else that is published.
    """
    if site.exposure is Exposure.PORT_FORWARD:
        return Deployed({})
    leading: tuple[pulumi.Resource, ...] = ()
    if workload.name == ASKS_WHO and site.exposure is Exposure.INGRESS:
        leading = (_ingress(site, children),)
    elif workload.name == ASKS_WHO:
        leading = (_gateway(site, children), _route(workload, site, children))
    elif workload.name == login_proxy.NAME and site.exposure is Exposure.GATEWAY:
        leading = (_route(workload, site, children),)
    if workload.name not in site.hosts:
        return Deployed({})
    there, address = pulumi.Output.all(*(r.urn for r in leading)), f"{site.hosts[workload.name]}:{_PORT}"
    port = login_proxy.ACCESS[workload.name].port if workload.name in login_proxy.ACCESS else "http"
    return Deployed({port: there.apply(lambda _: address)}, tls=True)


def _led_to(site: Site) -> Mapping[str, str]:
    """Return the Service behind each DNS name."""
    return {
        host: product if product == ASKS_WHO else login_proxy.NAME for product, host in site.hosts.items()
    }


def _gateway(site: Site, children: Children) -> pulumi.Resource:
    namespaces = {"matchLabels": {"kubernetes.io/metadata.name": site.namespace}}
    return CustomResource(
        f"{children.prefix}-gateway",
        api_version=_GATEWAY_API,
        kind="Gateway",
        metadata={**site.named(ASKS_WHO), "namespace": site.gateway},
        spec={
            "gatewayClassName": site.gateway_class,
            "listeners": [
                {
                    "name": _listener(product),
                    "hostname": host,
                    "port": _PORT,
                    "protocol": "HTTPS",
                    "tls": {
                        "mode": "Terminate",
                        "certificateRefs": [{"kind": "Secret", "name": CERTIFICATE}],
                    },
                    "allowedRoutes": {"namespaces": {"from": "Selector", "selector": namespaces}},
                }
                for product, host in site.hosts.items()
            ],
        },
        opts=children.options,
    )


def _listener(product: str) -> str:
    return "https" if product == ASKS_WHO else f"https-{product}"


def _route(workload: Workload, site: Site, children: Children) -> pulumi.Resource:
    """Lead the names whose Service the workload is to it."""
    led = [product for product, host in site.hosts.items() if _led_to(site)[host] == workload.name]
    if site.gateway_class.startswith("gke-"):
        _health_check(workload, site, children)
    return CustomResource(
        f"{children.prefix}-route",
        api_version=_GATEWAY_API,
        kind="HTTPRoute",
        metadata=site.named(workload.name),
        spec={
            "parentRefs": [
                {"name": ASKS_WHO, "namespace": site.gateway, "sectionName": _listener(product)}
                for product in led
            ],
            "hostnames": [site.hosts[product] for product in led],
            "rules": [{"backendRefs": [{"name": workload.name, "port": _number(workload.name)}]}],
        },
        opts=children.options,
    )


def _ingress(site: Site, children: Children) -> pulumi.Resource:
    kubernetes, metadata = site.settings.kubernetes, site.named(ASKS_WHO)
    spec: IngressSpecArgsDict = {
        "tls": [{"hosts": list(site.hosts.values()), "secret_name": CERTIFICATE}],
        "rules": [_rule(host, service) for host, service in _led_to(site).items()],
    }
    if kubernetes.ingress_class == OUTSIDE_INGRESS:
        # Google's controller takes no notice of the field, and makes a public entrance of what has neither.
        metadata["annotations"] = {"kubernetes.io/ingress.class": kubernetes.ingress_class}
    else:
        spec["ingress_class_name"] = kubernetes.ingress_class
    return Ingress(f"{children.prefix}-ingress", metadata=metadata, spec=spec, opts=children.options)


def _rule(host: str, service: str) -> IngressRuleArgsDict:
    backend: IngressBackendArgsDict = {"service": {"name": service, "port": {"number": _number(service)}}}
    return {"host": host, "http": {"paths": [{"path": "/", "path_type": "Prefix", "backend": backend}]}}


def _number(service: str) -> int:
    return next(port.number for port in PORTS[service] if port.name == "http")


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
