"""The reference of the stack file, ``docs/settings.md``: ``python -m settings.reference`` writes it."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mistakes import model_in
from settings.loading import PROJECT
from settings.model import Settings

FILE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

_INTRODUCTION = """# Settings

What `Pulumi.<stack>.yaml` may say, under `config:`; each key begins with `{project}:`. Only `target` is
required. Durations are Prometheus' (30s, 5m, 12h, 15d), sizes are Kubernetes quantities (512Mi, 50Gi).

```yaml
config:
  {project}:target: process
  {project}:metrics:
    retention: 15d
```

Secrets are keys of their own, encrypted: `pulumi config set --secret slackApiUrl https://hooks.slack.com/…`.
Which ones a stack needs follows from its receivers; `grafanaPassword` may set the administrator's password,
which is generated otherwise. Grafana keeps the one of its first start in its database. Give it another with
`python -m operations rotate-password --stack STACK`: what `grafanaPassword` says, or a generated one.
`loginPassword` and `pushPassword` may set the passwords of people and of programs at the login in front
of what `kubernetes.published` names, which are generated otherwise.

| key | default | what |
| --- | --- | --- |
"""


def reference() -> str:
    """Return the reference as Markdown."""
    rows = (f"| `{key}` | {default} | {text} |\n" for key, default, text in _rows(Settings, ""))
    return _INTRODUCTION.format(project=PROJECT) + "".join(rows)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    texts = {
        name: text
        for part in reversed(model.__mro__)
        if issubclass(part, BaseModel) and part is not BaseModel
        for name, text in docstrings(part).items()
    }
    for name, field in model.model_fields.items():
        if (prefix, name) == ("", "stack"):
            continue
        key = f"{prefix}{field.alias or name}"
        inner = model_in(field.annotation)
        if inner is None:
            yield key, _default(field), texts.get(name, "")
        else:
            several = "[]" if field.annotation is not inner and "tuple" in str(field.annotation) else ""
            yield from _rows(inner, f"{key}{several}.")


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    return "" if value in (None, "", (), {}) else f"`{json.dumps(value).strip(chr(34))}`"


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Field → the string below it in the source; read here so that no preview pays for it."""
    body = ast.parse(inspect.getsource(model).lstrip()).body[0]
    found: dict[str, str] = {}
    name = ""
    for statement in getattr(body, "body", []):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and name:
            found[name] = " ".join(str(statement.value.value).split()).replace("``", "`")
            name = ""
    return found


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
    sys.exit(0)
