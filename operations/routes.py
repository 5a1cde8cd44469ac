"""Who hears of an alert, as a stack file has it; neither the engine nor a deployed stack is needed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from operations.stack import StackUnavailableError
from operations.stack_file import FOLDER, section
from settings import Alerting
from settings.alerting import Destination
from settings.receivers import DEAD_MANS_SWITCH

_LABEL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def labels_of(words: Sequence[str]) -> Mapping[str, str]:
    """Read ``severity=critical team=payments``; raises `StackUnavailableError` where it is something else."""
    labels = {}
    for word in words:
        parts = _LABEL.fullmatch(word)
        if not parts:
            raise StackUnavailableError(f"{word!r} is no label; write name=value, such as severity=critical")
        labels[parts[1]] = parts[2]
    return labels


def as_text(stack: str, labels: Mapping[str, str], folder: Path = FOLDER) -> str:
    """Return a line for each receiver: by which channels, grouped how, and when."""
    alerting = section(stack, "alerting", Alerting, folder)
    found = alerting.destinations(labels)
    width = max((len(destination.receiver) for destination in found), default=0)
    lines = [f"{each.receiver:<{width}}  {_described(alerting, each)}" for each in found]
    return "\n".join([*(lines or ["nobody"]), "A copy of every notification is kept as a log line."])


def as_json(stack: str, labels: Mapping[str, str], folder: Path = FOLDER) -> str:
    """Return a JSON list of objects: a receiver, its channels, how its alerts are grouped, and when."""
    alerting = section(stack, "alerting", Alerting, folder)
    found = alerting.destinations(labels)
    return json.dumps([{**asdict(each), "channels": _channels(alerting, each)} for each in found], indent=2)


def _channels(alerting: Alerting, destination: Destination) -> list[str]:
    if destination.receiver == DEAD_MANS_SWITCH:
        return ["webhook"] if alerting.dead_mans_switch else []
    [receiver] = [receiver for receiver in alerting.receivers if receiver.name == destination.receiver]
    return list(receiver.channels)


def _described(alerting: Alerting, destination: Destination) -> str:
    parts = [
        f"by {', '.join(_channels(alerting, destination)) or 'no channel'}",
        f"grouped by {', '.join(destination.group_by)}",
        "at once" if destination.group_wait == "0s" else f"after {destination.group_wait}",
        f"changes after {destination.group_interval}",
        f"again after {destination.repeat_interval}",
    ]
    for word, intervals in (
        ("not", destination.mute_time_intervals),
        ("only", destination.active_time_intervals),
    ):
        parts += [f"{word} in the time of {', '.join(intervals)}"] if intervals else []
    return "; ".join(parts)
