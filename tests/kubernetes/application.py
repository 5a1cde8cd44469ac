"""Applications in pods of their own, next to the stack: they write lines, have metrics, and look up a name.

One says itself that it is to be scraped; of the other only an entry of the catalogue does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.images import APPLICATION
from tests.kubernetes.monitors import of_a_team
from tests.kubernetes.stack import NAMESPACE
from tests.project import until

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
CART = """\
service: cart
team: checkout
metrics: {port: 8080, path: /metrics.txt, pods: {app: basket}, namespace: shop}
logs: {files: [/var/log/cart.log]}
"""
"""Entry of the catalogue about pods that are called otherwise and ask for nothing."""
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
    def manifests(self) -> tuple[dict[str, Any], ...]:
        """What the API server is asked for."""
        more = {"app.kubernetes.io/component": "checkout", "team": "payments"}
        annotations = {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "8080",
            "prometheus.io/path": "/metrics.txt",
        }
        return (
            self._deployment(SHOP, _NAME, more, annotations),
            self._deployment("basket", {"app": "basket"}, {}, {}),
        )

    def _deployment(
        self, name: str, labels: dict[str, str], more: dict[str, str], annotations: dict[str, str]
    ) -> dict[str, Any]:
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
            "metadata": {"name": name, "namespace": SHOP},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": {**labels, **more}, "annotations": annotations},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
                },
            },
        }

    def deploy(self) -> None:
        """Deploy them into a namespace of their own, with what a team says about its metrics."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP}}
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SHOP, "namespace": SHOP, "labels": _NAME},
            "spec": {"selector": _NAME, "ports": [{"name": "http", "port": 8080}]},
        }
        prober = f"blackbox-exporter.{NAMESPACE}:9115"
        for manifest in (namespace, *self.manifests, service):
            self.cluster.api.apply(manifest)
        # The operator overlooks what comes before it has heard of the namespace: docs/kubernetes/monitors.md
        until(self._runs, seconds=60, what="the application's pod runs")
        for manifest in of_a_team(SHOP, SHOP, prober, ALERT):
            self.cluster.api.apply(manifest)

    def _runs(self) -> bool:
        path = self.cluster.api.path("v1", "Pod", SHOP, self.pod())
        return str(self.cluster.api.get(path)["status"].get("phase")) == "Running"

    def pod(self) -> str:
        """Return the name of the first one's pod; `OSError` while there is none."""
        for pod in self.cluster.api.list("v1", "Pod", SHOP, labelSelector=f"app.kubernetes.io/name={SHOP}"):
            return str(pod["metadata"]["name"])
        raise OSError(f"no pod in the namespace {SHOP}")
