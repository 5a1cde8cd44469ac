"""Checks of the queries that people bring: each says what is wrong before Prometheus would, or would not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import promql_parser as promql

from slo.model import WINDOW

_TEMPLATE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
RATES = frozenset({"rate", "irate"})
COUNTS = frozenset({"increase", "count_over_time", "sum_over_time"})
"""Functions that return events per second, and events per window."""


@lru_cache(maxsize=256)
def _tree(query: str) -> promql.Expr:
    """Return a query as a tree, its window being five minutes; `ValueError` where it is none."""
    return promql.parse(normalised(query).replace(WINDOW, "5m"))


def normalised(query: str) -> str:
    """Return ``query`` with the window's placeholder written in the one usual way."""
    return _TEMPLATE.sub(lambda match: WINDOW if match[1] == ".window" else match[0], query).strip()


def problems(query: str, *, counted: bool) -> list[str]:
    """Return what is wrong with a query; ``counted`` says that it must return a number of events."""
    unknown = sorted({match for match in _TEMPLATE.findall(query) if match != ".window"})
    if unknown:
        return [f"{{{{{unknown[0]}}}}} is unknown here; the only placeholder is {{{{.window}}}}"]
    if WINDOW not in normalised(query):
        return ["has no {{.window}}; put it where the range belongs, as in rate(x_total[{{.window}}])"]
    try:
        tree = _tree(query)
    except ValueError as error:
        return [f"is not PromQL: {error}"]
    inner = _inside(tree)
    if isinstance(inner, promql.MatrixSelector | promql.SubqueryExpr):
        return ["returns a range of samples, which no rule can record; wrap it, as in sum(rate(…))"]
    if isinstance(inner, promql.NumberLiteral | promql.StringLiteral):
        return ["is a constant; select a metric"]
    functions = range_functions(tree)
    if counted and not functions & (RATES | COUNTS):
        shown = ", ".join(sorted(functions)) or "nothing"
        advice = "use rate() or increase() of a counter, or the kind for ratios that somebody else computes"
        return [f"is no number of events ({shown} over the range); {advice}"]
    return []


def pair_problems(errors: str, events: str) -> list[str]:
    """Return what keeps a query of errors from being a part of a query of events; both are well-formed."""
    if normalised(errors) == normalised(events):
        return ["is the same as the query of all events, so that everything fails; select the errors"]
    trees = [_tree(query) for query in (errors, events)]
    kinds = [range_functions(tree) & (RATES | COUNTS) for tree in trees]
    per_second = [bool(kind & RATES) for kind in kinds]
    if per_second[0] != per_second[1] or any(kind & RATES and kind & COUNTS for kind in kinds):
        return ["mixes events per second (rate) with events per window (increase); use one of them in both"]
    groupings = [_grouping(tree) for tree in trees]
    if None not in groupings and groupings[0] != groupings[1]:
        shown = [", ".join(group or ()) or "nothing" for group in groupings]
        return [f"is grouped by {shown[0]}, all events by {shown[1]}: they never match; group both alike"]
    return []


def counts(query: str) -> bool:
    """Return whether a well-formed query returns events per window rather than per second."""
    return not range_functions(_tree(query)) & RATES


def selector_problem(query: str) -> str:
    """Return what keeps ``query`` from being a selector of series, nothing where it is one."""
    try:
        tree = _inside(promql.parse(query))
    except ValueError as error:
        return f"is not PromQL: {error}"
    return (
        ""
        if isinstance(tree, promql.VectorSelector)
        else 'must be a selector, such as last_sync_seconds{job="x"}'
    )


def range_functions(tree: promql.Expr) -> set[str]:
    """Return the names of the functions that are applied to ranges of samples."""
    found: set[str] = set()

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.Call) and any(
            isinstance(_inside(argument), promql.MatrixSelector | promql.SubqueryExpr)
            for argument in node.args
        ):
            found.add(node.func.name)
        return True

    promql.walk(tree, visit)
    return found


def selectors(query: str) -> Iterator[str]:
    """Yield the names of the metrics that a query reads."""
    found: list[str] = []

    def visit(node: promql.Expr) -> bool:
        selector = node.vector_selector if isinstance(node, promql.MatrixSelector) else node
        if isinstance(selector, promql.VectorSelector) and selector.name:
            found.append(selector.name)
        return True

    promql.walk(_tree(query), visit)
    yield from found


def _inside(tree: promql.Expr) -> promql.Expr:
    while isinstance(tree, promql.ParenExpr):
        tree = tree.expr
    return tree


def _grouping(tree: promql.Expr) -> tuple[str, ...] | None:
    """Return the labels that an aggregation keeps; None where it is none, or says what it drops."""
    inner = _inside(tree)
    if not isinstance(inner, promql.AggregateExpr):
        return None
    if inner.modifier is None:
        return ()
    if inner.modifier.type != promql.AggModifierType.By:
        return None
    return tuple(sorted(inner.modifier.labels))
