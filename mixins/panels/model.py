"""The parts of Grafana's JSON model that the dashboards use, as types; the other modules fill them in.

The tests read every dashboard with Grafana's own library, which must write the same again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, NotRequired, TypedDict

from mixins import datasources

WIDTH = 24
"""Columns of Grafana's grid."""
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


class Source(TypedDict):
    """A data source, by its kind and its name."""

    type: str
    uid: str


METRICS: Source = {"type": datasources.PROMETHEUS, "uid": datasources.PROMETHEUS}
LOGS: Source = {"type": datasources.LOKI, "uid": datasources.LOKI}


class Target(TypedDict):
    """A query of a panel."""

    expr: str
    """PromQL or LogQL."""
    refId: str
    """Letter of the query, unique in its panel."""
    legendFormat: NotRequired[str]
    format: NotRequired[Literal["table"]]
    instant: NotRequired[bool]
    """Whether only the newest values are asked for."""
    range: NotRequired[bool]


class Step(TypedDict):
    """From which value on which colour is shown."""

    color: Literal["red", "green"]
    value: float | None
    """None for everything below the other steps."""


class Steps(TypedDict):
    """The colours of a panel's values."""

    mode: Literal["absolute"]
    steps: list[Step]


class Link(TypedDict):
    """Where a click leads: an address, or a list of dashboards that have the same tags."""

    asDropdown: bool
    icon: str
    includeVars: bool
    keepTime: bool
    tags: list[str]
    targetBlank: bool
    title: str
    tooltip: str
    type: Literal["link", "dashboards"]
    url: NotRequired[str]


class Defaults(TypedDict, total=False):
    """How the values of a panel are shown."""

    unit: Unit
    min: float
    max: float
    thresholds: Steps
    links: list[Link]
    custom: dict[str, Any]
    """What only this kind of panel knows."""


class FieldConfig(TypedDict):
    """How the values of a panel are shown, and those that are shown otherwise."""

    defaults: Defaults
    overrides: list[Any]


class Place(TypedDict):
    """Height, width and place in the grid of 24 columns."""

    h: int
    w: int
    x: int
    y: int


class Panel(TypedDict):
    """One panel, or the heading of a row."""

    type: Literal["timeseries", "stat", "gauge", "table", "logs", "row"]
    title: str
    gridPos: Place
    id: NotRequired[int]
    """Number of the panel, unique in its dashboard."""
    datasource: NotRequired[Source]
    targets: NotRequired[list[Target]]
    fieldConfig: NotRequired[FieldConfig]
    options: NotRequired[Mapping[str, Any]]
    transformations: NotRequired[list[dict[str, Any]]]
    collapsed: NotRequired[bool]
    panels: NotRequired[list[Any]]
    """Those of a collapsed row."""


class Variable(TypedDict):
    """A drop-down above the panels, filled by a query."""

    type: Literal["query"]
    name: str
    label: str
    datasource: Source
    query: str
    allValue: str
    allowCustomValue: bool
    auto: bool
    auto_count: int
    auto_min: str
    current: dict[str, str | bool]
    includeAll: bool
    multi: bool
    refresh: int
    """2: whenever the time range changes."""
    skipUrlSync: bool
    sort: int
    """1: by the alphabet."""
