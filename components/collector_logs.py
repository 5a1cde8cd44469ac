"""How the collector reads log lines: from the files of services, and of every container of an engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue import Service
from placement import Placement
from scraping.container_engine import SERVICE_LABELS, ContainerEngine

Operator = dict[str, Any]

_LEVELS = (("critical", 21), ("error", 17), ("warning", 13), ("info", 9), ("debug", 5), ("trace", 1))
"""Value of the label ``level`` and the lowest OpenTelemetry severity number it stands for."""
_LEVELS_IN_TEXT = (
    r"(?i)\blevel=\"?(?P<level>\w+)",
    r"^(?:.{0,80}?[\s\[|])?(?P<level>TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)(?:[\s\]:|]|$)",
)
"""How a line that is not JSON says its level, the surest way first."""
_CONTINUES = r"^(\s|$|Caused by|Traceback |During handling of|The above exception|goroutine \d)"
"""How a line begins that belongs to the one before it: a stack trace."""
_EXCEPTION = r"(?m)^(?:Caused by: )?(?P<error>[\w.$]*(?:Error|Exception)\b[^\n]*)"
"""The line of a stack trace that says what happened."""
OLD_LINES: Operator = {"type": "filter", "expr": 'timestamp < now() - duration("24h")'}
"""Leaves out what was written long before the stack was there; Loki would refuse these lines one by one."""
CONTAINERS = "receiver_creator/containers"
"""Receiver of the log lines of all containers."""


@dataclass(frozen=True)
class LogFiles:
    """Files that one service writes its log lines to."""

    service: str
    """Value of the label ``service``."""
    files: tuple[str, ...]
    """Absolute paths or glob patterns."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels, such as ``team``."""


def follow_files(source: LogFiles) -> dict[str, Any]:
    """Return a ``file_log`` receiver: a line stays as written, what it says of itself is read from it."""
    return {
        **following(source.files),
        "resource": {"service": source.service, **source.labels},
        "operators": parse(),
    }


def observe(placement: Placement) -> dict[str, Any]:
    """Return the extension that knows which containers there are."""
    return {
        "endpoint": f"tcp://{placement.address('engine-proxy', 'http')}",
        # One endpoint a container, with or without ports, instead of one a port.
        "include_all_containers": True,
        # Otherwise an address, of whichever network comes first each time, which looks like a change.
        "use_hostname_if_present": True,
    }


def follow_containers(
    engine: ContainerEngine, placement: Placement, services: Sequence[Service]
) -> dict[str, Any]:
    """Return the receiver that follows every container's log from the moment it is there."""
    file = placement.host(engine.log_file).replace("{id}", "`container_id`")
    return {
        "watch_observers": ["docker_observer"],
        "receivers": {
            "file_log/container": {
                "rule": 'type == "container" && port == 0',
                "config": {**following((file,)), "operators": [*lines(engine.log_format), *parse()]},
                "resource_attributes": {
                    "service": f"`{_service(services)}`",
                    "container": "`name`",
                    "image": '`tag == "" ? image : image + ":" + tag`',
                    "team": '`"team" in labels ? labels["team"] : ""`',
                    # The names that the receiver would use for the same.
                    "container.name": "",
                    "container.image.name": "",
                },
            }
        },
    }


def label_statements(services: Sequence[Service]) -> list[str]:
    """Return OTTL that gives each line the labels ``service``, ``team``, ``level``, however it arrived."""
    below = [f"log.severity_number < {number}" for _, number in _LEVELS]
    levels = [
        f'set(log.attributes["level"], "{level}") where log.severity_number >= {number}'
        + (f" and {below[i - 1]}" if i else "")
        for i, (level, number) in enumerate(_LEVELS)
    ]
    return [
        (
            'set(resource.attributes["service"], resource.attributes["service.name"])'
            ' where resource.attributes["service"] == nil'
        ),
        *_teams(services),
        *levels,
        'set(log.attributes["level"], "unknown") where log.severity_number == 0',
    ]


def following(files: tuple[str, ...]) -> dict[str, Any]:
    """Return how files are followed: from their beginning, and after a restart from where it was."""
    return {
        "include": list(files),
        "start_at": "beginning",
        "storage": "file_storage",
        "poll_interval": "500ms",
        "include_file_name": False,
    }


