"""Counters that tell of single events."""

from __future__ import annotations


def grew(selector: str, window: str) -> str:
    """Return the query of how much a counter grew in ``window``, also where it appears with its first event.

    ``increase`` sees nothing in a counter whose first sample is already 1. Such a one counts in full where
    its target was scraped before, so that neither a new target nor a new Prometheus tells of old events.
    """
    appeared = (
        f"({selector} unless {selector} offset {window}) and on (job, instance) up offset {window} == 1"
    )
    return f"(increase({selector}[{window}]) > 0 or {appeared})"
