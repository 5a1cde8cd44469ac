"""The scrape jobs of a cluster, and the labels that tell its parts apart; an absent label does no harm."""

from __future__ import annotations

STATE = "kube-state-metrics"
"""Job of kube-state-metrics: what the API server knows about every object."""
KUBELET = "kubernetes-nodes"
"""Job of the kubelets."""
CADVISOR = "kubernetes-cadvisor"
"""Job of the container metrics that each kubelet has built in."""
APISERVER = "kubernetes-apiservers"
"""Job of the API servers."""
PODS = "kubernetes-pods"
"""Job of the pods that ask to be scraped by an annotation."""

CLUSTER = "environment, cluster"
NAMESPACE = f"{CLUSTER}, namespace"
POD = f"{NAMESPACE}, pod"
CONTAINER = f"{POD}, container"
NODE = f"{CLUSTER}, node"
