"""YAML documents that know where each value was written, so that a mistake is reported by line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.reader import Reader

from mistakes import between_keys, explain

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
M = TypeVar("M", bound=BaseModel)
KeyPath = tuple[int | str, ...]
"""Keys and indices from the top of a document to a value."""
Position = tuple[int, int]
"""Line and column, both from 1."""
DEEPEST = 50
"""Levels of a document; a generated one beyond that would end in the limit of recursion."""
_ADVICE = {
    "mapping values are not allowed": "write text with a colon in it in quotes",
    "tab": "indent with spaces",
    "end of stream": "close the quote",
    "undefined alias": "write &NAME where it is defined, above",
    "could not determine a constructor": "remove what begins with !",
    "expected ':'": "write a colon and a space after each key",
    "did not find expected": "look at the indentation, brackets and commas here and above",
}
"""Part of what the parser says → what to write instead."""


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
            return None, [problem for details in error.errors() for problem in self._problems(details, model)]

    def _problems(self, details: ErrorDetails, model: type[BaseModel]) -> Iterator[Problem]:
        several = between_keys(details)
        for place, text in several:
            where = ".".join(map(str, place))
            yield self.problem(place, f"{where}: {text}" if where else text)
        if not several:
            at_key = details["type"] == "extra_forbidden"
            yield self.problem(details["loc"], explain(details, model, "entry"), at_key=at_key)


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
        said = error.problem or error.context or ""
        # What is never closed is missed at the end of the file; where it begins helps more.
        marks = (error.problem_mark, error.context_mark)
        mark = next(filter(None, reversed(marks) if "end of stream" in said else marks), None)
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        advice = next((f"; {advice}" for part, advice in _ADVICE.items() if part in said), "")
        problems.append(Problem(name, *place, f"is not YAML: {said}{advice}"))
    except yaml.YAMLError as error:
        problems.append(_unreadable_character(text, name, error))
    return documents, problems


def _unreadable_character(text: str, name: str, error: yaml.YAMLError) -> Problem:
    found = Reader.NON_PRINTABLE.search(text)
    if not found:
        return Problem(name, 0, 0, f"is not YAML: {' '.join(str(error).split())}")
    before = text[: found.start()]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Problem(name, line, column, f"has the control character U+{ord(found[0]):04X}; remove it")


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
        if len(path) > DEEPEST:
            message = f"{path[0]}: is nested more than {DEEPEST} levels deep; nothing here is, so remove some"
            self.problems.append(Problem(self.name, *mark, message))
            return None
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
