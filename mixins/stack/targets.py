"""Scrape targets, exporters and processes: whatever exposes metrics; and all alerts at once."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

TARGETS, ALERTS = "targets", "alerts"
"""UIDs of the dashboards."""
JOB = "environment, job"
UP = "job:up:ratio"
"""Name of the recorded share of a job's targets that answer, 0 to 1."""
DURATION = "job:scrape_duration_seconds:max"
"""Name of the recorded duration of a job's slowest scrape, seconds."""
SAMPLES = "job:scrape_samples:sum"
"""Name of the recorded samples that a job's scrapes return."""
MEMORY = "job:process_resident_memory_bytes:sum"
"""Name of the recorded memory of a job's processes, bytes."""


def cpu(thresholds: Thresholds) -> str:
    """Name of the recorded processors that a job's processes use."""
    return f"job:process_cpu:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return what targets cost, and the alerts on slow, growing and restarting ones."""
    kept = "scrape_samples_post_metric_relabeling"
    return (
        RuleGroup(
            "targets",
            (
                RecordingRule(UP, f"avg by ({JOB}) (up)"),
                RecordingRule(DURATION, f"max by ({JOB}) (scrape_duration_seconds)"),
                RecordingRule(SAMPLES, f"sum by ({JOB}) ({kept})"),
                RecordingRule(MEMORY, f"sum by ({JOB}) (process_resident_memory_bytes)"),
                RecordingRule(
                    cpu(thresholds), f"sum by ({JOB}) (rate(process_cpu_seconds_total[{thresholds.window}]))"
                ),
                Alert(
                    "TargetScrapeSlow",
                    # How long a probe takes says something about the probed address: ProbeSlow.
                    expr=f'scrape_duration_seconds{{job!="probe"}} > {thresholds.scrape_duration}',
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="A target takes so long to answer that its metrics are about to be lost.",
                    description=(
                        "{{ $labels.job }} at {{ $labels.instance }} takes {{ $value | humanizeDuration }}."
                    ),
                    dashboard=TARGETS,
                ),
                Alert(
                    "TargetSamplesSurge",
                    expr=(
                        f"{kept} > {thresholds.series_growth} * avg_over_time({kept}[1h] offset 1d) "
                        f"and {kept} > 5000"
                    ),
                    for_="30m",
                    severity=Severity.WARNING,
                    summary="A target exposes far more series than yesterday: a label with too many values.",
                    description=(
                        "{{ $labels.job }} at {{ $labels.instance }} returns {{ $value | humanize }} samples."
                    ),
                    dashboard=TARGETS,
                ),
                Alert(
                    "ProcessRestarting",
                    expr=f"changes(process_start_time_seconds[1h]) > {thresholds.container_restarts:g}",
                    for_="1m",
                    severity=Severity.WARNING,
                    summary="A process does not stay up.",
                    description=(
                        "{{ $labels.job }} at {{ $labels.instance }} started {{ $value }} times in an hour."
                    ),
                    dashboard=TARGETS,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboards of the targets and of the alerts."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.stack import targets_dashboards  # noqa: PLC0415

    return (targets_dashboards.alerts(), targets_dashboards.targets(thresholds))


MIXIN = Mixin(name="targets", requires=frozenset(), rules=rules, dashboards=dashboards)
