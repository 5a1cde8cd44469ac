"""YAML documents that know where each value was written, so that a mistake is reported by line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mistakes import explain

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
M = TypeVar("M", bound=BaseModel)
KeyPath = tuple[int | str, ...]
"""Keys and indices from the top of a document to a value."""
Position = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong in a file, and where."""

    file: str
    line: int
    column: int
    message: str
    """The key's path, what was given, what to write instead."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class Document:
    """One YAML document of a file."""

    file: str
    """Name to report."""
    data: Any
    keys: Mapping[KeyPath, Position] = field(default_factory=dict)
    values: Mapping[KeyPath, Position] = field(default_factory=dict)

    def problem(self, path: KeyPath, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem at the value (or the key) of ``path``, or where the nearest part of it is."""
        places = self.keys if at_key else self.values
        for length in range(len(path), -1, -1):
            if found := places.get(path[:length]) or self.values.get(path[:length]):
                return Problem(self.file, *found, message)
        return Problem(self.file, 0, 0, message)

    def parsed(self, model: type[M]) -> tuple[M | None, list[Problem]]:
        """Return the document as ``model``, or everything that keeps it from being one."""
        try:
            return model.model_validate(self.data), []
        except ValidationError as error:
            return None, [
                self.problem(
                    details["loc"], explain(details, model), at_key=details["type"] == "extra_forbidden"
                )
                for details in error.errors()
            ]


def read(file: Path, name: str) -> tuple[list[Document], list[Problem]]:
    """Return the documents of a file, empty ones left out, and what keeps it from being read."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        return [], [Problem(name, 0, 0, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return [], [Problem(name, 0, 0, "cannot be read: it is not UTF-8 text")]
    return parse(text, name)


def parse(text: str, name: str) -> tuple[list[Document], list[Problem]]:
    """Return the documents in ``text``, empty ones left out, and where it is not YAML."""
    documents: list[Document] = []
    problems: list[Problem] = []
    try:
        loader = _Loader(text)
        while loader.check_node():
            reader = _Reader(name, loader)
            data = reader.value(loader.get_node(), ())
            problems += reader.problems
            if data is not None:
                documents.append(Document(name, data, reader.keys, reader.values))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problems.append(Problem(name, *place, f"is not YAML: {error.problem or error.context}"))
    except yaml.YAMLError as error:
        problems.append(Problem(name, 0, 0, f"is not YAML: {' '.join(str(error).split())}"))
    return documents, problems


class _Reader:
    """Turns the nodes of one document into values and notes where they are."""

    def __init__(self, name: str, loader: Any) -> None:
        self.name, self.loader = name, loader
        self.keys: dict[KeyPath, Position] = {}
        self.values: dict[KeyPath, Position] = {}
        self.problems: list[Problem] = []
        self.open: set[int] = set()
        self.done: dict[int, Any] = {}

    def value(self, node: Any, path: KeyPath) -> Any:
        """Return the value of a node; what an alias repeats is built once, however often it is repeated."""
        self.values[path] = mark = node.start_mark.line + 1, node.start_mark.column + 1
        if isinstance(node, yaml.ScalarNode):
            # Almost everything is text, which needs no constructor.
            return node.value if node.tag == "tag:yaml.org,2002:str" else self.loader.construct_object(node)
        if id(node) in self.done:
            return self.done[id(node)]
        if id(node) in self.open:
            self.problems.append(
                Problem(self.name, *mark, "is not YAML that can be read: it contains itself")
            )
            return None
        self.open.add(id(node))
        found: Any
        if isinstance(node, yaml.SequenceNode):
            found = [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        else:
            found = dict(self._entries(node, path))
        self.open.discard(id(node))
        self.done[id(node)] = found
        return found

    def _entries(self, node: Any, path: KeyPath) -> Iterator[tuple[str, Any]]:
        own: set[str] = set()
        for key_node, _ in node.value:
            mark = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            key = str(key_node.value)
            self.keys[*path, key] = mark
            if key in own:
                where = ".".join(map(str, (*path, key)))
                self.problems.append(Problem(self.name, *mark, f"{where}: is written twice; remove one"))
            own.add(key)
        self.loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            yield str(key_node.value), self.value(value_node, (*path, str(key_node.value)))
