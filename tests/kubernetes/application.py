"""An application in pods of its own, next to the stack: it writes lines, has metrics, and looks up a name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.images import APPLICATION
from tests.kubernetes.monitors import of_a_team
from tests.kubernetes.stack import NAMESPACE

SHOP = "shop"
LINE = {"level": "error", "message": "payment refused", "order": "4711"}
ALERT = {
    "alert": "OrdersPiledUp",
    # The first is the team's own, the second the stack's.
    "expr": f'max by (namespace, team, service) (orders_total{{job="{SHOP}"}}) > 40 '
    f'and on (namespace) kube_namespace_created{{namespace="{SHOP}"}}',
    "labels": {"severity": "warning"},
}
"""What its team wants to hear of, which is so from the beginning."""
_NAME = {"app.kubernetes.io/name": SHOP}
_SCRIPT = f"""
mkdir -p /tmp/www
echo 'orders_total 42' > /tmp/www/metrics.txt
busybox httpd -p 8080 -h /tmp/www
echo '{json.dumps(LINE)}'
busybox nslookup collector.{NAMESPACE}.svc.cluster.local | busybox grep Address
trap 'exit 0' TERM
while :; do busybox sleep 1 & wait; done
"""


@dataclass(frozen=True)
class Application:
    """The running application."""

    cluster: Cluster

    @property
    def manifest(self) -> dict[str, Any]:
        """What the API server is asked for."""
        labels = {
            **_NAME,
            "app.kubernetes.io/component": "checkout",
            "team": "payments",
        }
        annotations = {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "8080",
            "prometheus.io/path": "/metrics.txt",
        }
        container = {
            "name": "app",
            "image": APPLICATION,
            "imagePullPolicy": "IfNotPresent",
            "command": ["/bin/sh", "-c", _SCRIPT],
            "ports": [{"name": "http", "containerPort": 8080}],
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": SHOP, "namespace": SHOP},
            "spec": {
                "selector": {"matchLabels": _NAME},
                "template": {
                    "metadata": {"labels": labels, "annotations": annotations},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
                },
            },
        }

    def deploy(self) -> None:
        """Deploy it into a namespace of its own, with what its team says about its metrics."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP}}
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SHOP, "namespace": SHOP, "labels": _NAME},
            "spec": {"selector": _NAME, "ports": [{"name": "http", "port": 8080}]},
        }
        prober = f"blackbox-exporter.{NAMESPACE}:9115"
        for manifest in (namespace, self.manifest, service, *of_a_team(SHOP, SHOP, prober, ALERT)):
            self.cluster.api.apply(manifest)

    def pod(self) -> str:
        """Return the name of its pod; `OSError` while there is none."""
        for pod in self.cluster.api.list("v1", "Pod", SHOP):
            return str(pod["metadata"]["name"])
        raise OSError(f"no pod in the namespace {SHOP}")
