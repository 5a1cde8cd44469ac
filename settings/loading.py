"""From the configuration of a stack to `Settings`, or to every problem in it at once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.model import SECTIONS_WITH_SECRETS, Settings
from settings.receivers import SecretCheck
from settings.section import MistakesError

PROJECT = "observability"
"""Name of the project and so the namespace of its configuration keys."""
GRAFANA_PASSWORD = "grafanaPassword"
"""Secret that sets the administrator's password; without it one is generated."""
LOGIN_PASSWORD, PUSH_PASSWORD = "loginPassword", "pushPassword"
"""Secrets that set the passwords of people and of programs at the login in front of what has none; without
them they are generated."""
GENERATED = (GRAFANA_PASSWORD, LOGIN_PASSWORD, PUSH_PASSWORD)
"""Secrets that need not be set."""

_CREDENTIALS = re.compile(r"//[^/@\s]*@")
"""What a URL has before its host, which nobody is shown."""
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


class StackFileError(Exception):
    """A stack file cannot be used; ``problems`` lists every reason, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def engine_configuration() -> tuple[Mapping[str, str], Collection[str]]:
    """Return the whole configuration the engine handed over, and which keys of it are stored encrypted."""
    # Imported here because the catalogue's and the objectives' own commands need no engine.
    import pulumi  # noqa: PLC0415

    runtime = pulumi.runtime.config
    config = {**runtime.get_config_env(), **runtime.CONFIG.get()}
    return config, [
        key for key in config if key in runtime.get_config_secret_keys_env() or runtime.is_config_secret(key)
    ]


def load(config: Mapping[str, str], secret_keys: Collection[str], stack: str) -> Settings:
    """Return the settings of a stack.

    ``config`` is the whole configuration as the engine hands it over (``project:key`` → text, structured
    values as JSON); ``secret_keys`` names those that are stored encrypted. Raises `StackFileError` with all
    problems; a secret's value is in none of them.
    """
    prefix = f"{PROJECT}:"
    own = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    encrypted = {key.removeprefix(prefix) for key in secret_keys}
    fields = {field.alias or name: name for name, field in Settings.model_fields.items() if name != "stack"}

    plain = {key: _parse(value) for key, value in own.items() if key in fields and key not in encrypted}
    problems = [
        f"{key}: is not a secret setting; set it again without --secret" for key in encrypted & set(fields)
    ]
    settings: Settings | None = None
    try:
        settings = Settings.model_validate({"stack": stack, **plain})
    except ValidationError as error:
        problems += explain_all(error)

    wanted = _secrets_of(settings, plain)
    problems += [
        _unused(key) if key in encrypted else _unknown(key, [*fields, *wanted, *_leaves(fields.values())])
        for key in own
        # While the receivers cannot be read, nobody knows which secrets they name.
        if key not in fields and key not in wanted and not (key in encrypted and settings is None)
    ]
    for key in sorted(wanted):
        required = key not in GENERATED
        problems += _check_secret(key, own.get(key), wanted[key], key in encrypted, required=required)
    if problems or settings is None:
        raise StackFileError(sorted(set(problems)))
    return settings


def _parse(value: str) -> Any:
    """Structured values arrive as JSON; scalars as their text, which pydantic converts."""
    if not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _secrets_of(settings: Settings | None, plain: Mapping[str, Any]) -> Mapping[str, SecretCheck]:
    """Secrets that are needed and how they are checked, also when something else in the file is wrong."""
    if settings is None:
        try:
            settings = Settings(stack="", target="process", alerting=plain.get("alerting", {}))
        except ValidationError:
            settings = Settings(stack="", target="process")
    named = [key for name in SECTIONS_WITH_SECRETS for key in getattr(settings, name).secret_keys]
    if settings.create_buckets:
        # With the bucket its key is made as well.
        with_buckets = {*settings.logs.secret_keys, *settings.metrics.secret_keys}
        named = [key for key in named if key not in with_buckets]
    wanted = {**dict.fromkeys([GRAFANA_PASSWORD, *named], _anything), **settings.alerting.secrets}
    if settings.kubernetes.published:
        wanted |= dict.fromkeys((LOGIN_PASSWORD, PUSH_PASSWORD), _one_line)
    return wanted


def _anything(_: str) -> str:
    """Find nothing wrong with a secret."""
    return ""


def _one_line(value: str) -> str:
    return "" if value.isprintable() else "contains a line break or another character that cannot be typed"


def _unused(key: str) -> str:
    return f"{key}: nothing uses this secret; remove it with: pulumi config rm {key}"


def _check_secret(
    key: str, value: str | None, check: SecretCheck, encrypted: bool, *, required: bool
) -> list[str]:
    command = f"set it with: pulumi config set --secret {key}"
    if value is None:
        return [f"{key}: this secret is missing; {command}"] if required else []
    if not encrypted:
        return [f"{key}: is stored in plain text; {command}"]
    if value != value.strip():
        return [f"{key}: has leading or trailing whitespace; {command}"]
    if len(value) < 8:
        return [f"{key}: must be at least 8 characters; {command}"]
    return [f"{key}: {problem}; {command}"] if (problem := check(value)) else []


def explain_all(error: ValidationError, model: type[BaseModel] = Settings) -> list[str]:
    """Say of every mistake in a value of ``model`` what `explain` says of one, a line each."""
    found = []
    for details in error.errors():
        mistakes = details.get("ctx", {}).get("error")
        path = ".".join(str(part) for part in details["loc"])
        found += (
            [f"{path}.{mistake}".removeprefix(".") for mistake in mistakes.each]
            if isinstance(mistakes, MistakesError)
            else [explain(details, model)]
        )
    return found


def explain(error: ErrorDetails, model: type[BaseModel] = Settings) -> str:
    """Say in one line where a value of ``model`` is wrong, how, what was given and what to write instead."""
    path = ".".join(str(part) for part in error["loc"]) or "stack file"
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(path, _siblings(model, error["loc"][:-1]))
    if kind == "missing":
        return f"{path}: is required but missing"
    if kind in ("literal_error", "enum"):
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"{path}: must be one of {expected}; got {_shown(given)}"
    if kind == "value_error":
        reason = str(context["error"])
        return f"{path}: {reason}" + ("" if isinstance(given, dict) else f"; got {_shown(given)}")
    for prefix, wanted in _KINDS.items():
        if kind.startswith(prefix) and kind.endswith(("_type", "_parsing", "_from_float")):
            return f"{path}: must be {wanted}, got {_shown(given)}"
    message = error["msg"].removeprefix("Input should ").removeprefix("String should ")
    return f"{path}: should {message}; got {_shown(given)}"


def _unknown(path: str, known: Collection[str]) -> str:
    parent, _, key = path.rpartition(".")
    near = get_close_matches(key.lower(), {name.split(".")[-1].lower() for name in known}, n=1, cutoff=0.6)
    if near:
        meant = sorted(name for name in known if name.split(".")[-1].lower() == near[0])
        advice = f"did you mean {' or '.join(f'{parent}.{name}' if parent else name for name in meant)}?"
    else:
        advice = f"known here: {', '.join(sorted(name for name in known if '.' not in name))}"
    return f"{path}: unknown setting; {advice}"


def _leaves(sections: Iterable[str]) -> list[str]:
    """Dotted names of the settings one level down, for keys that were written a level too high."""
    leaves = []
    for name in sections:
        field = Settings.model_fields[name]
        inner = model_in(field.annotation)
        if inner is not None:
            leaves += [f"{field.alias}.{f.alias}" for f in inner.model_fields.values()]
    return leaves


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


def _shown(value: Any) -> str:
    text = _CREDENTIALS.sub("//…@", json.dumps(value, default=str))
    return text if len(text) <= 60 else text[:57] + "…"
