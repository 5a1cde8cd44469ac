"""The format of the usual Prometheus SLO generators: ``version: prometheus/v1``, and the same as a resource.

Read as it is, so that people bring their files along; more strictly than there, because a misspelt key loses
a page, and a broken template the whole rule file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from slo import promql
from slo.checks import Annotations, CountQuery, Name, Objective, Query, ScalarLabels
from slo.model import AlertOptions, Indicator, Slo
from slo.policy import Period
from units import NOT_EMPTY

VERSION, API_VERSION, KIND = "prometheus/v1", "sloth.slok.dev/v1", "PrometheusServiceLevel"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Events(_Part):
    error_query: CountQuery
    total_query: CountQuery

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if found := promql.pair_problems(self.error_query, self.total_query):
            raise ValueError(f"error_query: {found[0]}")
        return self


class _Raw(_Part):
    error_ratio_query: Query


class _Indicator(_Part):
    events: _Events | None = None
    raw: _Raw | None = None
    plugin: Any = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.plugin is not None:
            raise ValueError(
                "plugin: is a program that is not run here; write the queries it makes as events"
            )
        if (self.events is None) is (self.raw is None):
            raise ValueError("name exactly one of events and raw")
        return self

    def indicator(self) -> Indicator:
        if self.events:
            events, errors = self.events.total_query, self.events.error_query
            return Indicator(events, errors, counts=promql.counts(events))
        return Indicator(ratio=self.raw.error_ratio_query if self.raw else "", unit="time")


class _Alert(_Part):
    disable: bool = False
    labels: ScalarLabels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)


class _Alerting(_Part):
    name: str = ""
    labels: ScalarLabels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)
    page_alert: _Alert = _Alert()
    ticket_alert: _Alert = _Alert()

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not self.name and not (self.page_alert.disable and self.ticket_alert.disable):
            raise ValueError("name: is required but missing; disable both alerts where none is wanted")
        return self

    def options(self, alert: _Alert) -> AlertOptions:
        return AlertOptions(
            alert.disable,
            self.name,
            {**self.labels, **alert.labels},
            {**self.annotations, **alert.annotations},
        )


class _Slo(_Part):
    name: Name
    description: str = ""
    objective: Objective
    labels: ScalarLabels = Field(default_factory=dict)
    sli: _Indicator
    alerting: _Alerting
    plugins: Any = None

    @model_validator(mode="after")
    def _needs_no_plugins(self) -> Self:
        if self.plugins:
            raise ValueError("plugins: are programs that are not run here; remove them")
        return self


class Specification(_Part):
    """A service with its objectives."""

    version: Literal["prometheus/v1"] = "prometheus/v1"
    service: Name
    labels: ScalarLabels = Field(default_factory=dict)
    slos: Annotated[tuple[_Slo, ...], NOT_EMPTY]
    slo_plugins: Any = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.slo_plugins:
            raise ValueError("slo_plugins: are programs that are not run here; remove them")
        names = [slo.name for slo in self.slos]
        twice = (
            sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else ()
        )
        if twice:
            raise ValueError(f"slos: written twice: {', '.join(twice)}; give each a name of its own")
        return self

    def objectives(self, period: Period) -> tuple[Slo, ...]:
        """Return the objectives; the format leaves the period to whoever runs the generator."""
        return tuple(
            Slo(
                self.service,
                slo.name,
                slo.objective,
                slo.sli.indicator(),
                period,
                description=slo.description,
                page=slo.alerting.options(slo.alerting.page_alert),
                ticket=slo.alerting.options(slo.alerting.ticket_alert),
                labels={**self.labels, **slo.labels},
            )
            for slo in self.slos
        )


class _CamelPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Resource(_CamelPart):
    """The same as a Kubernetes resource, whose keys are in camelCase."""

    api_version: Literal["sloth.slok.dev/v1"]
    kind: Literal["PrometheusServiceLevel"]
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    spec: Specification


SNAKE = {
    to_camel(name): name
    for name in (
        "error_query", "total_query", "error_ratio_query", "page_alert", "ticket_alert", "slo_plugins",
    )
}  # fmt: skip
"""Keys of the resource → keys of the file."""
