"""OpenSLO v1alpha: the same with other keys, one ratio of queries an objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from documents import Document, KeyPath
from slo.model import Indicator
from slo.openslo.reader import Reader
from slo.policy import Period

API_VERSION = "openslo/v1alpha"
_PERIODS: Mapping[str, Period] = {
    "7 Day": "7d", "1 Week": "7d", "28 Day": "28d", "4 Week": "28d", "30 Day": "30d",
}  # fmt: skip


class AlphaReader(Reader):
    """Reads one object of kind SLO in the first version of the format."""

    KEYS = ("description", "service", "indicator", "timeWindows", "budgetingMethod", "objectives")
    UNREAD = ("timeSliceTarget", "op", "value")

    def period(self, spec: Mapping[str, Any]) -> Period | None:
        """Return the period of its budgets; None where it is none."""
        path: KeyPath = ("spec", "timeWindows")
        windows = spec.get("timeWindows", [{"count": 30, "unit": "Day"}])
        if not isinstance(windows, list) or len(windows) != 1 or not isinstance(windows[0], Mapping):
            self.wrong(path, "must be a list of one window")
            return None
        (window,) = windows
        length = f"{window.get('count')} {str(window.get('unit')).removesuffix('s')}"
        if window.get("calendar"):
            found: Period | None = "month" if length == "1 Month" else None
        else:
            found = _PERIODS.get(length)
        if found is None:
            self.wrong((*path, 0), f"must be 7, 28 or 30 of unit Day, or 1 Month of a calendar; got {length}")
        return found

    def indicators_of(self, spec: Mapping[str, Any], goals: Sequence[Any]) -> list[Indicator | None]:
        """Return what each of its objectives counts."""
        if spec.get("indicator") is not None:
            self.wrong(("spec", "indicator"), "thresholds are not read here; use ratioMetrics")
        found: list[Indicator | None] = []
        for number, goal in enumerate(goals):
            path: KeyPath = ("spec", "objectives", number, "ratioMetrics")
            metrics = goal.get("ratioMetrics") if isinstance(goal, Mapping) else None
            if isinstance(metrics, Mapping):
                found.append(self.ratio(metrics, path, self.document))
            else:
                self.wrong(path, "is required but missing")
                found.append(None)
        return found

    def query(self, part: Any, path: KeyPath, document: Document, *, counted: bool) -> str | None:
        """Return the query of a part of a ratio; None where it is not well."""
        query = part.get("query") if isinstance(part, Mapping) else None
        if not isinstance(query, str):
            self.wrong((*path, "query"), "is required but missing", document)
            return None
        for key, usual in (("source", "prometheus"), ("queryType", "promql")):
            if str(given := part.get(key, usual)).lower() != usual:
                self.wrong((*path, key), f"must be {usual}; got {given!r}", document)
                return None
        return self.checked(query, (*path, "query"), document, counted=counted)
