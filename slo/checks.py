"""What is refused in an objective, whichever format it is in. Each check says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from slo import promql
from slo.model import LARGEST_OBJECTIVE, RESERVED_LABELS, SMALLEST_OBJECTIVE
from slo.templates import template_problem

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")


def objective_problem(value: Any) -> str:
    """Return what is wrong with a share of good events in per cent, nothing where it is well."""
    if isinstance(value, str) and value.rstrip().endswith("%"):
        return f"write the number alone: {value.rstrip().removesuffix('%').strip()}"
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return "must be a number of per cent, such as 99.9"
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return "must be a number of per cent, such as 99.9"
    if not number.is_finite():
        return "must be a number of per cent, such as 99.9"
    if 0 < number < 1:
        return f"is less than one per cent; where a ratio is meant, write {(number * 100).normalize():f}"
    if number == 100:
        return "leaves no budget, so that a single failure would page; use at most 99.9999"
    if number > LARGEST_OBJECTIVE:
        return (
            f"must be at most {LARGEST_OBJECTIVE} per cent; beyond, no window can tell luck from reliability"
        )
    if number < SMALLEST_OBJECTIVE:
        return f"must be at least {SMALLEST_OBJECTIVE} per cent; below, no burn rate is above the budget"
    return ""


def _objective(value: Any) -> Decimal:
    if problem := objective_problem(value):
        raise ValueError(problem)
    return Decimal(str(value))


def _query(value: str) -> str:
    if found := promql.problems(value, counted=False):
        raise ValueError(found[0])
    return promql.normalised(value)


def _count(value: str) -> str:
    if found := promql.problems(value, counted=True):
        raise ValueError(found[0])
    return promql.normalised(value)


def label_problem(name: str, value: Any) -> str:
    """Return what keeps ``name: value`` from being a label of an alert, nothing where it can be one."""
    if name in RESERVED_LABELS:
        return f"{name}: is a label that the rules set themselves; choose another name"
    if not _LABEL.fullmatch(name) or name.startswith("__"):
        return f"{name}: is no label name; use letters, digits and underscores, such as routing_key"
    if not isinstance(value, str):
        return f"{name}: must be text; write it in quotes"
    if not value.strip():
        return f"{name}: must not be empty; remove it, or give it a value"
    if problem := template_problem(value):
        return f"{name}: {problem}"
    return ""


def _labels(value: Mapping[str, str]) -> Mapping[str, str]:
    found = [problem for name, text in value.items() if (problem := label_problem(name, text))]
    if found:
        raise ValueError("\n".join(found))
    return value


def _scalars_as_text(value: Any) -> Any:
    """Turn numbers and truth values among labels into text, as the usual generators do."""
    if not isinstance(value, Mapping):
        return value
    if value.get("disable") in (True, False):
        raise ValueError("disable: is no label; write it beside labels")
    return {
        name: str(scalar).lower() if isinstance(scalar, bool | int | float) else scalar
        for name, scalar in value.items()
    }


def _annotations(value: Mapping[str, str]) -> Mapping[str, str]:
    found = [
        f"{name}: {problem}"
        for name, text in value.items()
        if (problem := "" if _LABEL.fullmatch(name) else "is no annotation name; use letters, digits, _")
        or (problem := template_problem(text))
    ]
    if found:
        raise ValueError("\n".join(found))
    return value


def name_problem(value: str) -> str:
    """Return what keeps ``value`` from being a name, nothing where it is one."""
    if _NAME.fullmatch(value):
        return ""
    return "use letters, digits, hyphens, dots and underscores, beginning and ending with a letter or digit"


def _name(value: str) -> str:
    if problem := name_problem(value):
        raise ValueError(problem)
    return value


Objective = Annotated[Decimal, BeforeValidator(_objective)]
"""Share of good events in per cent: 99.9."""
Query = Annotated[str, AfterValidator(_query)]
"""PromQL with ``{{.window}}`` that returns a vector."""
CountQuery = Annotated[str, AfterValidator(_count)]
"""PromQL with ``{{.window}}`` that returns a number of events, per second or per window."""
Labels = Annotated[Mapping[str, str], AfterValidator(_labels)]
"""Labels that people add to alerts."""
Annotations = Annotated[Mapping[str, str], AfterValidator(_annotations)]
"""Annotations that people add to alerts, Prometheus templates."""
ScalarLabels = Annotated[Labels, BeforeValidator(_scalars_as_text)]
"""The same in a format where ``version: 2`` is a label as well."""
Name = Annotated[str, AfterValidator(_name)]
"""Name of a service or an objective in a document that comes from elsewhere."""
