"""The dashboards of the Prometheus Operator and of the agent that it runs."""

from __future__ import annotations

from mixins import panels
from mixins.model import Dashboard
from mixins.stack import prometheus_operator as operated
from mixins.thresholds import Thresholds

HERE = 'environment=~"$environment"'
CHOSEN = f'{HERE}, instance=~"$instance"'
EACH = "{{instance}}"
CONTROLLER = "{{controller}}"


def operator(thresholds: Thresholds) -> Dashboard:
    """Return what the operator finds, what it does of it, and what it cannot do."""

    def own(metric: str, chosen: str = "") -> str:
        return f"prometheus_operator_{metric}{{{operated.OPERATOR}, {HERE}{chosen}}}"

    def by_controller(metric: str) -> str:
        return f"sum by (controller) (rate({own(metric)}[{thresholds.window}]))"

    def share(failed: str, tried: str) -> str:
        return f"{by_controller(failed)} / ({by_controller(tried)} > 0)"

    honoured, rejected = (own("managed_resources", f', state="{it}"') for it in ("selected", "rejected"))
    failed = own("syncs", ', status="failed"')
    return panels.dashboard(
        operated.BOARD,
        "Prometheus Operator",
        "The Prometheus Operator: which objects of teams it honours, and whether it gets its work done.",
        variables=(panels.environment(),),
        rows={
            "Now": (
                panels.stat("Controllers that are ready", f"sum({own('ready')})"),
                panels.stat("Objects honoured", f"sum({honoured})"),
                panels.stat("Objects rejected", f"sum({rejected})", limit=1),
                panels.stat("Not brought about", f"sum({failed})", limit=1),
            ),
            "Objects": (
                panels.timeseries("Honoured by kind", [(f"sum by (resource) ({honoured})", "{{resource}}")]),
                panels.timeseries("Rejected by kind", [(f"sum by (resource) ({rejected})", "{{resource}}")]),
            ),
            "Work": (
                panels.timeseries(
                    "Attempts by controller",
                    [(by_controller("reconcile_operations_total"), CONTROLLER)],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Attempts that fail",
                    [(share("reconcile_errors_total", "reconcile_operations_total"), CONTROLLER)],
                    panels.Unit.RATIO,
                    limit=operated.FAILING,
                ),
                panels.timeseries(
                    "Questions to the API server that fail",
                    [
                        (
                            share(f"{what}_operations_failed_total", f"{what}_operations_total"),
                            f"{CONTROLLER} {what}",
                        )
                        for what in ("list", "watch")
                    ],
                    panels.Unit.RATIO,
                    limit=operated.FAILING,
                ),
                panels.timeseries(
                    "Updates of the status that fail",
                    [(share("status_update_errors_total", "status_update_operations_total"), CONTROLLER)],
                    panels.Unit.RATIO,
                ),
            ),
        },
    )


def agent(thresholds: Thresholds) -> Dashboard:
    """Return what the agent scrapes, and how it reaches Prometheus."""

    def own(metric: str) -> str:
        return f"prometheus_remote_storage_{metric}{{{operated.AGENT}, {CHOSEN}}}"

    def rate(metric: str) -> str:
        return f"sum by (instance) (rate({own(metric)}[{thresholds.window}]))"

    newest, sent = (own(f"queue_highest_{part}timestamp_seconds") for part in ("", "sent_"))
    return panels.dashboard(
        operated.AGENT_BOARD,
        "Prometheus agent",
        "The agent that scrapes what monitors say: what it sends to Prometheus, and how late.",
        variables=(panels.environment(), panels.instance("prometheus-agent")),
        rows={
            "Sent to Prometheus": (
                panels.timeseries("Samples", [(rate("samples_total"), EACH)], panels.Unit.PER_SECOND),
                panels.timeseries(
                    "Samples that are refused",
                    [(rate("samples_failed_total"), EACH)],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Behind",
                    [(f"{newest} - {sent}", EACH)],
                    panels.Unit.SECONDS,
                    limit=thresholds.remote_write_lag,
                ),
                panels.timeseries("Samples that wait", [(own("samples_pending"), EACH)]),
            ),
        },
    )
