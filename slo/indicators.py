"""The kinds of indicators that people name instead of writing queries, as queries."""

from __future__ import annotations

from slo.model import WINDOW, Indicator

REQUESTS, DURATION = "http_requests_total", "http_request_duration_seconds"
"""Metrics that every instrumented service exports."""


def availability(matchers: str, metric: str = REQUESTS, errors: str = 'status=~"5.."') -> Indicator:
    """Count requests, and those that the server failed."""
    events = f"sum(rate({metric}{{{matchers}}}[{WINDOW}]))"
    return Indicator(events, f"sum(rate({metric}{{{matchers}, {errors}}}[{WINDOW}]))")


def latency(matchers: str, below: float, metric: str = DURATION, *, native: bool = False) -> Indicator:
    """Count requests, and those that took longer than ``below`` seconds."""
    if native:
        total = f"sum(rate({metric}{{{matchers}}}[{WINDOW}]))"
        events = f"histogram_count({total})"
        # Without events the fraction is not a number; the comparison leaves that out.
        return Indicator(events, f"({events} > 0) * (1 - histogram_fraction(0, {below:g}, {total}))")
    # Prometheus 3 writes le="1.0" where others write le="1".
    bound = f'le="{below:g}"' if "." in f"{below:g}" else f'le=~"{below:g}(\\\\.0)?"'
    good = f"sum(rate({metric}_bucket{{{matchers}, {bound}}}[{WINDOW}]))"
    all_of_them = f"sum(rate({metric}_count{{{matchers}}}[{WINDOW}]))"
    # Without that bucket nobody knows what was slow: then there are no events, and SloWithoutData says so.
    return Indicator(f"{all_of_them} and {good}", f"{all_of_them} - {good}")


def good_events(good: str, events: str, *, counts: bool = False) -> Indicator:
    """Count as failed what is not good; where no good event was ever exported, all of them."""
    return Indicator(events, f"({events}) - (({good}) or ({events}) * 0)", counts=counts)


def uptime(matchers: str, metric: str = "probe_success") -> Indicator:
    """Count probes, and those that failed."""
    probes = f"{metric}{{{matchers}}}[{WINDOW}]"
    events = f"sum(count_over_time({probes}))"
    return Indicator(events, f"{events} - sum(sum_over_time({probes}))", counts=True, unit="time")


def freshness(timestamp: str, within: float) -> Indicator:
    """Count minutes, and those in which the newest ``timestamp`` (Unix seconds) was older than ``within``."""
    stale = f"((time() - max({timestamp})) > bool {within:.0f})[{WINDOW}:1m]"
    return Indicator(f"count_over_time({stale})", f"sum_over_time({stale})", counts=True, unit="time")
