"""Who is called at night and follows the link finds on the dashboard what the alert is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mixins import datasources
from mixins.model import Severity
from tests.unit.test_mixins import ALERTS, BOARDS, RECORDS, metrics_in


def exposed(exprs: Iterable[str]) -> set[str]:
    """Return the metrics of programs behind queries; the parts of a histogram are one metric."""
    waiting, found = {name for expr in exprs for name in metrics_in(expr)}, set()
    while waiting:
        name = waiting.pop()
        behind = {read for record in RECORDS if record.record == name for read in metrics_in(record.expr)}
        waiting |= behind
        found |= set() if behind else {re.sub(r"_(bucket|count|sum)$", "", name)}
    return found


def test_an_alert_leads_to_a_dashboard_that_shows_what_it_is_about() -> None:
    shown = {
        board.uid: exposed(
            target["expr"]
            for panel in board.model["panels"]
            if panel.get("datasource", {}).get("uid") == datasources.PROMETHEUS
            for target in panel["targets"]
        )
        for board in BOARDS
    }
    elsewhere = {}
    for alert in ALERTS:
        about = exposed([alert.expr])
        # Whether a target is up belongs to many expressions and is what few are about.
        if alert.severity is not Severity.NONE and not (about - {"up"} or about) & shown[alert.dashboard]:
            elsewhere[alert.name] = alert.dashboard
    assert elsewhere == {}