def _teams(services: Sequence[Service]) -> Iterator[str]:
    """Yield OTTL that gives lines of services in the catalogue their team: one statement a team."""
    teams: dict[str, list[str]] = {}
    for service in services:
        teams.setdefault(service.team, []).append(service.service)
    for team, names in sorted(teams.items()):
        pattern = "|".join(names)
        yield (
            f'set(resource.attributes["team"], "{team}") '
            f'where IsMatch(resource.attributes["service"], "^({pattern})$")'
        )


def _service(services: Sequence[Service]) -> str:
    """Return the expression of a container's service: the entry that names it, its labels, or its name."""
    expression = "name"
    for label in SERVICE_LABELS:
        expression = f'"{label}" in labels ? labels["{label}"] : ({expression})'
    for service in services:
        if service.metrics and service.metrics.containers:
            has = " && ".join(
                f"({_quoted(key)} in labels && labels[{_quoted(key)}] == {_quoted(value)})"
                for key, value in service.metrics.containers.items()
            )
            expression = f'{has} ? "{service.service}" : ({expression})'
    return expression


def lines(log_format: str) -> list[Operator]:
    """Return what turns the engine's records into what the container wrote: whole lines and stack traces."""
    # The engine cuts long lines; only the last piece ends like one. The other format is joined by its parser.
    pieces: list[Operator] = [
        {
            "type": "recombine",
            **_by("attributes['log.iostream']"),
            "is_last_entry": 'body endsWith "\\n"',
            "combine_with": "",
            "overwrite_with": "oldest",
            "force_flush_period": "1s",
        },
        {"type": "regex_replace", "field": "body", "regex": r"\r?\n$", "replace_with": ""},
    ]
    return [
        {"type": "container", "format": log_format, "add_metadata_from_filepath": False},
        OLD_LINES,
        *(pieces if log_format == "docker" else []),
        *whole_entries("attributes['log.iostream']"),
    ]


def whole_entries(source: str) -> list[Operator]:
    """Return what makes one entry of a stack trace; ``source`` tells the lines of one stream from others."""
    return [
        {
            "type": "recombine",
            **_by(source),
            "is_first_entry": f"not (body matches {_quoted(_CONTINUES)})",
            "overwrite_with": "oldest",
            "force_flush_period": "1s",
        },
        # Python says what happened after the trace, in a line that begins like any other.
        {
            "type": "recombine",
            **_by(source),
            "is_last_entry": 'not (body contains "Traceback (most recent call last)")',
            "overwrite_with": "oldest",
            # Longer than the step before may hold that line back.
            "force_flush_period": "3s",
        },
        {
            "type": "regex_parser",
            "if": f"body matches {_quoted(_EXCEPTION.replace('?P<error>', ''))}",
            "regex": _EXCEPTION,
            "on_error": "send_quiet",
        },
    ]


def _by(source: str) -> dict[str, Any]:
    return {"source_identifier": source, "combine_field": "body"}


def parse() -> list[Operator]:
    """Return what reads level, time and trace from a line: JSON, or text with a level in it."""
    is_json = 'body matches "^\\\\s*{"'
    parsed = "attributes.parsed"
    return [
        {"type": "json_parser", "if": is_json, "parse_to": parsed, "on_error": "send_quiet"},
        *(
            {
                "type": "regex_parser",
                "if": f"not ({is_json}) and {parsed}?.level == nil",
                "regex": regex,
                "parse_to": parsed,
                "on_error": "send_quiet",
            }
            for regex in _LEVELS_IN_TEXT
        ),
        {
            "type": "severity_parser",
            "if": f"{parsed}?.level != nil",
            "parse_from": f"{parsed}.level",
            "mapping": {"warn": ["warning"], "fatal": ["critical"]},
            "on_error": "send_quiet",
        },
        {
            "type": "time_parser",
            "if": f"{parsed}?.timestamp != nil",
            "parse_from": f"{parsed}.timestamp",
            "layout_type": "gotime",
            "layout": "2006-01-02T15:04:05.999999999Z07:00",
            "on_error": "send_quiet",
        },
        {
            "type": "trace_parser",
            "if": f"{parsed}?.trace_id != nil",
            "trace_id": {"parse_from": f"{parsed}.trace_id"},
            "span_id": {"parse_from": f"{parsed}.span_id"},
            "on_error": "send_quiet",
        },
        {"type": "remove", "if": f"{parsed} != nil", "field": parsed},
    ]


def _quoted(pattern: str) -> str:
    """Return a regular expression as a string of the expression language."""
    return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
