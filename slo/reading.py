"""Objectives from files, whichever of the known formats each document is written in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalogue import Service, problems_between, service_of
from documents import Document, Problem, read
from slo import generator_format, openslo
from slo.model import Slo
from slo.policy import Period

_FORMATS = (
    f"a catalogue entry (service, team), {generator_format.VERSION}, {generator_format.KIND} "
    f"or {' or '.join(openslo.API_VERSIONS)}"
)


def objectives(files: Sequence[Path], period: Period) -> tuple[list[Slo], list[Problem]]:
    """Return the objectives of all files in order, and everything that is wrong with them.

    ``period`` is that of objectives whose format has none.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in files:
        found, wrong = read(file, str(file))
        documents += found
        problems += wrong
        if not found and not wrong:
            problems.append(Problem(str(file), 1, 1, f"is empty; write {_FORMATS}"))
    slos, wrong = objectives_of(documents, period)
    return slos, sorted(problems + wrong)


def objectives_of(documents: Sequence[Document], period: Period) -> tuple[list[Slo], list[Problem]]:
    """Return the objectives of documents in order, and everything that is wrong with them."""
    slos: list[tuple[Slo, Document]] = []
    problems: list[Problem] = []
    entries: list[tuple[Service, Document]] = []
    refused: set[str] = set()
    open_documents: list[Document] = []
    for document in documents:
        data = document.data
        if not isinstance(data, Mapping):
            problems.append(document.problem((), f"is no mapping; write {_FORMATS}"))
        elif data.get("apiVersion") in openslo.API_VERSIONS:
            open_documents.append(document)
        elif "team" in data and "version" not in data:
            service, wrong = document.parsed(Service)
            problems += wrong
            if service:
                entries.append((service, document))
            else:
                refused.add(service_of(document))
        else:
            found, wrong = _generators(document, period)
            problems += wrong
            slos += [(slo, document) for slo in found]
    more, wrong = openslo.objectives(open_documents)
    slos += more
    slos += [(slo, document) for service, document in entries for slo in service.objectives]
    problems += wrong + problems_between(entries, refused) + _twice(slos)
    return [slo for slo, _ in slos], problems


def _generators(document: Document, period: Period) -> tuple[Sequence[Slo], list[Problem]]:
    data = document.data
    if str(data.get("version", "")) == generator_format.VERSION:
        specification, problems = document.parsed(generator_format.Specification)
        return (specification.objectives(period) if specification else ()), problems
    if data.get("apiVersion") == generator_format.API_VERSION:
        document = replace(
            document,
            data=_snake(data),
            keys={tuple(map(_snake_key, path)): place for path, place in document.keys.items()},
            values={tuple(map(_snake_key, path)): place for path, place in document.values.items()},
        )
        resource, problems = document.parsed(generator_format.Resource)
        return (resource.spec.objectives(period) if resource else ()), problems
    given = data.get("apiVersion") or data.get("version")
    said = f"format {given!r} is not known" if given else "has no version, apiVersion or team"
    return (), [
        document.problem(
            ("apiVersion",) if "apiVersion" in data else ("version",), f"{said}; write {_FORMATS}"
        )
    ]


def _snake(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_snake_key(key): _snake(inner) for key, inner in value.items()}
    return [_snake(inner) for inner in value] if isinstance(value, list) else value


def _snake_key(key: Any) -> Any:
    return generator_format.SNAKE.get(key, key) if isinstance(key, str) else key


def _twice(slos: Sequence[tuple[Slo, Document]]) -> list[Problem]:
    """Return the objectives whose identifier another one has, in whichever file."""
    places: dict[str, list[Document]] = defaultdict(list)
    for slo, document in slos:
        places[slo.id].append(document)
    return [
        document.problem((), f"the objective {identifier} is also in {documents[0].file}; rename one")
        for identifier, documents in places.items()
        for document in documents[1:]
    ]
