"""A healthy stack has nothing to say: no alert's condition holds, even before its wait is over."""

from __future__ import annotations

from tests.live.conftest import Shop, Stack, get
from tests.project import until

THE_MACHINE = {
    "HighCPUUsage", "NodeCPUExhausted", "HighMemoryUsage", "NodeMemoryExhausted", "NodeDiskSaturated",
    "DiskSpaceLow", "DiskSpaceExhausted", "NodeFilesystemFilling", "NodeMemoryKill",
    "PrometheusRuleEvaluationSlow", "TargetScrapeSlow",
}  # fmt: skip
"""What the machine that runs the tests may be blamed for, with rules evaluated every two seconds."""


def test_no_condition_holds_on_a_healthy_stack(stack: Stack, shop: Shop) -> None:
    def quiet() -> bool:
        shop.order()
        if not stack.metric("service:http_requests:rate15s > 0"):
            raise OSError("the shop's requests are not recorded yet")
        # Not the series ALERTS: what was pending when Prometheus was killed stays in it for five minutes.
        alerts = get(f"{stack.outputs['prometheus_url']}/api/v1/alerts")["data"]["alerts"]
        labels = [alert["labels"] for alert in alerts]
        if noisy := [each for each in labels if each["alertname"] not in {"Watchdog", *THE_MACHINE}]:
            raise OSError(f"these alerts have something to say: {noisy}")
        return True

    until(quiet, seconds=180, what="quiet")


def test_every_rule_is_evaluated_without_an_error(stack: Stack) -> None:
    def evaluated() -> bool:
        groups = stack.rules()
        late = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "unknown"]
        if late:
            raise OSError(f"not evaluated yet: {late}")
        wrong = {
            rule["name"]: rule["lastError"]
            for group in groups
            for rule in group["rules"]
            if rule["health"] != "ok"
        }
        assert not wrong
        return True

    until(evaluated, seconds=30, what="all rules evaluated")
