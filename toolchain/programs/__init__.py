"""Every program with its pinned versions: the one place to change when one is updated."""

from __future__ import annotations

from toolchain.model import Program
from toolchain.programs.stack import (
    ALERTMANAGER,
    GRAFANA,
    JAEGER,
    LOKI,
    NODE_EXPORTER,
    OTELCOL,
    PROMETHEUS,
    PULUMI,
)
from toolchain.programs.testing import (
    ACTIONLINT,
    BLACKBOX_EXPORTER,
    COREDNS,
    KUBE_STATE_METRICS,
    KUBERNETES,
    PROMETHEUS_OPERATOR,
    THANOS,
)

PROGRAMS = (
    PULUMI,
    NODE_EXPORTER,
    ALERTMANAGER,
    PROMETHEUS,
    JAEGER,
    OTELCOL,
    LOKI,
    GRAFANA,
    BLACKBOX_EXPORTER,
    ACTIONLINT,
    KUBERNETES,
    COREDNS,
    KUBE_STATE_METRICS,
    THANOS,
    PROMETHEUS_OPERATOR,
)
"""In the order of set-up: what is quickly built comes first."""


def owner_of(name: str) -> Program:
    """Return the program of this name, or the one that a tool of this name belongs to."""
    for program in PROGRAMS:
        if name == program.name or name in program.binaries:
            return program
    known = ", ".join(program.name for program in PROGRAMS)
    raise KeyError(f"{name!r} is not a program of the toolchain; known: {known}")
