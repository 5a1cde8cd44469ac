"""OpenSLO v1: an object of kind SLO, with the SLI it refers to.

Objectives by good/total, bad/total or raw ratios of Prometheus queries are read; what has no meaning here
(other data sources, time slices, composites) is refused by name. A query may say its own range; where it has
``{{.window}}`` that is used, else every range in it is taken for the window.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, get_args

from documents import Document, KeyPath, Problem
from slo import promql
from slo.checks import label_problem, name_problem, objective_problem
from slo.indicators import good_events
from slo.model import WINDOW, AlertOptions, Indicator, Slo
from slo.policy import Period

API_VERSION = "openslo/v1"
_RANGE = re.compile(r"\[\s*(?:\d+(?:ms|[smhdwy]))+\s*\]")
_NO_NAME = re.compile(r"[^a-z0-9_.-]+")
_PERIODS = {"7d": "7d", "1w": "7d", "28d": "28d", "4w": "28d", "30d": "30d", "1M": "month"}


class Reader:
    """Reads one object of kind SLO."""

    KEYS: tuple[str, ...] = (
        "description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives",
        "alertPolicies",
    )  # fmt: skip
    """Keys of its specification."""
    UNREAD: tuple[str, ...] = (
        "timeSliceTarget", "timeSliceWindow", "indicator", "indicatorRef", "compositeWeight", "op",
    )  # fmt: skip
    """Keys of one of its objectives that mean something else than counting events."""

    def __init__(self, document: Document, indicators: Mapping[str, Document]) -> None:
        self.document, self.indicators = document, indicators
        self.problems: list[Problem] = []

    def wrong(self, path: KeyPath, message: str, document: Document | None = None) -> None:
        """Note a problem at ``path``."""
        where = ".".join(map(str, path))
        self.problems.append((document or self.document).problem(path, f"{where}: {message}"))

    def slos(self) -> list[Slo]:
        """Return the objectives; none of them counts where there are problems."""
        data = self.document.data
        metadata, spec = data.get("metadata"), data.get("spec")
        name = self._name(metadata, ("metadata", "name"))
        service = self._name(spec, ("spec", "service"))
        if not isinstance(metadata, Mapping) or not isinstance(spec, Mapping):
            return []
        for key in sorted(set(spec) - set(self.KEYS)):
            self.wrong(("spec", key), f"unknown setting; known here: {', '.join(self.KEYS)}")
        method = spec.get("budgetingMethod", "Occurrences")
        if method != "Occurrences":
            self.wrong(
                ("spec", "budgetingMethod"), f"must be Occurrences (events are counted); got {method!r}"
            )
        goals = spec.get("objectives")
        if not isinstance(goals, list) or not goals:
            self.wrong(("spec", "objectives"), "is required but missing")
            goals = []
        indicators, period = self.indicators_of(spec, goals), self.period(spec)
        labels = self._labels(metadata)
        slos = []
        for number, (goal, indicator) in enumerate(zip(goals, indicators, strict=True)):
            path: KeyPath = ("spec", "objectives", number)
            objective = self._objective(goal, path)
            if indicator and period and objective and not self.problems:
                suffix = "" if len(goals) == 1 else f"-{goal.get('displayName') or number}"
                called = _NO_NAME.sub("-", f"{name}{suffix}".lower()).strip("-.")
                description = str(spec.get("description", "")).strip()
                options = AlertOptions()
                slos.append(
                    Slo(service, called, objective, indicator, period, "", description,
                        page=options, ticket=options, labels=labels)
                )  # fmt: skip
        return slos

    def _name(self, part: Any, path: KeyPath) -> str:
        value = part.get(path[-1]) if isinstance(part, Mapping) else None
        if not isinstance(value, str) or not value:
            self.wrong(path, "is required but missing")
            return ""
        if problem := name_problem(value):
            self.wrong(path, f"{problem}; got {value!r}")
        return value

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
        for other in self.UNREAD:
            if other in goal:
                self.wrong((*path, other), "is not read here: events are counted, not slices, one SLI an SLO")
        return Decimal(str(value)).normalize()

    def period(self, spec: Mapping[str, Any]) -> Period | None:
        """Return the period of its budgets; None where it is none."""
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
        calendar = window.get("calendar")
        zone = calendar.get("timeZone", "UTC") if isinstance(calendar, Mapping) else "UTC"
        if zone not in ("UTC", "Etc/UTC"):
            self.wrong(("spec", "timeWindow", 0, "calendar", "timeZone"), f"must be UTC; got {zone!r}")
        return next(each for each in get_args(Period) if each == period)

    def indicators_of(self, spec: Mapping[str, Any], goals: Sequence[Any]) -> list[Indicator | None]:
        """Return what each of its objectives counts: here all the same."""
        indicator = self._indicator(spec)
        return [indicator for _ in goals]

    def _indicator(self, spec: Mapping[str, Any]) -> Indicator | None:
        path: KeyPath = ("spec", "indicator", "spec")
        document, inner = self.document, spec.get("indicator")
        if (name := spec.get("indicatorRef")) is not None:
            if not isinstance(name, str) or name not in self.indicators:
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
        return self.ratio(metric, (*path, "ratioMetric"), document)

    def ratio(self, metric: Mapping[str, Any], path: KeyPath, document: Document) -> Indicator | None:
        """Return the indicator of a ratio; None where its queries are not well."""
        parts = {name: metric[name] for name in ("good", "bad", "total", "raw") if name in metric}
        queries = {}
        for name, part in parts.items():
            counted = name != "raw"
            if (query := self.query(part, (*path, name), document, counted=counted)) is not None:
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

    def query(self, part: Any, path: KeyPath, document: Document, *, counted: bool) -> str | None:
        """Return the query of a part of a ratio; None where it is not well."""
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
        return self.checked(query, path, document, counted=counted)

    def checked(self, query: str, path: KeyPath, document: Document, *, counted: bool) -> str | None:
        """Return a query with the window's placeholder in it; None where it is not well."""
        query = promql.normalised(query)
        if WINDOW not in query:
            query = _RANGE.sub(f"[{WINDOW}]", query)
        if found := promql.problems(query, counted=counted):
            self.wrong(path, found[0], document)
            return None
        return query
