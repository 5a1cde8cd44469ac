"""The objectives of a stack as mixins: rules and dashboards like those of any technology."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from mixins.model import Dashboard, Mixin, RuleGroup
from slo import arithmetic, rules
from slo.links import ServiceLinks
from slo.model import Slo
from slo.policy import BudgetPolicy

SHARED = "slo"
"""Name of the mixin of what all objectives share; its rules are the same however many there are."""


def mixins(slos: Sequence[Slo], policy: BudgetPolicy, links: ServiceLinks) -> tuple[Mixin, ...]:
    """Return a mixin for each service with objectives, and one for what they share; none without any."""
    if not slos:
        return ()
    ordered = sorted(slos, key=lambda slo: slo.service)
    return (
        Mixin(SHARED, frozenset(), lambda _: arithmetic.groups(policy), lambda _: _dashboards(policy)),
        *(
            _of_service(service, tuple(members), policy, links)
            for service, members in groupby(ordered, key=lambda slo: slo.service)
        ),
    )


def _of_service(service: str, slos: tuple[Slo, ...], policy: BudgetPolicy, links: ServiceLinks) -> Mixin:
    groups: tuple[RuleGroup, ...] = tuple(group for slo in slos for group in rules.groups(slo, policy, links))
    return Mixin(f"slo-{service}", frozenset(), lambda _: groups)


def _dashboards(policy: BudgetPolicy) -> tuple[Dashboard, ...]:
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import slo_dashboard  # noqa: PLC0415

    return slo_dashboard.dashboards(policy)
