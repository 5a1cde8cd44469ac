"""What is said about a value that a model refuses: one line for people, with what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "mapping": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "dict": "a mapping of keys to values",
}

_OF_A_KEY = re.compile(r"([^\s'\"]+): ")
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
"""What a URL has before its host, which nobody is shown."""


def explain_all(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Say of every mistake in a value of ``model`` where it is and what to write instead, a line each."""
    found = []
    for details in error.errors():
        several = between_keys(details)
        found += [f"{'.'.join(map(str, place)) or 'stack file'}: {text}" for place, text in several]
        if not several:
            found.append(explain(details, model))
    return found


def between_keys(error: ErrorDetails) -> list[tuple[tuple[int | str, ...], str]]:
    """Return where each mistake is that a check of several keys of a part found, and what it is.

    Such a check raises one `ValueError` with a line for each mistake, which begins with its key,
    ``routes.0.receiver: …``, or is about the whole part. Nothing where the error is about a single value.
    """
    if error["type"] != "value_error" or not isinstance(error["input"], Mapping):
        return []
    found = []
    for reason in str(error["ctx"]["error"]).split("\n"):
        key = _OF_A_KEY.match(reason)
        inner = (int(part) if part.isdecimal() else part for part in key[1].split(".")) if key else ()
        found.append(((*error["loc"], *inner), reason[key.end() :] if key else reason))
    return found


def explain(error: ErrorDetails, model: type[BaseModel], whole: str = "stack file") -> str:
    """Say in one line what is wrong with a single value in a ``model``, and what to write instead.

    ``whole`` is what the place is called where it is all of it.
    """
    path = ".".join(str(part) for part in error["loc"] if part != "[key]") or whole
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown(path, _siblings(model, error["loc"][:-1]))
    if kind == "too_short" and not given:
        return f"{path}: must not be empty"
    if kind == "missing":
        return f"{path}: is required but missing"
    if kind in ("literal_error", "enum"):
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"{path}: must be one of {expected}; got {_shown(given)}"
    if kind == "value_error":
        return f"{path}: {context['error']}; got {_shown(given)}"
    for prefix, wanted in _KINDS.items():
        if kind.startswith(prefix) and kind.endswith(("_type", "_parsing", "_from_float")):
            quotes = "; write it in quotes" if wanted == "text" and _is_a_plain_value(given) else ""
            return f"{path}: must be {wanted}, got {_shown(given)}{quotes}"
    message = error["msg"].removeprefix("Input should ").removeprefix("String should ")
    return f"{path}: should {message}; got {_shown(given)}"


def unknown(path: str, known: Collection[str]) -> str:
    """Say that a key is not known, and which one of the ``known`` ones may be meant."""
    parent, _, key = path.rpartition(".")
    near = get_close_matches(key.lower(), {name.split(".")[-1].lower() for name in known}, n=1, cutoff=0.6)
    if near:
        meant = sorted(name for name in known if name.split(".")[-1].lower() == near[0])
        advice = f"did you mean {' or '.join(f'{parent}.{name}' if parent else name for name in meant)}?"
    else:
        advice = f"known here: {', '.join(sorted(name for name in known if '.' not in name))}"
    return f"{path}: unknown setting; {advice}"


def _siblings(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names that the part of ``model`` at ``location`` knows."""
    for part in location:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        inner = model_in(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation contains (``tuple[Route, ...]``), None where it is plain."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := model_in(inner))), None)


def _is_a_plain_value(value: Any) -> bool:
    """Whether YAML made something else than text of what stands there: a number, a date, a truth value."""
    return isinstance(value, int | float | date)


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, date) else json.dumps(value, default=str, ensure_ascii=False)
    text = _CREDENTIALS.sub("//…@", text)
    return text if len(text) <= 60 else text[:57] + "…"
