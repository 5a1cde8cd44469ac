"""The dashboards of the API servers and of the kubelets."""

from __future__ import annotations

from mixins import panels
from mixins.kubernetes import apiserver, kubelet
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'


def apiservers(thresholds: Thresholds) -> Dashboard:
    """Return requests, failures and delays of the API servers."""
    requests, errors = apiserver.requests(thresholds), f"{apiserver.error_ratio(thresholds)}{{{HERE}}}"
    latency = f"{apiserver.latency(thresholds)}{{{HERE}}}"
    return panels.dashboard(
        apiserver.OVERVIEW,
        "Kubernetes API server",
        "Requests to the API servers: how many, how fast, what fails and what is turned away.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                panels.stat("Requests", f"sum({requests}{{{HERE}}})", panels.Unit.REQUESTS),
                panels.stat(
                    "Worst error ratio", f"max({errors})", panels.Unit.RATIO, limit=thresholds.error_ratio
                ),
                panels.stat(
                    "Slowest p99", f"max({latency})", panels.Unit.SECONDS, limit=thresholds.apiserver_latency
                ),
                panels.stat(
                    "In flight",
                    f"sum(apiserver_current_inflight_requests{{{apiserver.SELF}, {HERE}}})",
                ),
            ),
            "Requests": (
                panels.timeseries(
                    "Requests by verb",
                    [(f"sum by (verb) ({requests}{{{HERE}}})", "{{verb}}")],
                    panels.Unit.REQUESTS,
                ),
                panels.timeseries(
                    "Requests by status",
                    [(f"sum by (code) ({requests}{{{HERE}}})", "{{code}}")],
                    panels.Unit.REQUESTS,
                    stacked=True,
                ),
                panels.timeseries(
                    "Error ratio by verb",
                    [(errors, "{{verb}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.error_ratio,
                ),
                panels.timeseries(
                    "Duration, p99, by verb",
                    [(latency, "{{verb}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.apiserver_latency,
                ),
            ),
            "What it turns away": (
                panels.timeseries(
                    "Rejected by fairness",
                    [(f"{apiserver.rejected(thresholds)}{{{HERE}}}", "{{priority_level}} {{reason}}")],
                    panels.Unit.REQUESTS,
                ),
                panels.timeseries(
                    "Webhooks that could not be called",
                    [(f"{apiserver.webhook_errors(thresholds)}{{{HERE}}}", "{{name}}")],
                    panels.Unit.PER_SECOND,
                ),
            ),
            "What it lacks": (
                panels.timeseries(
                    "Extensions out of reach, 1 is",
                    [
                        (
                            f"max by (name) (aggregator_unavailable_apiservice{{{apiserver.SELF}, {HERE}}})",
                            "{{name}}",
                        )
                    ],
                ),
                panels.table(
                    "Interfaces in use that will be removed",
                    "max by (group, version, resource, removed_release) (apiserver_requested_deprecated_apis"
                    f'{{{apiserver.SELF}, {HERE}, removed_release!=""}})',
                ),
            ),
        },
    )


def kubelets(thresholds: Thresholds) -> Dashboard:
    """Return what the kubelets run, and how well their container runtimes answer."""
    errors = f"{kubelet.runtime_errors(thresholds)}{{{HERE}}}"

    def duration(what: str) -> str:
        return f"{kubelet.duration(what, thresholds)}{{{HERE}}}"

    def count(what: str) -> str:
        return f"sum by (instance) (kubelet_running_{what}{{{kubelet.SELF}, {HERE}}})"

    evicted = f"increase(kubelet_evictions{{{kubelet.SELF}, {HERE}}}[1h])"
    return panels.dashboard(
        kubelet.OVERVIEW,
        "Kubelet",
        "The kubelets: pods they run, their container runtimes, starts and evictions.",
        variables=(panels.environment(),),
        rows={
            "What they run": (
                panels.timeseries("Pods by node", [(count("pods"), "{{instance}}")]),
                panels.timeseries("Containers by node", [(count("containers"), "{{instance}}")]),
            ),
            "How well": (
                panels.timeseries(
                    "Container runtime, failed requests",
                    [(errors, "{{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.error_ratio,
                ),
                panels.timeseries(
                    "Listing the containers, p99",
                    [(duration("pleg_relist"), "{{instance}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.kubelet_relist_duration,
                ),
                panels.timeseries(
                    "Starting a pod, p99",
                    [(duration("pod_start"), "{{instance}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.pod_start_duration,
                ),
                panels.timeseries(
                    "Evicted pods, 1 hour",
                    [(f"sum by (instance, eviction_signal) ({evicted})", "{{instance}} {{eviction_signal}}")],
                ),
                panels.counts(
                    "Certificates that could not be renewed",
                    {
                        "": "kubelet_certificate_manager_client_expiration_renew_errors"
                        f"{{{kubelet.SELF}, {HERE}}}"
                    },
                    "instance",
                ),
            ),
        },
    )
