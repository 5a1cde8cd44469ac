"""What the Prometheus Operator is asked for: an agent that scrapes what teams' monitors say, and their rules.

The agent sends its samples to the stack's Prometheus, which evaluates the rules as well: they so see every
metric of the stack, and their alerts go the way of all others. `docs/adr/monitors.md` says why.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

import versions
from placement import each
from runtimes.kubernetes import nodes, pods
from runtimes.kubernetes.configuration import Mounted
from runtimes.kubernetes.objects import as_object
from runtimes.kubernetes.site import Children, Site
from scraping.kubernetes_monitors import GROUP, OPERATED, RULES, monitors, rule_config_maps, rules
from workload import Resources, Workload

OPERATOR, AGENT = "prometheus-operator", "prometheus-agent"
"""Workloads: what acts on objects, and what it runs; it marks the pods of the latter with that name."""
_RELOADER = Resources("10m", "100m", "32Mi", "64Mi")
_RELOADER_PORT = 8080
_WRITE_AHEAD_LOG = "1Gi"
"""Room for what the stack's Prometheus has not taken yet: two hours at most, lost with the pod."""


def agent(workload: Workload, site: Site, children: Children) -> pulumi.Resource:
    """Register what stands for the agent's pod and for the rules; return what there is once it runs."""
    chosen = site.settings.kubernetes
    # The operator gives pods the object's name as the label that has the stack's name on others.
    metadata: ObjectMetaArgsDict = {**site.named(AGENT), "name": site.settings.stack}
    CustomResource(
        f"{children.prefix}-rules",
        api_version=f"{GROUP}/{OPERATED['prometheuses']}",
        kind="Prometheus",
        metadata=metadata,
        spec={**_no_pods(workload, site), **rules(chosen)},
        opts=children.options,
    )
    return CustomResource(
        f"{children.prefix}-pods",
        api_version=f"{GROUP}/{OPERATED['prometheusagents']}",
        kind="PrometheusAgent",
        metadata=metadata,
        spec={**_pod(workload, site), **monitors(chosen)},
        opts=children.options,
    )


def rule_files(workload: Workload, site: Site) -> Mounted:
    """Return where the stack's Prometheus sees the rules of teams; nothing for other workloads.

    They appear and change without a restart, and there may be none yet.
    """
    if workload.name != "prometheus" or site.settings.kubernetes.monitors == "ignored":
        return Mounted()
    sources: Any = [
        {"config_map": {"name": name, "optional": True}} for name in rule_config_maps(site.settings.stack)
    ]
    return Mounted(
        ({"name": "rule-objects", "projected": {"sources": sources, "default_mode": 0o444}},),
        (
            {
                "name": "rule-objects",
                "mount_path": f"{site.placement.config(workload.name)}/{RULES}",
                "read_only": True,
            },
        ),
    )


def _common(workload: Workload, site: Site) -> dict[str, Any]:
    return {
        "image": versions.reference(workload.image, site.settings.images),
        "version": workload.image.tag,
        "serviceAccountName": workload.name,
        "scrapeInterval": site.settings.metrics.scrape_interval,
        "securityContext": as_object(pods.pod_security(workload.user)),
        "prometheusExternalLabelName": "",
        "replicaExternalLabelName": "",
    }


def _no_pods(workload: Workload, site: Site) -> dict[str, Any]:
    """Return a Prometheus without pods, for which the operator checks rules and writes them down."""
    return {
        **_common(workload, site),
        "replicas": 0,
        "serviceName": "prometheus",
        # What selects nothing; without any selector the operator calls the configuration unmanaged.
        "serviceMonitorSelector": {"matchLabels": {"observability/honoured-by": "the-agent"}},
    }


def _pod(workload: Workload, site: Site) -> dict[str, Any]:
    port, reloader = workload.port("http"), as_object(pods.resources(_RELOADER))
    probe = {"httpGet": {"path": "/healthz", "port": _RELOADER_PORT}}
    return {
        **_common(workload, site),
        "replicas": 1,
        "serviceName": workload.name,
        "imagePullPolicy": "IfNotPresent",
        "portName": port.name,
        "enableServiceLinks": False,
        **({"priorityClassName": chosen} if (chosen := site.settings.kubernetes.priority_class) else {}),
        **({"nodeSelector": labels} if (labels := nodes.selector(workload, site)) else {}),
        **({"tolerations": taints} if (taints := nodes.tolerations(workload, site)) else {}),
        "podMetadata": {"labels": {"app.kubernetes.io/part-of": "observability"}},
        "resources": as_object(pods.resources(workload.resources)),
        "storage": {"emptyDir": {"sizeLimit": _WRITE_AHEAD_LOG}},
        "serviceDiscoveryRole": "EndpointSlice",
        "remoteWrite": [
            {"name": address.partition(":")[0], "url": f"http://{address}/api/v1/write"}
            for address in each(site.placement, "prometheus", "http")
        ],
        "containers": [
            {
                "name": "config-reloader",
                "resources": reloader,
                "livenessProbe": probe,
                "readinessProbe": probe,
            }
        ],
        "initContainers": [{"name": "init-config-reloader", "resources": reloader}],
    }
