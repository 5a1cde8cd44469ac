"""What the inputs of `observability:index:Process` must look like; all problems are reported at once."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from provider.ownership import MARK
from provider.values import Secret, contains_secret, contains_unknown, plain

Rule = Callable[[Any], str | None]
"""Says what is wrong with a known value, or None."""

RESERVED_NAMES = frozenset({"logs", "supervisor"})


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and "\0" not in value else "must be a text"


def _name(value: Any) -> str | None:
    if (
        isinstance(value, str)
        and re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", value)
        and value not in RESERVED_NAMES
    ):
        return None
    return "must be lower-case letters, digits, - and _, at most 41 of them, and not one of logs, supervisor"


def _absolute(value: Any) -> str | None:
    if isinstance(value, str) and value.startswith("/") and not re.search(r"[\0\n]", value):
        return None
    return "must be an absolute path"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _number(low: float, high: float) -> Rule:
    def rule(value: Any) -> str | None:
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        return None if good else f"must be a number from {low:g} to {high:g}"

    return rule


def _url(value: Any) -> str | None:
    return (
        None
        if isinstance(value, str) and re.match(r"https?://[^/]+", value)
        else "must be an http or https URL"
    )


def _signal(value: Any) -> str | None:
    good = isinstance(value, str) and value in signal.Signals.__members__
    return None if good else "must be the name of a signal, for example SIGHUP"


def _list(rule: Rule) -> Rule:
    def each(value: Any) -> str | None:
        if not isinstance(value, list):
            return "must be a list"
        problems = (f"entry {i} {problem}" for i, item in enumerate(value) if (problem := rule(item)))
        return next(problems, None)

    return each


def _map(key_rule: Rule, rule: Rule) -> Rule:
    def each(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return "must be a map"
        for key, item in value.items():
            if problem := key_rule(key):
                return f"name {key!r} {problem}"
            if problem := rule(item):
                return f"{key!r} {problem}"
        return None

    return each


def _variable(value: Any) -> str | None:
    if value == MARK:
        return "is set by the provider"
    return (
        None
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value)
        else "must be the name of an environment variable"
    )


def _relative(value: Any) -> str | None:
    path = PurePosixPath(value)
    good = (
        value
        and str(path) == value
        and not path.is_absolute()
        and ".." not in path.parts
        and "\0" not in value
    )
    return None if good else "must be a relative path without . or .. in it"


def _file_name(value: Any) -> str | None:
    return _relative(value) or ("must be a file name without folders" if "/" in value else None)


def _reload_check(value: Any) -> str | None:
    if not (isinstance(value, Mapping) and set(value) == {"url", "metric"}):
        return "must have url and metric"
    if not str(value["metric"]).endswith("_successful"):
        return "metric must end in _successful, so that its ..._success_timestamp_seconds can be found"
    return _url(value["url"])


RULES: dict[str, Rule] = {
    "name": _name,
    "directory": _absolute,
    "program": _absolute,
    "version": _text,
    "arguments": _list(_text),
    "environment": _map(_variable, _text),
    "files": _map(_relative, _text),
    "secretFiles": _map(_file_name, _text),
    "reloadFiles": _list(_text),
    "reloadSignal": _signal,
    "reloadCheck": _reload_check,
    "deleteData": _flag,
    "ports": _map(_text, _number(1, 65535)),
    "healthUrl": _url,
    "healthTimeoutSeconds": _number(1, 3600),
    "stopTimeoutSeconds": _number(1, 600),
}
REQUIRED = ("name", "directory", "program")
NEVER_SECRET = ("arguments", "environment")
"""Inputs that anybody on the machine can read in the process list or the process's environment."""


def check(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the inputs with `secretFiles` made secret, and what is wrong with them as (property, reason)."""
    checked = {key: value for key, value in inputs.items() if value is not None}
    problems = [(key, "is missing") for key in REQUIRED if key not in checked]
    for key, value in checked.items():
        if key.startswith("__"):
            continue
        rule = RULES.get(key)
        if rule is None:
            problems.append((key, f"unknown input; a Process has: {', '.join(RULES)}"))
        elif key in NEVER_SECRET and contains_secret(value):
            problems.append((key, "must not hold a secret; put it into secretFiles and pass the file's path"))
        elif not contains_unknown(value) and (reason := rule(plain(value))):
            problems.append((key, reason))
    if "secretFiles" in checked:
        checked["secretFiles"] = Secret(plain(checked["secretFiles"]))
    return checked, problems
