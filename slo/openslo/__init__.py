"""OpenSLO: objectives by ratios of Prometheus queries, read from v1 and v1alpha, written as v1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from documents import Document, Problem
from slo.model import Slo
from slo.openslo import alpha, reader
from slo.openslo.writing import documents_of

__all__ = ["API_VERSIONS", "documents_of", "objectives"]

_READERS = {reader.API_VERSION: reader.Reader, alpha.API_VERSION: alpha.AlphaReader}
API_VERSIONS = tuple(_READERS)
"""Versions that are read."""
_OTHER_KINDS = ("SLI", "Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")


def objectives(documents: Sequence[Document]) -> tuple[list[tuple[Slo, Document]], list[Problem]]:
    """Return the objectives among ``documents`` (all of one run, for references), and problems."""
    indicators = {
        str(metadata.get("name", "")): document
        for document in documents
        if document.data.get("kind") == "SLI"
        and isinstance(metadata := document.data.get("metadata"), Mapping)
    }
    found: list[tuple[Slo, Document]] = []
    problems: list[Problem] = []
    for document in documents:
        kind = document.data.get("kind")
        if kind == "SLO":
            reading = _READERS[document.data["apiVersion"]](document, indicators)
            slos = reading.slos()
            problems += reading.problems
            found += [(slo, document) for slo in slos if not reading.problems]
        elif kind not in _OTHER_KINDS:
            problems.append(
                document.problem(("kind",), f"kind: must be SLO, {', '.join(_OTHER_KINDS)}; got {kind!r}")
            )
    return found, problems
