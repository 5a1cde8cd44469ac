"""Volumes and claims of the pods."""

from __future__ import annotations

from mixins.kubernetes.jobs import CLUSTER, KUBELET, NAMESPACE, STATE
from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.thresholds import Thresholds

OVERVIEW = "kubernetes-storage"
"""UID of the dashboard."""
STATS = f'job="{KUBELET}"'
SELF = f'job="{STATE}"'
CLAIM = f"{NAMESPACE}, persistentvolumeclaim"
FREE = "namespace_claim:kubelet_volume_free:ratio"
"""Name of the recorded share of free space of a volume, 0 to 1."""
INODES_FREE = "namespace_claim:kubelet_volume_inodes_free:ratio"
"""Name of the recorded share of files that a volume can still hold, 0 to 1."""


def operation_errors(thresholds: Thresholds) -> str:
    """Name of the recorded failed attaches, mounts and resizes per second."""
    return f"instance_operation:storage_operation_errors:rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Free space, claims without a volume, and operations that fail."""
    return (
        RuleGroup(
            "kubernetes-storage", (*_recordings(thresholds), *_space(thresholds), *_claims(thresholds))
        ),
    )


def _recordings(thresholds: Thresholds) -> tuple[RecordingRule, ...]:
    def stat(what: str) -> str:
        return f"max by ({CLAIM}) (kubelet_volume_stats_{what}{{{STATS}}})"

    failed = f'storage_operation_duration_seconds_count{{{STATS}, status!="success"}}'
    by = f"{CLUSTER}, instance, operation_name, volume_plugin"
    return (
        RecordingRule(FREE, f"{stat('available_bytes')} / ({stat('capacity_bytes')} > 0)"),
        # File systems without a fixed number of inodes report 0 of 0.
        RecordingRule(INODES_FREE, f"{stat('inodes_free')} / ({stat('inodes')} > 0)"),
        RecordingRule(operation_errors(thresholds), f"sum by ({by}) (rate({failed}[{thresholds.window}]))"),
    )


def _space(thresholds: Thresholds) -> tuple[Alert, ...]:
    left = (
        "{{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} has "
        "{{ $value | humanizePercentage }} left."
    )
    available = f"max by ({CLAIM}) (kubelet_volume_stats_available_bytes{{{STATS}}})"
    return (
        Alert(
            "VolumeSpaceLow",
            expr=f"{FREE} < {thresholds.disk_free_ratio}",
            for_=thresholds.disk_for,
            severity=Severity.WARNING,
            summary="A volume is nearly full.",
            description=left,
            dashboard=OVERVIEW,
        ),
        Alert(
            "VolumeSpaceExhausted",
            expr=f"{FREE} < {thresholds.disk_exhausted_free_ratio}",
            for_=thresholds.disk_for,
            severity=Severity.CRITICAL,
            summary="A volume is full: whatever writes to it fails now or within moments.",
            description=left,
            dashboard=OVERVIEW,
        ),
        Alert(
            "VolumeFilling",
            expr=(
                f"predict_linear(({available})[6h:5m], {thresholds.disk_fills_in:.0f}) < 0 "
                f"and {FREE} < {thresholds.disk_filling_free_ratio}"
            ),
            for_="1h",
            severity=Severity.WARNING,
            summary="A volume will soon be full if it goes on like this.",
            description=(
                "{{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} fills up at a pace that "
                f"leaves no space in {thresholds.disk_fills_in / 3600:g} hours."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "VolumeInodesLow",
            expr=f"{INODES_FREE} < {thresholds.disk_free_ratio}",
            for_=thresholds.disk_for,
            severity=Severity.WARNING,
            summary="A volume can hold few further files.",
            description=(
                "{{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} has "
                "{{ $value | humanizePercentage }} of its inodes left."
            ),
            dashboard=OVERVIEW,
        ),
    )


def _claims(thresholds: Thresholds) -> tuple[Alert, ...]:
    claim = f"kube_persistentvolumeclaim_status_phase{{{SELF}, phase"
    return (
        Alert(
            "VolumeClaimPending",
            expr=f'{claim}="Pending"}} == 1',
            for_="15m",
            severity=Severity.WARNING,
            summary="Nothing provides the volume that a pod asks for.",
            description=(
                "{{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} has waited 15 minutes for a "
                "volume."
            ),
            dashboard=OVERVIEW,
        ),
        Alert(
            "VolumeClaimLost",
            expr=f'{claim}="Lost"}} == 1',
            for_="5m",
            severity=Severity.CRITICAL,
            summary="The volume behind a claim is gone, and with it the data.",
            description="{{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} has lost its volume.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "VolumeFailed",
            expr=f'kube_persistentvolume_status_phase{{{SELF}, phase="Failed"}} == 1',
            for_="5m",
            severity=Severity.WARNING,
            summary="A volume could not be reclaimed after its claim was deleted.",
            description="{{ $labels.persistentvolume }} is in the phase Failed.",
            dashboard=OVERVIEW,
        ),
        Alert(
            "VolumeOperationsFailing",
            expr=f"{operation_errors(thresholds)} > 0",
            for_="15m",
            severity=Severity.WARNING,
            summary="A node cannot attach, mount or resize volumes.",
            description=(
                "{{ $labels.operation_name }} of {{ $labels.volume_plugin }} has been failing on "
                "{{ $labels.instance }} for 15 minutes."
            ),
            dashboard=OVERVIEW,
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the volumes."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.kubernetes import storage_dashboard  # noqa: PLC0415

    return (storage_dashboard.storage(thresholds),)


MIXIN = Mixin(
    name="kubernetes-storage", requires=frozenset({KUBELET, STATE}), rules=rules, dashboards=dashboards
)
