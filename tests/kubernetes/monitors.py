"""What application teams of a cluster with the Prometheus Operator write: monitors, probes and rules."""

from __future__ import annotations

from typing import Any

GROUP = "monitoring.coreos.com/v1"
Manifest = dict[str, Any]


def monitor(kind: str, namespace: str, spec: Manifest, name: str = "shop") -> Manifest:
    """Return an object that a team writes."""
    return {
        "apiVersion": GROUP,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {"release": "shop"}},
        "spec": spec,
    }


def of_a_team(namespace: str, application: str, prober: str, alert: Manifest) -> list[Manifest]:
    """Return one object of each kind about an application whose port is called ``http``."""
    chosen = {"matchLabels": {"app.kubernetes.io/name": application}}
    endpoint = {"port": "http", "path": "/metrics.txt", "interval": "5s"}
    targets = {"staticConfig": {"static": [f"http://{application}.{namespace}.svc:8080/metrics.txt"]}}
    return [
        monitor("ServiceMonitor", namespace, {"selector": chosen, "endpoints": [endpoint]}),
        monitor("PodMonitor", namespace, {"selector": chosen, "podMetricsEndpoints": [endpoint]}),
        monitor(
            "Probe",
            namespace,
            {"prober": {"url": prober}, "module": "http_2xx", "interval": "5s", "targets": targets},
        ),
        monitor("PrometheusRule", namespace, {"groups": [{"name": "shop", "rules": [alert]}]}),
    ]
