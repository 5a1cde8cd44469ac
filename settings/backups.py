"""What a stack file may say about backups."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.section import Section
from units import LabelValue


class Backups(Section):
    """What must be backed up; how old a backup may be is ``thresholds.backupAge``."""

    expected: tuple[Annotated[LabelValue, Field(min_length=1)], ...] = ()
    """Volumes that must have backups, ``[prometheus, grafana]``, by the label ``volume`` of what is told of
    them: BackupAbsent fires where none was told of. Empty where nobody expects any."""
