"""The dashboard of the volumes."""

from __future__ import annotations

from mixins import panels
from mixins.kubernetes import storage as mixin
from mixins.model import Dashboard
from mixins.thresholds import Thresholds

CHOSEN = 'environment=~"$environment", namespace=~"$namespace"'
NAME = "{{namespace}} {{persistentvolumeclaim}}"


def storage(thresholds: Thresholds) -> Dashboard:
    """Return space, files and claims of the volumes of the chosen namespaces."""
    used = f"1 - {mixin.FREE}{{{CHOSEN}}}"
    taken = f"kubelet_volume_stats_used_bytes{{{mixin.STATS}, {CHOSEN}}}"
    full = 1 - thresholds.disk_free_ratio
    phases = f"kube_persistentvolumeclaim_status_phase{{{mixin.SELF}, {CHOSEN}}}"
    volumes = f'kube_persistentvolume_status_phase{{{mixin.SELF}, environment=~"$environment"}}'
    waiting = f'kube_persistentvolumeclaim_status_phase{{{mixin.SELF}, {CHOSEN}, phase=~"Pending|Lost"}}'
    return panels.dashboard(
        mixin.OVERVIEW,
        "Kubernetes storage",
        "Volumes: space and files that are left, claims that wait, operations that fail.",
        variables=(panels.environment(), panels.namespace("kube_persistentvolumeclaim_info")),
        rows={
            "Now": (
                panels.gauge("Fullest volume", [(f"max({used})", "used")], limit=full),
                panels.gauge(
                    "Fewest files left",
                    [(f"min({mixin.INODES_FREE}{{{CHOSEN}}})", "left")],
                    limit=thresholds.disk_free_ratio,
                    floor=True,
                ),
                panels.stat("Claims that wait", f"sum({waiting}) or vector(0)", limit=1),
                panels.stat(
                    "Space asked for",
                    "sum(kube_persistentvolumeclaim_resource_requests_storage_bytes"
                    f"{{{mixin.SELF}, {CHOSEN}}})",
                    panels.Unit.BYTES,
                ),
            ),
            "Space": (
                panels.timeseries("Volumes, used", [(used, NAME)], panels.Unit.RATIO, limit=full),
                panels.timeseries(
                    "Volumes, bytes used",
                    [(f"max by ({mixin.CLAIM}) ({taken})", NAME)],
                    panels.Unit.BYTES,
                ),
                panels.timeseries(
                    "Files that can still be made",
                    [(f"{mixin.INODES_FREE}{{{CHOSEN}}}", NAME)],
                    panels.Unit.RATIO,
                ),
                panels.timeseries(
                    "Claims by phase", [(f"sum by (phase) ({phases})", "{{phase}}")], stacked=True
                ),
            ),
            "Operations": (
                panels.timeseries(
                    "Failed attaches, mounts and resizes",
                    [
                        (
                            f'{mixin.operation_errors(thresholds)}{{environment=~"$environment"}}',
                            "{{instance}} {{operation_name}}",
                        )
                    ],
                    panels.Unit.PER_SECOND,
                ),
                panels.timeseries(
                    "Volumes by phase",
                    [(f"sum by (phase) ({volumes})", "{{phase}}")],
                    stacked=True,
                ),
                panels.table(
                    "Volumes by class",
                    f"count by (storageclass) (kube_persistentvolumeclaim_info{{{mixin.SELF}, {CHOSEN}}})",
                ),
            ),
        },
    )
