"""Caches within the services."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RecordingRule, RuleGroup, Severity
from mixins.services.database import INFRASTRUCTURE
from mixins.services.http import LEVEL
from mixins.thresholds import Thresholds


def lookups(thresholds: Thresholds) -> str:
    """Name of the recorded lookups per second by service and cache."""
    return f"service_cache:cache_lookups:rate{thresholds.window}"


def hit_ratio(thresholds: Thresholds) -> str:
    """Name of the recorded share of lookups that a cache answered, 0 to 1."""
    return f"service_cache:cache_hits:ratio_rate{thresholds.window}"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Lookups and hits of every cache."""
    level, window, asked = f"{LEVEL}, cache", thresholds.window, lookups(thresholds)
    hits = f"sum by ({level}) (rate(cache_hits_total[{window}]))"
    misses = f"sum by ({level}) (rate(cache_misses_total[{window}]))"
    return (
        RuleGroup(
            "cache",
            (
                # A cache that never missed, or never hit, has no series of the other kind.
                RecordingRule(asked, f"({hits} or {misses} * 0) + ({misses} or {hits} * 0)"),
                RecordingRule(hit_ratio(thresholds), f"({hits} or {asked} * 0) / ({asked} > 0)"),
                Alert(
                    "CacheHitRatioLow",
                    # It was better within the last day: a cache that never helps is no incident.
                    expr=(
                        f"{hit_ratio(thresholds)} < {thresholds.cache_hit_ratio} "
                        f"and max_over_time({hit_ratio(thresholds)}[1d]) >= {thresholds.cache_hit_ratio} "
                        f"and on ({level}) {asked} > 1"
                    ),
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="A cache that used to help answers few lookups.",
                    description=(
                        "The cache {{ $labels.cache }} of {{ $labels.service }} answers "
                        "{{ $value | humanizePercentage }} of its lookups."
                    ),
                    dashboard=INFRASTRUCTURE,
                ),
            ),
        ),
    )


MIXIN = Mixin(name="cache", requires=frozenset({"services"}), rules=rules)
