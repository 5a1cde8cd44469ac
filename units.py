"""The vocabulary of settings: annotated types whose errors say what to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, Strict

_DURATION_PART = re.compile(r"(\d+)(ms|s|m|h|d|w|y)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_QUANTITY = re.compile(r"([1-9]\d*)(Ki|Mi|Gi|Ti)")
_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TEN_YEARS = 10 * 31536000


def seconds(duration: str) -> float:
    """Return the length of a Prometheus duration (``1h30m``) in seconds; `ValueError` where it is none."""
    parts = _DURATION_PART.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError("use a duration such as 30s, 5m, 12h or 15d")
    return float(sum(int(number) * _SECONDS[unit] for number, unit in parts))


def as_timedelta(duration: str) -> timedelta:
    """Return a Prometheus duration as a `timedelta`."""
    return timedelta(seconds=seconds(duration))


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


def _duration(value: str) -> str:
    length = seconds(value)
    if not 0 < length <= _TEN_YEARS:
        raise ValueError("must be longer than 0 and at most 10y; use a duration such as 15d")
    return value


def at_least(minimum: str, reason: str) -> AfterValidator:
    """Return a validator that refuses a `Duration` shorter than ``minimum`` and says why."""

    def check(value: str) -> str:
        if seconds(value) < seconds(minimum):
            raise ValueError(f"must be at least {minimum}: {reason}")
        return value

    return AfterValidator(check)


def _quantity(value: str) -> str:
    size_in_bytes(value)
    return value


def _dns_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("use lower-case letters, digits and hyphens, at most 63 of them (DNS-1123)")
    return value


def _url(value: str) -> str:
    if value != value.strip():
        raise ValueError("has leading or trailing whitespace; remove it")
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise ValueError("use an absolute URL such as https://example.org/hook")
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("use host:port, for example 127.0.0.1:8080")
    return value


def _not_empty(value: Collection[object]) -> Collection[object]:
    if not value:
        raise ValueError("must not be empty; name at least one")
    return value


NOT_EMPTY = AfterValidator(_not_empty)
"""Validator for lists and mappings that need at least one entry."""
Duration = Annotated[str, Strict(), AfterValidator(_duration)]
"""A Prometheus duration: 30s, 5m, 12h, 15d."""
Quantity = Annotated[str, Strict(), AfterValidator(_quantity)]
"""A size as a Kubernetes quantity with a binary unit: 512Mi, 50Gi."""
Ratio = Annotated[float, Field(gt=0, lt=1)]
"""A share between 0 and 1, both excluded."""
PositiveSeconds = Annotated[float, Field(gt=0)]
"""A length of time in seconds."""
PortNumber = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""
DnsName = Annotated[str, Strict(), AfterValidator(_dns_name)]
"""A DNS-1123 label: the name of a service, a receiver, a namespace."""
Url = Annotated[str, Strict(), AfterValidator(_url)]
"""An absolute http or https URL."""
Address = Annotated[str, Strict(), AfterValidator(_address)]
"""``host:port``."""
