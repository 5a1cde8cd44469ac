"""What a stack file may say about the stack that it feeds."""

from __future__ import annotations

from typing import Annotated

from settings.section import Section
from units import matching


class Hub(Section):
    """Another stack of this program, which stores what this one sends it beside its own."""

    stack: Annotated[
        str,
        matching(
            r"[\w.-]+/[\w.-]+/[\w.-]+",
            "use the full name of a stack, such as organization/observability/prod",
        ),
    ]
    """Its full name, ``organization/project/stack``; the organization of a state in a folder or a bucket is
    called ``organization``."""
