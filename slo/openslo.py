"""OpenSLO v1: objects of kind SLO, with the SLIs they refer to, read and written.

Objectives by good/total, bad/total or raw ratios of Prometheus queries are read; what has no meaning here
(other data sources, time slices, composites) is refused by name. A query may say its own range; where it has
``{{.window}}`` that is used, else every range in it is taken for the window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, get_args

from documents import Document, KeyPath, Problem
from slo import promql
from slo.checks import label_problem, objective_problem
from slo.indicators import good_events
from slo.model import WINDOW, AlertOptions, Indicator, Slo
from slo.policy import Period

API_VERSION = "openslo/v1"
_RANGE = re.compile(r"\[\s*(?:\d+(?:ms|[smhdwy]))+\s*\]")
_OTHER_KINDS = ("SLI", "Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
_PERIODS = {"7d": "7d", "1w": "7d", "28d": "28d", "4w": "28d", "30d": "30d", "1M": "month"}
_SLO_KEYS = (
    "description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives",
    "alertPolicies",
)  # fmt: skip


def objectives(documents: Sequence[Document]) -> tuple[list[tuple[Slo, Document]], list[Problem]]:
    """Return the objectives among ``documents`` (all of one run, for references), and problems."""
    indicators = {
        document.data.get("metadata", {}).get("name", ""): document
        for document in documents
        if document.data.get("kind") == "SLI"
    }
    found: list[tuple[Slo, Document]] = []
    problems: list[Problem] = []
    for document in documents:
        kind = document.data.get("kind")
        if kind == "SLO":
            reader = _Reader(document, indicators)
            slos = reader.slos()
            problems += reader.problems
            found += [(slo, document) for slo in slos if not reader.problems]
        elif kind not in _OTHER_KINDS:
            problems.append(
                document.problem(("kind",), f"kind: must be SLO, {', '.join(_OTHER_KINDS)}; got {kind!r}")
            )
    return found, problems


class _Reader:
    """Reads one object of kind SLO."""

    def __init__(self, document: Document, indicators: Mapping[str, Document]) -> None:
        self.document, self.indicators = document, indicators
        self.problems: list[Problem] = []

    def wrong(self, path: KeyPath, message: str, document: Document | None = None) -> None:
        where = ".".join(map(str, path))
        self.problems.append((document or self.document).problem(path, f"{where}: {message}"))

    def slos(self) -> list[Slo]:
        data = self.document.data
        metadata, spec = data.get("metadata"), data.get("spec")
        if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
            self.wrong(("metadata", "name"), "is required but missing")
        if not isinstance(spec, Mapping):
            self.wrong(("spec",), "is required but missing")
        if self.problems or not isinstance(metadata, Mapping) or not isinstance(spec, Mapping):
            return []
        for key in sorted(set(spec) - set(_SLO_KEYS)):
            self.wrong(("spec", key), f"unknown setting; known here: {', '.join(_SLO_KEYS)}")
        if not isinstance(spec.get("service"), str) or not spec["service"]:
            self.wrong(("spec", "service"), "is required but missing")
        method = spec.get("budgetingMethod", "Occurrences")
        if method != "Occurrences":
            self.wrong(
                ("spec", "budgetingMethod"), f"must be Occurrences (events are counted); got {method!r}"
            )
        indicator, period = self._indicator(spec), self._period(spec)
        labels = self._labels(metadata)
        slos = []
        goals = spec.get("objectives")
        if not isinstance(goals, list) or not goals:
            self.wrong(("spec", "objectives"), "is required but missing")
            goals = []
        for number, goal in enumerate(goals):
            path: KeyPath = ("spec", "objectives", number)
            objective = self._objective(goal, path)
            if indicator and period and objective and not self.problems:
                suffix = "" if len(goals) == 1 else f"-{goal.get('displayName', number) if goal else number}"
                name = f"{metadata['name']}{suffix}".replace(" ", "-").lower()
                description = str(spec.get("description", "")).strip()
                options = AlertOptions()
                slos.append(
                    Slo(spec["service"], name, objective, indicator, period, "", description,
                        page=options, ticket=options, labels=labels)
                )  # fmt: skip
        return slos

    def _labels(self, metadata: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        labels = metadata.get("labels")
        for name, value in labels.items() if isinstance(labels, Mapping) else ():
            text = value[0] if isinstance(value, list) and value else value
            if problem := label_problem(str(name), text):
                self.wrong(("metadata", "labels", str(name)), problem)
            else:
                found[str(name)] = text
        return found

    def _objective(self, goal: Any, path: KeyPath) -> Decimal | None:
        if not isinstance(goal, Mapping):
            self.wrong(path, "must be a mapping with target or targetPercent")
            return None
        given = [key for key in ("target", "targetPercent") if key in goal]
        if len(given) != 1:
            self.wrong(path, "name exactly one of target (0.999) and targetPercent (99.9)")
            return None
        key, value = given[0], goal[given[0]]
        if key == "target":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
                self.wrong((*path, key), f"must be a ratio between 0 and 1, such as 0.999; got {value!r}")
                return None
            value = Decimal(str(value)) * 100
        if problem := objective_problem(value):
            self.wrong((*path, key), f"{problem}; got {goal[key]!r}")
            return None
        for other in (
            "timeSliceTarget",
            "timeSliceWindow",
            "indicator",
            "indicatorRef",
            "compositeWeight",
            "op",
        ):
            if other in goal:
                self.wrong((*path, other), "is not read here: events are counted, not slices, one SLI an SLO")
        return Decimal(str(value)).normalize()

    def _period(self, spec: Mapping[str, Any]) -> Period | None:
        windows = spec.get("timeWindow", [{"duration": "30d", "isRolling": True}])
        if not isinstance(windows, list) or len(windows) != 1 or not isinstance(windows[0], Mapping):
            self.wrong(("spec", "timeWindow"), "must be a list of one window")
            return None
        window, duration = windows[0], str(windows[0].get("duration", ""))
        period = _PERIODS.get(duration)
        rolling = window.get("isRolling", "calendar" not in window)
        if period is None or rolling is (period == "month"):
            self.wrong(
                ("spec", "timeWindow", 0, "duration"),
                f"must be 7d, 28d or 30d rolling, or 1M with a calendar; got {duration!r}",
            )
            return None
        if (zone := (window.get("calendar") or {}).get("timeZone", "UTC")) not in ("UTC", "Etc/UTC"):
            self.wrong(("spec", "timeWindow", 0, "calendar", "timeZone"), f"must be UTC; got {zone!r}")
        return next(each for each in get_args(Period) if each == period)

    def _indicator(self, spec: Mapping[str, Any]) -> Indicator | None:
        path: KeyPath = ("spec", "indicator", "spec")
        document, inner = self.document, spec.get("indicator")
        if (name := spec.get("indicatorRef")) is not None:
            if name not in self.indicators:
                self.wrong(("spec", "indicatorRef"), f"no SLI is called {name!r} in the given files")
                return None
            document, path, inner = self.indicators[name], ("spec",), self.indicators[name].data
        inner = inner.get("spec") if isinstance(inner, Mapping) else None
        if not isinstance(inner, Mapping):
            self.wrong(("spec", "indicator"), "is required but missing; or indicatorRef")
            return None
        metric = inner.get("ratioMetric")
        if not isinstance(metric, Mapping):
            self.wrong(
                (*path, "ratioMetric"), "is required but missing; thresholdMetric is not read here", document
            )
            return None
        return self._ratio(metric, (*path, "ratioMetric"), document)

    def _ratio(self, metric: Mapping[str, Any], path: KeyPath, document: Document) -> Indicator | None:
        parts = {name: metric[name] for name in ("good", "bad", "total", "raw") if name in metric}
        queries = {}
        for name, part in parts.items():
            counted = name != "raw"
            if (query := self._query(part, (*path, name), document, counted=counted)) is not None:
                queries[name] = query
        if queries.keys() != parts.keys():
            return None
        if set(queries) == {"raw"} and metric.get("rawType") in ("success", "failure"):
            raw = queries["raw"]
            return Indicator(ratio=raw if metric["rawType"] == "failure" else f"1 - ({raw})", unit="time")
        part = {"good", "bad"} & set(queries)
        if len(part) != 1 or "total" not in queries or "raw" in queries:
            self.wrong(
                path, "name total with either good or bad, or raw with rawType success or failure", document
            )
            return None
        (name,) = part
        if found := promql.pair_problems(queries[name], queries["total"]):
            self.wrong((*path, name), found[0], document)
            return None
        counts = promql.counts(queries["total"])
        if name == "good":
            return good_events(queries["good"], queries["total"], counts=counts)
        return Indicator(queries["total"], queries["bad"], counts=counts)

    def _query(self, part: Any, path: KeyPath, document: Document, *, counted: bool) -> str | None:
        source = part.get("metricSource") if isinstance(part, Mapping) else None
        inner = source.get("spec") if isinstance(source, Mapping) else None
        query = inner.get("query") if isinstance(inner, Mapping) else None
        path = (*path, "metricSource", "spec", "query")
        if not isinstance(query, str):
            self.wrong(path, "is required but missing", document)
            return None
        if isinstance(source, Mapping) and str(source.get("type", "Prometheus")).lower() not in (
            "prometheus",
            "promql",
        ):
            self.wrong((*path[:-2], "type"), f"must be Prometheus; got {source['type']!r}", document)
            return None
        query = promql.normalised(query)
        if WINDOW not in query:
            query = _RANGE.sub(f"[{WINDOW}]", query)
        if found := promql.problems(query, counted=counted):
            self.wrong(path, found[0], document)
            return None
        return query


def documents_of(slos: Sequence[Slo]) -> Iterator[dict[str, Any]]:
    """Yield objectives as OpenSLO v1 objects; journeys, which it cannot say, are left out."""
    for slo in slos:
        if slo.indicator.steps:
            continue
        month = slo.period == "month"
        window: dict[str, Any] = {"duration": "1M" if month else slo.period, "isRolling": not month}
        if month:
            window["calendar"] = {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}
        yield {
            "apiVersion": API_VERSION,
            "kind": "SLO",
            "metadata": {"name": slo.name, **({"labels": dict(slo.labels)} if slo.labels else {})},
            "spec": {
                **({"description": slo.description} if slo.description else {}),
                "service": slo.service,
                "indicator": {
                    "metadata": {"name": slo.name},
                    "spec": {"ratioMetric": _ratio_metric(slo.indicator)},
                },
                "timeWindow": [window],
                "budgetingMethod": "Occurrences",
                "objectives": [{"targetPercent": float(slo.objective)}],
            },
        }


def _ratio_metric(indicator: Indicator) -> dict[str, Any]:
    def source(query: str) -> dict[str, Any]:
        return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}

    if indicator.ratio:
        return {"rawType": "failure", "raw": source(indicator.ratio)}
    return {"counter": True, "bad": source(indicator.errors), "total": source(indicator.events)}
