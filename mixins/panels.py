"""The visual language of every dashboard: a few kinds of panel, units, colours, variables and links.

The library's own builders are used here only, so that a dashboard reads as titles and queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders import gauge as gauges
from grafana_foundation_sdk.builders import logs as log_lists
from grafana_foundation_sdk.builders import loki, prometheus
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.builders import timeseries as graphs
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as style
from grafana_foundation_sdk.models import dashboard as schema
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from mixins import datasources, panel_links
from mixins.model import Dashboard

TAG = "observability"
"""Marks the dashboards of this stack; each links to all others that carry it."""
WIDTH = 24
"""Columns of Grafana's grid."""
TOO_HIGH, FINE = "red", "green"

Panel = Builder[schema.Panel]
"""What the functions below return and ``dashboard`` places."""
Query = tuple[str, str]
"""A query and the legend of its series."""


class Unit(StrEnum):
    """Units of Grafana that the dashboards use."""

    NUMBER = "short"
    RATIO = "percentunit"
    """A share from 0 to 1, shown in per cent."""
    SECONDS = "s"
    BYTES = "bytes"
    BYTES_PER_SECOND = "Bps"
    REQUESTS = "reqps"
    PER_SECOND = "cps"


def variable(name: str, query: str, everything: str) -> builder.QueryVariable:
    """Return a drop-down filled by a Prometheus ``query``; ``everything`` is the pattern behind "All"."""
    return (
        builder.QueryVariable(name)
        .label(name.capitalize())
        .datasource(_source(datasources.PROMETHEUS))
        .query(query)
        .refresh(schema.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(schema.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(everything)
        .current(schema.VariableOption(selected=True, text="All", value="$__all"))
    )


# ".*" also matches series without the label. Loki refuses a selector that may match nothing: ".+" below.
def environment() -> builder.QueryVariable:
    """Return the drop-down of the environments that report here."""
    return variable("environment", "label_values(up, environment)", ".*")


def instance(job: str) -> builder.QueryVariable:
    """Return the drop-down of the instances of a scrape job."""
    return variable(
        "instance", f'label_values(up{{job="{job}", environment=~"$environment"}}, instance)', ".+"
    )


def service(metric: str) -> builder.QueryVariable:
    """Return the drop-down of the services that have ``metric``."""
    query = f'label_values({metric}{{environment=~"$environment", service!=""}}, service)'
    return variable("service", query, ".+")


def namespace(metric: str) -> builder.QueryVariable:
    """Return the drop-down of the Kubernetes namespaces that have ``metric``."""
    return variable("namespace", f'label_values({metric}{{environment=~"$environment"}}, namespace)', ".*")


def timeseries(
    title: str,
    queries: Sequence[Query],
    unit: Unit = Unit.NUMBER,
    *,
    limit: float | None = None,
    stacked: bool = False,
) -> Panel:
    """Lines over time; ``limit`` draws the alert's threshold."""
    panel = (
        _prometheus(graphs.Panel(), title, queries, unit, limit)
        .min(0)
        .span(12)
        .line_width(1)
        .fill_opacity(30 if stacked else 8)
        .show_points(style.VisibilityMode.NEVER)
        .legend(
            shared.VizLegendOptions()
            .display_mode(style.LegendDisplayMode.TABLE)
            .placement(style.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["mean", "max", "lastNotNull"])
        )
        .tooltip(
            shared.VizTooltipOptions().mode(style.TooltipDisplayMode.MULTI).sort(style.SortOrder.DESCENDING)
        )
    )
    if any("{{service}}" in legend for _, legend in queries):
        panel = panel.data_links(panel_links.signals_of_a_service())
    if stacked:
        panel = panel.stacking(shared.StackingConfig().mode(style.StackingMode.NORMAL))
    if limit is not None:
        line = shared.GraphThresholdsStyleConfig().mode(style.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(line)
    return panel


def stat(title: str, query: str, unit: Unit = Unit.NUMBER, *, limit: float | None = None) -> Panel:
    """One number with its recent course; red from ``limit`` on."""
    return (
        _prometheus(stats.Panel(), title, [(query, "")], unit, limit)
        .span(6)
        .height(4)
        .color_mode(style.BigValueColorMode.VALUE)
        .graph_mode(style.BigValueGraphMode.AREA)
    )


def gauge(title: str, queries: Sequence[Query], *, limit: float, floor: bool = False) -> Panel:
    """Shares from 0 to 1; red from ``limit`` on, or below it where it is a ``floor``."""
    panel = _prometheus(gauges.Panel(), title, queries, Unit.RATIO, limit).span(6).height(6).min(0).max(1)
    return panel.thresholds(_steps(TOO_HIGH, (FINE, limit))) if floor else panel


def table(title: str, query: str, unit: Unit = Unit.NUMBER) -> Panel:
    """Show the newest value of every series, one row each."""
    target = _target(query, "").instant().format(PromQueryFormat.TABLE)
    panel = _common(tables.Panel(), title, datasources.PROMETHEUS).unit(unit).with_target(target).span(12)
    hide_time = schema.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}})
    return panel.with_transformation(hide_time)


