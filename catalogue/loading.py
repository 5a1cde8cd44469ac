"""From the folders of the catalogue to its services, or to every problem in their files at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from pathlib import Path

from catalogue.model import Service
from documents import Document, Problem, read

_SHOWN = 60
_LEAST = "write at least service: NAME and team: NAME"


def load(folders: Sequence[Path]) -> tuple[tuple[Service, ...], list[str]]:
    """Read every ``*.yaml`` of the folders; return the services by name, and what is wrong with the files."""
    files: list[tuple[Path, str]] = []
    unreadable: list[str] = []
    for folder in folders:
        try:
            found = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".yaml", ".yml"))
        except OSError as error:
            unreadable.append(
                f"catalog: folder {_shortened(folder.name)} cannot be read ({error.strerror}); "
                "create it or remove it from the list"
            )
            continue
        files += [(file, f"{folder.name}/{file.name}") for file in found]
    services: dict[str, tuple[Service, Document]] = {}
    problems: list[Problem] = []
    refused: set[str] = set()
    with ThreadPoolExecutor() as pool:
        for service, document, wrong in pool.map(_entry, *zip(*files, strict=True)) if files else ():
            problems += wrong
            if not document:
                continue
            if not service:
                refused.add(service_of(document))
            elif service.service in services:
                also = services[service.service][1].file
                message = (
                    f"service: {service.service!r} is also in {also}; rename it, or make one entry of both"
                )
                problems.append(document.problem(("service",), message))
            else:
                services[service.service] = service, document
    ordered = tuple(services[name][0] for name in sorted(services))
    problems += problems_between(services.values(), refused)
    return ordered, unreadable + [str(problem) for problem in problems]


def _entry(file: Path, name: str) -> tuple[Service | None, Document | None, list[Problem]]:
    """Return the entry of a file, its document, and what is wrong with it."""
    documents, problems = read(file, name)
    if not documents:
        return None, None, problems or [Problem(name, 1, 1, f"is empty; {_LEAST}")]
    document = documents[0]
    if len(documents) > 1:
        problems.append(documents[1].problem((), "is a second entry; write one service a file"))
    if not isinstance(document.data, Mapping):
        return None, document, [*problems, document.problem((), f"is no entry; {_LEAST}")]
    service, wrong = document.parsed(Service)
    return service, document, problems + wrong


def problems_between(
    services: Iterable[tuple[Service, Document]], refused: Collection[str] = ()
) -> list[Problem]:
    """Return what is wrong between services: journeys through objectives that do not exist.

    ``refused`` names services whose entries have mistakes; nobody knows which objectives these have.
    """
    entries = list(services)
    known = {slo.id: slo for service, _ in entries for slo in service.objectives}
    problems = []
    for service, document in entries:
        for number, objective in enumerate(service.slos):
            for position, step in enumerate(objective.journey.steps if objective.journey else ()):
                where = f"slos.{number}.journey.steps.{position}"
                path = ("slos", number, "journey", "steps", position)
                if step in known and known[step].indicator.steps:
                    problems.append(
                        document.problem(path, f"{where}: {step!r} is a journey itself; name its steps")
                    )
                elif step not in known and step.partition("/")[0] not in refused:
                    near = get_close_matches(step, known, n=1)
                    advice = f"did you mean {near[0]}?" if near else "use service/objective"
                    problems.append(
                        document.problem(path, f"{where}: no objective is called {step!r}; {advice}")
                    )
    return problems


def service_of(document: Document) -> str:
    """Return the service that an entry is about, also where the rest of it has mistakes."""
    return str(document.data.get("service", "")) if isinstance(document.data, Mapping) else ""


def _shortened(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
