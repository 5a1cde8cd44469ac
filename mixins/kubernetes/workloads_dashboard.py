"""The dashboards of the workloads, the jobs and the autoscalers."""

from __future__ import annotations

from mixins import panels
from mixins.kubernetes import autoscaling as scaling
from mixins.kubernetes import workloads as mixin
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", namespace=~"$namespace"'
STATE = f"{mixin.SELF}, {CHOSEN}"
"""UID of the dashboard of the jobs."""


def workloads() -> Dashboard:
    """Return the replicas and rollouts of the chosen namespaces."""
    missing = f"{mixin.DESIRED}{{{CHOSEN}}} - {mixin.AVAILABLE}{{{CHOSEN}}}"
    name = "{{namespace}} {{workload}}"
    wanted, healthy = (
        f"kube_poddisruptionbudget_status_{which}_healthy{{{STATE}}}" for which in ("desired", "current")
    )

    def replicas(kind: str) -> list[panels.Query]:
        return [(f'{mixin.AVAILABLE}{{{CHOSEN}, kind="{kind}"}}', name)]

    return panels.dashboard(
        mixin.OVERVIEW,
        "Kubernetes workloads",
        "Deployments, stateful sets and daemon sets: whether as many replicas serve as should.",
        variables=(panels.environment(), panels.namespace("kube_deployment_spec_replicas")),
        rows={
            "Now": (
                panels.stat("Replicas that serve", f"sum({mixin.AVAILABLE}{{{CHOSEN}}})"),
                panels.stat("Replicas that are missing", f"sum({missing} > 0) or vector(0)", limit=1),
                panels.stat("Workloads that lack replicas", f"count({missing} > 0) or vector(0)", limit=1),
                panels.stat(
                    "Rollouts that are stuck",
                    f'count(kube_deployment_status_condition{{{STATE}, condition="Progressing", '
                    f'status="false"}} == 1) or vector(0)',
                    limit=1,
                ),
            ),
            "Replicas": (
                panels.timeseries("Replicas of deployments", replicas("deployment")),
                panels.timeseries("Replicas of stateful sets", replicas("statefulset")),
                panels.timeseries("Daemons", replicas("daemonset")),
                panels.timeseries("Missing replicas", [(f"{missing} > 0", name)], limit=1),
            ),
            "Promises": (
                panels.timeseries(
                    "Disruptions that budgets still allow",
                    [
                        (
                            f"kube_poddisruptionbudget_status_pod_disruptions_allowed{{{STATE}}}",
                            "{{namespace}} {{poddisruptionbudget}}",
                        )
                    ],
                ),
                panels.timeseries(
                    "Pods that budgets lack",
                    [(f"{wanted} - {healthy} > 0", "{{namespace}} {{poddisruptionbudget}}")],
                    limit=1,
                ),
                panels.table("Workloads that lack replicas, by name", f"{missing} > 0"),
            ),
        },
    )


def jobs(thresholds: Thresholds) -> Dashboard:
    """Return the jobs and schedules of the chosen namespaces."""
    running = f"time() - kube_job_status_start_time{{{STATE}}} and kube_job_status_active{{{STATE}}} > 0"
    overdue = f"time() - kube_cronjob_next_schedule_time{{{STATE}}}"
    return panels.dashboard(
        mixin.JOBS,
        "Kubernetes jobs",
        "Jobs that run, failed or did not start.",
        variables=(panels.environment(), panels.namespace("kube_job_info")),
        rows={
            "Now": (
                panels.stat("Jobs that run", f"sum(kube_job_status_active{{{STATE}}}) or vector(0)"),
                panels.stat(
                    "Jobs that failed", f"sum({mixin.FAILED_JOBS}{{{CHOSEN}}}) or vector(0)", limit=1
                ),
                panels.stat(
                    "Longest running job",
                    f"max({running})",
                    panels.Unit.SECONDS,
                    limit=thresholds.job_duration,
                ),
                panels.stat("Schedules overdue", f"count({overdue} > 3600) or vector(0)", limit=1),
            ),
            "Over time": (
                panels.timeseries(
                    "Failed jobs by namespace", [(f"{mixin.FAILED_JOBS}{{{CHOSEN}}}", "{{namespace}}")]
                ),
                panels.timeseries(
                    "Age of running jobs",
                    [(running, "{{namespace}} {{job_name}}")],
                    panels.Unit.SECONDS,
                    limit=thresholds.job_duration,
                ),
                panels.table(
                    "Time since schedules last succeeded",
                    f"time() - kube_cronjob_status_last_successful_time{{{STATE}}}",
                    panels.Unit.SECONDS,
                ),
                panels.table("Time until schedules start", f"-({overdue})", panels.Unit.SECONDS),
            ),
        },
    )


def autoscaling(thresholds: Thresholds) -> Dashboard:
    """Return the autoscalers of the chosen namespaces; those that are at their end are listed."""
    used, name = f"{scaling.USED}{{{CHOSEN}}}", "{{namespace}} {{horizontalpodautoscaler}}"

    def replicas(kind: str) -> str:
        return f"kube_horizontalpodautoscaler_{kind}_replicas{{{STATE}}}"

    return panels.dashboard(
        scaling.OVERVIEW,
        "Kubernetes autoscaling",
        f"Autoscalers, and those that have been at their end for {thresholds.autoscaler_maxed_for}.",
        variables=(
            panels.environment(),
            panels.namespace("kube_horizontalpodautoscaler_spec_max_replicas"),
        ),
        rows={
            "Now": (
                panels.stat("Autoscalers", f"count({used})"),
                panels.stat("At their end", f"count({used} >= 1) or vector(0)", limit=1),
                panels.gauge("Closest to its end", [(f"max({used})", "used")], limit=1),
                panels.stat(
                    "Replicas that do not come",
                    f"sum({replicas('status_desired')} - {replicas('status_current')} > 0) or vector(0)",
                    limit=1,
                ),
            ),
            "Over time": (
                panels.timeseries("Replicas", [(replicas("status_current"), name)]),
                panels.timeseries("Replicas asked for", [(replicas("status_desired"), name)]),
                panels.timeseries(
                    "Share of the largest number in use", [(used, name)], panels.Unit.RATIO, limit=1
                ),
                panels.table("Largest number of replicas", replicas("spec_max")),
            ),
        },
    )
