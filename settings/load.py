"""What a stack file may say about how much arrives."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.section import Section

_Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Load(Section):
    """How much arrives on an ordinary day; what is not said is not reckoned with."""

    samples_per_second: _Rate = 0
    """Samples that Prometheus takes in, per second: targets x series each / ``metrics.scrapeInterval``."""
    log_gigabytes_per_day: _Rate = 0
    """Log lines, gigabytes (10^9 bytes) a day as they are written."""
    spans_per_second: _Rate = 0
    """Spans that Jaeger keeps, per second: after sampling."""
