"""The objectives of a stack as mixins: rules and dashboards like those of any technology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    return tuple(_mixin(name, groups, policy) for name, groups in rule_groups(slos, policy, links).items())


def _mixin(name: str, groups: tuple[RuleGroup, ...], policy: BudgetPolicy) -> Mixin:
    if name != SHARED:
        return Mixin(name, frozenset(), lambda _: groups)
    return Mixin(name, frozenset(), lambda _: groups, lambda _: _dashboards(policy))


def rule_groups(
    slos: Sequence[Slo], policy: BudgetPolicy, links: ServiceLinks
) -> Mapping[str, tuple[RuleGroup, ...]]:
    """Return the rules by the name of their mixin: what all objectives share first, then each service's."""
    if not slos:
        return {}
    ordered = sorted(slos, key=lambda slo: slo.service)
    return {
        SHARED: arithmetic.groups(policy),
        **{
            f"slo-{service}": tuple(group for slo in members for group in rules.groups(slo, policy, links))
            for service, members in groupby(ordered, key=lambda slo: slo.service)
        },
    }


def _dashboards(policy: BudgetPolicy) -> tuple[Dashboard, ...]:
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins.services import slo_dashboard  # noqa: PLC0415

    return slo_dashboard.dashboards(policy)
