"""The vocabulary of settings: annotated types whose errors say what to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, Strict

_DURATION = re.compile(
    r"(?=.)" + "".join(rf"(?:(\d+){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms"))
)
_SECONDS = (31536000, 604800, 86400, 3600, 60, 1, 0.001)
_QUANTITY = re.compile(r"([1-9]\d*)(Ki|Mi|Gi|Ti)")
_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_LARGEST = 2**50
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_LAST_PORT = 65535
_TEN_YEARS = 10 * 31536000


def seconds(duration: str) -> float:
    """Return the length of a Prometheus duration (``1h30m``) in seconds; `ValueError` where it is none."""
    match = _DURATION.fullmatch(duration)
    if not match:
        raise ValueError("use a duration such as 30s, 5m, 12h or 15d")
    return float(
        sum(int(number or 0) * length for number, length in zip(match.groups(), _SECONDS, strict=True))
    )


def go_duration(duration: str) -> str:
    """Return a Prometheus duration in the units that Go's parser knows (no days, weeks or years)."""
    total = seconds(duration)
    return f"{int(total)}s" if total == int(total) else f"{int(total * 1000)}ms"


def size_in_bytes(quantity: str) -> int:
    """Return a Kubernetes quantity (``10Gi``) in bytes; `ValueError` where it is none."""
    match = _QUANTITY.fullmatch(quantity)
    if not match:
        raise ValueError("use a Kubernetes quantity such as 512Mi or 50Gi")
    return int(match[1]) * _BYTES[match[2]]


def _with_unit(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Pydantic takes a TypeError for a mistake of ours.
        raise ValueError("needs a unit; use a duration such as 30s, 5m, 12h or 15d")  # noqa: TRY004
    return value


def _duration(value: str) -> str:
    length = seconds(value)
    if not 0 < length <= _TEN_YEARS:
        raise ValueError("must be longer than 0 and at most 10y; use a duration such as 15d")
    return value


def _wait(value: str) -> str:
    return value if value == "0s" else _duration(value)


def at_least(minimum: str, reason: str) -> AfterValidator:
    """Return a validator that refuses a `Duration` shorter than ``minimum`` and says why."""

    def check(value: str) -> str:
        if seconds(value) < seconds(minimum):
            raise ValueError(f"must be at least {minimum}: {reason}")
        return value

    return AfterValidator(check)


def at_most(maximum: str, reason: str) -> AfterValidator:
    """Return a validator that refuses a `Duration` longer than ``maximum`` and says why."""

    def check(value: str) -> str:
        if seconds(value) > seconds(maximum):
            raise ValueError(f"must be at most {maximum}: {reason}")
        return value

    return AfterValidator(check)


def _quantity(value: str) -> str:
    if size_in_bytes(value) > _LARGEST:
        raise ValueError("is larger than any volume; use a Kubernetes quantity such as 50Gi")
    return value


def _dns_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("use lower-case letters, digits and hyphens, at most 63 of them (DNS-1123)")
    return value


def _url(value: str) -> str:
    if value != value.strip():
        raise ValueError("has leading or trailing whitespace; remove it")
    problem = ValueError("use an absolute URL such as https://example.org/hook")
    try:
        parts = urlsplit(value)
        known = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc.rpartition("@")[2])
    except ValueError:
        raise problem from None
    if not known or re.search(r"\s|\{\{|%(?![0-9A-Fa-f]{2})", value):
        raise problem
    return value


def _address(value: str) -> str:
    if not _HOST.fullmatch(value) or not value.rpartition(":")[2].isdecimal():
        raise ValueError("use host:port, for example 127.0.0.1:8080")
    if not 0 < int(value.rpartition(":")[2]) <= _LAST_PORT:
        raise ValueError("the port must be 1 to 65535")
    return value


def _home(value: str) -> str:
    try:
        Path(value).expanduser()
    except RuntimeError:
        raise ValueError("nobody of that name has a home here; write the whole path") from None
    return value


def matching(pattern: str, advice: str) -> AfterValidator:
    """Return a validator that refuses a text of another form and says which to write."""
    form = re.compile(pattern)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(advice)
        return value

    return AfterValidator(check)


def _not_empty(value: Collection[object]) -> Collection[object]:
    if not value:
        raise ValueError("must not be empty; name at least one")
    return value


NOT_EMPTY = AfterValidator(_not_empty)
"""Validator for lists and mappings that need at least one entry."""
Duration = Annotated[str, Strict(), BeforeValidator(_with_unit), AfterValidator(_duration)]
"""A Prometheus duration: 30s, 5m, 12h, 15d."""
Wait = Annotated[str, Strict(), BeforeValidator(_with_unit), AfterValidator(_wait)]
"""A Prometheus duration, or ``0s`` for at once."""
Quantity = Annotated[str, Strict(), AfterValidator(_quantity)]
"""A size as a Kubernetes quantity with a binary unit: 512Mi, 50Gi."""
Ratio = Annotated[float, Field(gt=0, lt=1)]
"""A share between 0 and 1, both excluded."""
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A length of time in seconds."""
PortNumber = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""
DnsName = Annotated[str, Strict(), AfterValidator(_dns_name)]
"""A DNS-1123 label: the name of a service, a receiver, a namespace."""
Url = Annotated[str, Strict(), AfterValidator(_url)]
"""An absolute http or https URL."""
Address = Annotated[str, Strict(), AfterValidator(_address)]
"""``host:port``."""
SecretKey = Annotated[
    str, Strict(), matching(r"[A-Za-z][A-Za-z0-9]*", "use letters and digits, such as slackApiUrl")
]
"""Name of a secret configuration key."""
LabelName = Annotated[
    str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "use the name of a label, such as severity or team")
]
"""Name of a Prometheus label."""
LabelValue = Annotated[
    str,
    matching(
        r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?", "use letters, digits, hyphens, dots, at most 63"
    ),
]
"""Value of a label that people choose, such as the name of an environment; it may be empty."""
AccountName = Annotated[str, matching(r"[\w.@+~-]+", "use letters, digits and . _ @ + ~ -")]
"""Name of an account or a database: configuration files take it as it is."""
EmailAddress = Annotated[str, matching(r"[^@\s]+@[^@\s]+", "use an address such as team@example.org")]
"""Address of a mailbox."""
FolderPath = Annotated[
    str,
    matching(r"[^*?\[\]{}\x00-\x1f]*", "use a path without * ? [ ] { } and line breaks"),
    AfterValidator(_home),
]
"""Path of a folder of this machine."""