def logs(title: str, query: str, *, span: int = 12) -> Panel:
    """Log lines that match a LogQL ``query``, newest first."""
    return (
        _common(log_lists.Panel(), title, datasources.LOKI)
        .with_target(loki.Dataquery().expr(query).ref_id("A"))
        .span(span)
        .height(10)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(style.LogsSortOrder.DESCENDING)
    )


def log_rates(title: str, query: str, legend: str, *, span: int = WIDTH) -> Panel:
    """Stacked lines of a LogQL metric ``query``, which returns lines per second."""
    return (
        _common(graphs.Panel(), title, datasources.LOKI)
        .with_target(loki.Dataquery().expr(query).legend_format(legend).ref_id("A"))
        .unit(Unit.PER_SECOND)
        .span(span)
        .fill_opacity(30)
        .stacking(shared.StackingConfig().mode(style.StackingMode.NORMAL))
    )


def dashboard(
    uid: str,
    title: str,
    description: str,
    *,
    variables: Sequence[builder.QueryVariable],
    rows: Mapping[str, Sequence[Panel]],
    pages: Mapping[str, str] | None = None,
) -> Dashboard:
    """Place panels row by row, left to right, and return the dashboard's JSON model.

    ``pages`` are links to elsewhere, by what they are called.
    """
    model = (
        builder.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(schema.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(
            builder.DashboardLink("Dashboards")
            .type(schema.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )
    for name, address in (pages or {}).items():
        model = model.link(builder.DashboardLink(name).type(schema.DashboardLinkType.LINK).url(address))
    for each in variables:
        model = model.with_variable(each)
    for row, members in rows.items():
        model = model.with_row(builder.Row(row))
        for panel in members:
            model = model.with_panel(panel)
    content = _plain(model.build())
    for number, panel_model in enumerate(content["panels"], start=1):
        panel_model["id"] = number
        # What Grafana takes for granted.
        for key in ("repeatDirection", "transparent"):
            panel_model.pop(key, None)
    return Dashboard(uid, title, content)


def _plain(value: Any) -> Any:
    """Return a model of the library, or a part of it, as what JSON knows."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else _plain(value.to_json())


_SCALARS = frozenset({str, int, float, bool, type(None)})
P = TypeVar("P", graphs.Panel, stats.Panel, gauges.Panel, tables.Panel, log_lists.Panel)
N = TypeVar("N", graphs.Panel, stats.Panel, gauges.Panel)


def _source(uid: str) -> schema.DataSourceRef:
    return schema.DataSourceRef(type_val=uid, uid=uid)


def _common(panel: P, title: str, source: str) -> P:
    panel.title(title).datasource(_source(source)).height(8)
    return panel


def _target(query: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query).legend_format(legend or "__auto")


def _prometheus(panel: N, title: str, queries: Sequence[Query], unit: Unit, limit: float | None) -> N:
    _common(panel, title, datasources.PROMETHEUS).unit(unit)
    for number, (query, legend) in enumerate(queries):
        panel.with_target(_target(query, legend).ref_id(chr(ord("A") + number)))
    return panel.thresholds(_steps(FINE, *([] if limit is None else [(TOO_HIGH, limit)])))


def _steps(first: str, *further: tuple[str, float]) -> builder.ThresholdsConfig:
    steps = [schema.Threshold(color=color, value=value) for color, value in ((first, None), *further)]
    return builder.ThresholdsConfig().mode(schema.ThresholdsMode.ABSOLUTE).steps(steps)
