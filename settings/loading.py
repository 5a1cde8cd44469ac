"""From the configuration of a stack to `Settings`, or to every problem in it at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from mistakes import explain_all, model_in, unknown
from settings.model import SECTIONS_WITH_SECRETS, Settings
from settings.receivers import SecretCheck

PROJECT = "observability"
"""Name of the project and so the namespace of its configuration keys."""
GRAFANA_PASSWORD = "grafanaPassword"
"""Secret that sets the administrator's password; without it one is generated."""
LOGIN_PASSWORD, PUSH_PASSWORD = "loginPassword", "pushPassword"
"""Secrets that set the passwords of people and of programs at the login in front of what has none; without
them they are generated."""
GENERATED = (GRAFANA_PASSWORD, LOGIN_PASSWORD, PUSH_PASSWORD)
"""Secrets that need not be set."""


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


def read(
    config: Mapping[str, str], secret_keys: Collection[str], stack: str
) -> tuple[Settings | None, list[str]]:
    """Return the settings of a stack, and all problems; a secret's value is in none of them.

    ``config`` is the whole configuration as the engine hands it over (``project:key`` → text, structured
    values as JSON); ``secret_keys`` names those that are stored encrypted.
    There are no settings where a value cannot be read; there are some where only secrets are missing or
    wrong, so that what else is wrong with the stack is found in the same run.
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
        settings = Settings.model_validate({"stack": stack, **plain}, by_alias=True, by_name=False)
    except ValidationError as error:
        problems += explain_all(error, Settings)

    wanted = _secrets_of(settings, plain)
    problems += [
        _unused(key)
        if key in (*encrypted, *GENERATED)
        else unknown(key, [*fields, *wanted, *_leaves(fields.values())])
        for key in own
        # While the receivers cannot be read, nobody knows which secrets they name.
        if key not in fields and key not in wanted and not (key in encrypted and settings is None)
    ]
    for key in sorted(wanted):
        required = key not in GENERATED
        problems += _check_secret(key, own.get(key), wanted[key], key in encrypted, required=required)
    problems += _misspelt(config)
    return settings, sorted(set(problems))


def _misspelt(config: Mapping[str, str]) -> list[str]:
    """Return a problem for each key whose project is nearly this one: to the engine it is somebody else's."""
    others = {key: key.partition(":")[::2] for key in config if not key.startswith(f"{PROJECT}:")}
    return [
        f"{key}: belongs to no project here; did you mean {PROJECT}:{name}?"
        for key, (project, name) in others.items()
        if get_close_matches(project.lower(), [PROJECT], cutoff=0.8)
    ]


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


def _leaves(sections: Iterable[str]) -> list[str]:
    """Dotted names of the settings one level down, for keys that were written a level too high."""
    leaves = []
    for name in sections:
        field = Settings.model_fields[name]
        inner = model_in(field.annotation)
        if inner is not None:
            leaves += [f"{field.alias}.{f.alias}" for f in inner.model_fields.values()]
    return leaves
