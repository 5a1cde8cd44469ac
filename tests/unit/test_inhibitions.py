"""The alerts that hold back others, and those they hold back, are alerts that there are."""

from __future__ import annotations

import re

from components.alertmanager_inhibitions import OWN, inhibit_rules
from mixins.model import Alert
from mixins.shipped import MIXINS
from mixins.thresholds import Thresholds
from settings import Alerting

RULES = [rule for mixin in MIXINS for group in mixin.rules(Thresholds()) for rule in group.rules]
SEVERITIES = {rule.name: rule.severity.value for rule in RULES if isinstance(rule, Alert)}
OF_CLUSTERS = ("Pod", "Deployment", "Kubernetes")


def names(matchers: tuple[str, ...]) -> set[str]:
    found = [re.fullmatch(r'alertname(?:=|=~|!~)"(.+)"', matcher) for matcher in matchers]
    return {name for match in found if match for name in match[1].split("|")}


def test_every_name_is_one_of_an_alert() -> None:
    named = {name for rule in OWN for name in names(rule.source) | names(rule.target)}
    assert "TargetDown" in named
    watched = any(name.startswith("Kubernetes") for name in SEVERITIES)
    expected = {name for name in named if watched or not name.startswith(OF_CLUSTERS)}
    # Described with the fleet of containers.
    assert expected - set(SEVERITIES) <= {"ContainerCPUThrottled"}


def test_a_warning_never_holds_back_a_critical_alert() -> None:
    for rule in OWN:
        sources = {SEVERITIES.get(name, "warning") for name in names(rule.source)}
        pages = {'severity="critical"', 'slo_severity="page"'}
        surely_critical = bool(pages & set(rule.source)) or sources == {"critical"}
        spared = any(
            m in rule.target for m in ('severity!="critical"', 'severity=~"warning|info"', 'severity="info"')
        )
        if names(rule.source) != {"KubernetesNodeNotReady"}:
            assert surely_critical or spared, rule


def test_rules_of_the_stack_file_come_last_and_stay_in_their_environment() -> None:
    given = {"sourceMatchers": ['a="b"'], "targetMatchers": ['c="d"'], "equal": ["zone"]}
    rules = inhibit_rules(Alerting.model_validate({"inhibitions": [given]}))
    assert rules[-1] == {
        "source_matchers": ['a="b"'],
        "target_matchers": ['c="d"'],
        "equal": ["environment", "zone"],
    }
    assert len(rules) == len(OWN) + 1
