"""Backups of the volumes: made, large enough, and proven by a restore.

``python -m operations backup`` pushes these metrics to the collector whenever it runs, one series a volume.
Whatever else makes backups may do so too, or be scraped as the job ``backup``.
"""

from __future__ import annotations

from collections.abc import Sequence

from mixins.model import Alert, Dashboard, Mixin, RecordingRule, RuleGroup, Severity
from mixins.stack import prometheus
from mixins.thresholds import Thresholds

BOARD = "backups"
"""UID of the dashboard."""
SELF = 'job="backup"'
VOLUME = "environment, volume"
AGE = "volume:backup_age_seconds:min"
"""Name of the recorded age of a volume's newest good backup, seconds."""
EXPECTED = "expected-backups"
"""Name of the mixin of the backups that a stack file expects."""
REMEMBERED = "7d"
"""How long what was pushed last counts; a backup that does not run any more pushes nothing."""
RESTORE_AGE = "volume:backup_restore_test_age_seconds:min"
"""Name of the recorded age of the newest restore of a volume's backup that was compared and found equal."""
SIZE = "volume:backup_size_bytes:max"
"""Name of the recorded size of a volume's newest backup, bytes."""


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Return rules on old, failed, shrunk and unproven backups."""

    def last(metric: str) -> str:
        return f"max by ({VOLUME}) (last_over_time({metric}{{{SELF}}}[{REMEMBERED}]))"

    def age(metric: str) -> str:
        return f"time() - {last(metric)}"

    days = thresholds.restore_test_age / 86_400
    return (
        RuleGroup(
            "backup",
            (
                RecordingRule(AGE, age("backup_last_success_timestamp_seconds")),
                RecordingRule(RESTORE_AGE, age("backup_restore_test_last_success_timestamp_seconds")),
                RecordingRule(SIZE, last("backup_size_bytes")),
                Alert(
                    "BackupMissing",
                    expr=f"{AGE} > {thresholds.backup_age:.0f}",
                    for_="10m",
                    severity=Severity.CRITICAL,
                    summary="There is no recent backup.",
                    description=(
                        "The newest good backup of {{ $labels.volume }} is "
                        "{{ $value | humanizeDuration }} old; "
                        f"{thresholds.backup_age / 3600:g} hours are tolerated."
                    ),
                    dashboard=BOARD,
                ),
                Alert(
                    "BackupFailed",
                    expr=f"{last('backup_last_status')} == 0",
                    for_="5m",
                    severity=Severity.WARNING,
                    summary="The last backup failed.",
                    description="The last backup of {{ $labels.volume }} failed; the one before is kept.",
                    dashboard=BOARD,
                ),
                Alert(
                    "BackupShrunk",
                    expr=f"{SIZE} < {thresholds.backup_size_ratio} * max_over_time({SIZE}[7d])",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="A backup is much smaller than those before: something is missing in it.",
                    description="The newest backup of {{ $labels.volume }} has {{ $value | humanize1024 }}B.",
                    dashboard=BOARD,
                ),
                Alert(
                    "BackupRestoreTestOverdue",
                    expr=f"{RESTORE_AGE} > {thresholds.restore_test_age:.0f}",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary=(
                        "No backup has been restored as a test for a long time; nobody knows whether it can."
                    ),
                    description=(
                        "The last restore of {{ $labels.volume }} that succeeded was "
                        f"{{{{ $value | humanizeDuration }}}} ago; {days:g} days are tolerated."
                    ),
                    dashboard=BOARD,
                ),
            ),
        ),
    )


def expected(volumes: Sequence[str], environment: str) -> tuple[Mixin, ...]:
    """Return what misses the backups of volumes of which no rule above knows; none without volumes.

    ``environment`` is the stack's own: a hub has the series of its spokes as well.
    """
    if not volumes:
        return ()
    own = f'environment=~"({environment})?"'
    unheard = " or ".join(f'absent({AGE}{{volume="{volume}", {own}}})' for volume in volumes)
    # A stack is given as long for its first backup as for every other.
    kept = f'time() - min(prometheus_tsdb_lowest_timestamp_seconds{{{prometheus.SELF}, environment=""}})'

    def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
        absent = Alert(
            "BackupAbsent",
            expr=f"({unheard}) and on () {kept} > {thresholds.backup_age:.0f}",
            for_="10m",
            severity=Severity.CRITICAL,
            summary="A backup that is expected was never made, or not for a week.",
            description=(
                "No good backup of {{ $labels.volume }} is known, though backups.expected names it: "
                "it was never backed up, or not within seven days, or nothing tells this stack of it."
            ),
            dashboard=BOARD,
        )
        return (RuleGroup(EXPECTED, (absent,)),)

    return (Mixin(EXPECTED, frozenset({"collector", "prometheus"}), rules),)


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the backups."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins import panels  # noqa: PLC0415

    here, volume = '{environment=~"$environment"}', "{{volume}}"
    seconds = panels.Unit.SECONDS
    return (
        panels.dashboard(
            BOARD,
            "Backups",
            "Backups of the volumes: how old, how large, and when a restore last proved one.",
            variables=(panels.environment(),),
            rows={
                "Now": (
                    panels.stat("Oldest", f"max({AGE}{here})", seconds, limit=thresholds.backup_age),
                    panels.stat(
                        "Longest without a restore test",
                        f"max({RESTORE_AGE}{here})",
                        seconds,
                        limit=thresholds.restore_test_age,
                    ),
                    panels.stat("Size of all", f"sum({SIZE}{here})", panels.Unit.BYTES),
                    panels.stat("Volumes", f"count({AGE}{here})"),
                ),
                "Volumes": (
                    panels.timeseries(
                        "Age of the newest backup",
                        [(f"{AGE}{here}", volume)],
                        seconds,
                        limit=thresholds.backup_age,
                    ),
                    panels.timeseries(
                        "Size of the newest backup", [(f"{SIZE}{here}", volume)], panels.Unit.BYTES
                    ),
                ),
            },
        ),
    )


MIXIN = Mixin(name="backup", requires=frozenset({"collector"}), rules=rules, dashboards=dashboards)
