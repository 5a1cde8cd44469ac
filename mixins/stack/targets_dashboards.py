"""The dashboards of the alerts and of the scrape targets."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from mixins.stack import targets as mixin
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
JOB = "{{job}}"


def alerts() -> Dashboard:
    """Return what fires and what is about to, of everything that is watched."""

    def state(name: str, severity: str = ".*") -> str:
        return f'ALERTS{{alertstate="{name}", severity=~"{severity}", alertname!="Watchdog", {HERE}}}'

    return panels.dashboard(
        mixin.ALERTS,
        "Alerts",
        "What fires, what is about to, and whether alerting itself is alive.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                *(
                    panels.stat(
                        f"Firing, {severity}",
                        f"count({state('firing', severity)}) or vector(0)",
                        limit=1,
                    )
                    for severity in ("critical", "warning", "info")
                ),
                panels.stat(
                    "Watchdog, 1 is well", f'count(ALERTS{{alertname="Watchdog", {HERE}}}) or vector(0)'
                ),
            ),
            "Over time": (
                panels.timeseries(
                    "Firing by name",
                    [(f"count by (alertname) ({state('firing')})", "{{alertname}}")],
                    stacked=True,
                ),
                panels.timeseries(
                    "Firing by team", [(f"count by (team) ({state('firing')})", "{{team}}")], stacked=True
                ),
            ),
            "List": (
                panels.table(
                    "Firing", f"count by (alertname, severity, team, service, instance) ({state('firing')})"
                ),
                panels.table("Pending", f"count by (alertname, severity, service) ({state('pending')})"),
            ),
        },
    )


def targets(thresholds: Thresholds) -> Dashboard:
    """Return whether targets answer, how fast, and what they cost."""

    def by_job(record: str) -> list[panels.Query]:
        return [(f"{record}{{{HERE}}}", JOB)]

    return panels.dashboard(
        mixin.TARGETS,
        "Targets and exporters",
        "What is scraped: whether it answers, how fast, and what it costs.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                panels.stat("Targets", f"count(up{{{HERE}}})"),
                panels.stat("Not reached", f"count(up{{{HERE}}} == 0) or vector(0)", limit=1),
                panels.stat("Samples of one round", f"sum({mixin.SAMPLES}{{{HERE}}})"),
                panels.stat(
                    "Slowest scrape",
                    f"max({mixin.DURATION}{{{HERE}}})",
                    panels.Unit.SECONDS,
                    limit=thresholds.scrape_duration,
                ),
            ),
            "Jobs": (
                panels.timeseries("Share of targets that answer", by_job(mixin.UP), panels.Unit.RATIO),
                panels.timeseries(
                    "Slowest scrape by job",
                    by_job(mixin.DURATION),
                    panels.Unit.SECONDS,
                    limit=thresholds.scrape_duration,
                ),
                panels.timeseries("Samples by job", by_job(mixin.SAMPLES), stacked=True),
                panels.table("Targets that are not reached", f"up{{{HERE}}} == 0"),
                panels.timeseries(
                    "Targets by environment", [(f"count by (environment) (up{{{HERE}}})", "{{environment}}")]
                ),
            ),
            "Processes": (
                panels.timeseries("Memory by job", by_job(mixin.MEMORY), panels.Unit.BYTES, stacked=True),
                panels.timeseries("Processors by job", by_job(mixin.cpu(thresholds)), stacked=True),
                panels.timeseries(
                    "File descriptors in use",
                    [(f"process_open_fds{{{HERE}}} / process_max_fds{{{HERE}}}", "{{job}} {{instance}}")],
                    panels.Unit.RATIO,
                    limit=thresholds.descriptor_ratio,
                ),
                panels.timeseries(
                    "Restarts, 1 hour",
                    [(f"changes(process_start_time_seconds{{{HERE}}}[1h])", "{{job}} {{instance}}")],
                ),
            ),
        },
    )
