"""From the folders of the catalogue to its services, or to every problem in their files at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from catalogue.model import Service
from documents import Document, Problem, read

_SHOWN = 60


def load(folders: Sequence[Path]) -> tuple[tuple[Service, ...], list[str]]:
    """Read every ``*.yaml`` of the folders; return the services by name, and what is wrong with the files."""
    files: list[tuple[Path, str]] = []
    unreadable: list[str] = []
    for folder in folders:
        try:
            found = sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml"))
        except OSError as error:
            unreadable.append(
                f"catalog: folder {_shortened(folder.name)} cannot be read ({error.strerror}); "
                "create it or remove it from the list"
            )
            continue
        files += [(file, f"{folder.name}/{file.name}") for file in found]
    services: dict[str, tuple[Service, Document]] = {}
    problems: list[Problem] = []
    with ThreadPoolExecutor() as pool:
        for entries, wrong in pool.map(_entries, *zip(*files, strict=True)) if files else ():
            problems += wrong
            for service, document in entries:
                if service.service in services:
                    problems.append(
                        document.problem(
                            ("service",), f"service: {service.service!r} is in the catalogue twice"
                        )
                    )
                services[service.service] = service, document
    ordered = tuple(services[name][0] for name in sorted(services))
    problems += problems_between(services.values())
    return ordered, unreadable + [str(problem) for problem in problems]


def _entries(file: Path, name: str) -> tuple[list[tuple[Service, Document]], list[Problem]]:
    """Return the entry of a file with its document, and what is wrong with it."""
    documents, problems = read(file, name)
    if len(documents) > 1:
        more = documents[1]
        problems.append(more.problem((), "is a second entry; write one service a file"))
    if not documents and not problems:
        problems.append(Problem(name, 1, 1, "is empty; write at least service and team"))
    found = []
    for document in documents[:1]:
        service, wrong = document.parsed(Service)
        problems += wrong
        if service:
            found.append((service, document))
    return found, problems


def problems_between(services: Iterable[tuple[Service, Document]]) -> list[Problem]:
    """Return what is wrong between services: journeys through objectives that do not exist."""
    entries = list(services)
    known = {slo.id: slo for service, _ in entries for slo in service.objectives}
    problems = []
    for service, document in entries:
        for number, objective in enumerate(service.slos):
            for position, step in enumerate(objective.journey.steps if objective.journey else ()):
                where = f"slos.{number}.journey.steps.{position}"
                path = ("slos", number, "journey", "steps", position)
                if step not in known:
                    problems.append(
                        document.problem(
                            path, f"{where}: no objective is called {step!r}; use service/objective"
                        )
                    )
                elif known[step].indicator.steps:
                    problems.append(
                        document.problem(path, f"{where}: {step!r} is a journey itself; name its steps")
                    )
    return problems


def _shortened(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
