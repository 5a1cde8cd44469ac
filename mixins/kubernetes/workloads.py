"""Deployments, stateful sets, daemon sets and jobs: whether as much runs as should."""

from __future__ import annotations

from mixins.kubernetes.jobs import NAMESPACE, STATE
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW, JOBS = "kubernetes-workloads", "kubernetes-jobs"
"""UIDs of the dashboards."""
SELF = f'job="{STATE}"'
DESIRED = "workload:kube_replicas_desired:sum"
"""Name of the recorded replicas that a workload should have, by ``kind``."""
AVAILABLE = "workload:kube_replicas_available:sum"
"""Name of the recorded replicas that serve, by ``kind``."""
FAILED_JOBS = "namespace:kube_jobs_failed:sum"
"""Name of the recorded jobs of a namespace that failed and are still kept."""
REPLICAS = {
    "deployment": ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
    "statefulset": ("kube_statefulset_replicas", "kube_statefulset_status_replicas_ready"),
    "daemonset": (
        "kube_daemonset_status_desired_number_scheduled",
        "kube_daemonset_status_number_available",
    ),
}
"""Kind → metrics of the replicas it should have and has."""


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Replicas, rollouts, jobs and disruption budgets of every namespace."""
    return (
        RuleGroup("kubernetes-workloads", (*_recordings(), *_replicas(), *_jobs(thresholds), _disruptions())),
    )


def _recordings() -> tuple[RecordingRule, ...]:
    def replicas(kind: str, metric: str) -> str:
        named = f'label_replace({metric}{{{SELF}}}, "workload", "$1", "{kind}", "(.+)")'
        return f"sum by ({NAMESPACE}, workload) ({named})"

    return (
        *(
            RecordingRule(record, replicas(kind, metric), {"kind": kind})
            for kind, metrics in REPLICAS.items()
            for record, metric in zip((DESIRED, AVAILABLE), metrics, strict=True)
        ),
        RecordingRule(FAILED_JOBS, f'sum by ({NAMESPACE}) (kube_job_failed{{{SELF}, condition="true"}})'),
    )


def _replicas() -> tuple[Alert, ...]:
    missing = "{{ $value }} replicas of {{ $labels.workload }} in {{ $labels.namespace }} are missing."

    def lacks(kind: str) -> str:
        return f'{DESIRED}{{kind="{kind}"}} - {AVAILABLE}{{kind="{kind}"}} > 0'

    return (
        Alert(
            "DeploymentReplicaMismatch",
            expr=lacks("deployment"),
            for_="15m",
            keep_firing_for="5m",
            severity=Severity.WARNING,
            summary="A deployment has fewer replicas than it should.",
            description=missing,
            dashboard=OVERVIEW,
        ),
        Alert(
            "DeploymentRolloutStuck",
            expr=f'kube_deployment_status_condition{{{SELF}, condition="Progressing", status="false"}} == 1',
            for_="5m",
            severity=Severity.WARNING,
            summary="A deployment gave up on its newest version.",
            description=(
                "{{ $labels.deployment }} in {{ $labels.namespace }} made no progress before its deadline; "
                "the old version still serves."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "StatefulSetReplicaMismatch",
            expr=lacks("statefulset"),
            for_="15m",
            keep_firing_for="5m",
            severity=Severity.WARNING,
            summary="A stateful set has fewer replicas than it should.",
            description=missing,
            dashboard=OVERVIEW,
        ),
        Alert(
            "DaemonSetPodsUnavailable",
            expr=lacks("daemonset"),
            for_="15m",
            keep_firing_for="5m",
            severity=Severity.WARNING,
            summary="Some nodes lack a daemon that should run on each of them.",
            description=(
                "{{ $labels.workload }} in {{ $labels.namespace }} does not serve on {{ $value }} nodes."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _jobs(thresholds: Thresholds) -> tuple[Alert, ...]:
    age = f"time() - kube_job_status_start_time{{{SELF}}}"
    return (
        Alert(
            "JobFailed",
            # A failed job is kept as history; after a day it is no news.
            expr=(
                f'kube_job_failed{{{SELF}, condition="true"}} > 0 '
                f"and on ({NAMESPACE}, job_name) {age} < 86400"
            ),
            for_="5m",
            severity=Severity.WARNING,
            summary="A job failed and will not be tried again.",
            description="{{ $labels.job_name }} in {{ $labels.namespace }} failed.",
            dashboard=JOBS,
        ),
        Alert(
            "JobRunningTooLong",
            expr=(
                f"{age} > {thresholds.job_duration:.0f} "
                f"and on ({NAMESPACE}, job_name) kube_job_status_active{{{SELF}}} > 0"
            ),
            for_="15m",
            severity=Severity.WARNING,
            summary="A job does not end.",
            description=(
                "{{ $labels.job_name }} in {{ $labels.namespace }} has been running for "
                f"{{{{ $value | humanizeDuration }}}}; {thresholds.job_duration / 3600:g} hours are "
                "tolerated."
            ),
            dashboard=JOBS,
        ),
        Alert(
            "CronJobOverdue",
            # A suspended one has no next time.
            expr=f"time() - kube_cronjob_next_schedule_time{{{SELF}}} > 3600",
            for_="10m",
            severity=Severity.WARNING,
            summary="A scheduled job has not been started.",
            description=(
                "{{ $labels.cronjob }} in {{ $labels.namespace }} should have started "
                "{{ $value | humanizeDuration }} ago."
            ),
            dashboard=JOBS,
        ),
    )


def _disruptions() -> Alert:
    return Alert(
        "DisruptionBudgetViolated",
        expr=(
            f"kube_poddisruptionbudget_status_desired_healthy{{{SELF}}} "
            f"- kube_poddisruptionbudget_status_current_healthy{{{SELF}}} > 0"
        ),
        for_="15m",
        severity=Severity.WARNING,
        summary="Fewer pods are healthy than their owner promised; nodes cannot be drained.",
        description=(
            "{{ $labels.poddisruptionbudget }} in {{ $labels.namespace }} lacks {{ $value }} healthy pods."
        ),
        dashboard=OVERVIEW,
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboards of the workloads and of the jobs."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import workloads_dashboard  # noqa: PLC0415

    return (workloads_dashboard.workloads(), workloads_dashboard.jobs(thresholds))


MIXIN = Mixin(name="kubernetes-workloads", requires=frozenset({STATE}), rules=rules, dashboards=dashboards)
