"""The login in front of what has none: whether it lets in who may come, and what is behind it answers."""

from __future__ import annotations

from mixins.model import Alert, Mixin, RuleGroup, Severity
from mixins.stack.prometheus import OVERVIEW
from mixins.thresholds import Thresholds

JOB = "login-proxy"
SELF = f'job="{JOB}"'
ANSWERS = "http_responses_total"


def rules(thresholds: Thresholds) -> tuple[RuleGroup, ...]:
    """Watch products that fail behind the login, and requests that it refuses."""

    def rate(by: str, metric: str, where: str = "") -> str:
        return f"sum by ({by}) (rate(haproxy_{metric}{{{SELF}{where}}}[{thresholds.window}]))"

    product = "environment, proxy"
    failed = rate(product, f"backend_{ANSWERS}", ', code="5xx"')
    refused = rate("environment, job", f"frontend_{ANSWERS}", ', proxy="entrance", code="4xx"')
    return (
        RuleGroup(
            JOB,
            (
                Alert(
                    "LoginProxyErrors",
                    expr=f"{failed} / {rate(product, f'backend_{ANSWERS}')} > {thresholds.failure_ratio}",
                    for_="10m",
                    severity=Severity.WARNING,
                    summary="Who comes through the login gets errors instead of answers.",
                    description=(
                        "{{ $labels.proxy }} fails {{ $value | humanizePercentage }} of the requests from "
                        "outside."
                    ),
                    dashboard=OVERVIEW,
                ),
                Alert(
                    "LoginProxyRefusals",
                    expr=f"{refused} > {thresholds.refusal_rate}",
                    for_="15m",
                    severity=Severity.WARNING,
                    summary="The login keeps refusing somebody: a wrong password, or one that is guessed.",
                    description=(
                        "{{ $labels.job }} refuses {{ $value | humanize }} requests per second. What a "
                        "program with a wrong password pushes is lost."
                    ),
                    dashboard=OVERVIEW,
                ),
            ),
        ),
    )


MIXIN = Mixin(name=JOB, requires=frozenset({JOB}), rules=rules)
