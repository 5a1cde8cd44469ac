"""A Kubernetes cluster: its API, nodes, workloads, storage and autoscaling."""
