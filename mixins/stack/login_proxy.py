"""The login in front of what has none: whether it lets in who may come, and what is behind it answers."""

from __future__ import annotations

from mixins.model import Alert, Dashboard, Mixin, RuleGroup, Severity
from mixins.thresholds import Thresholds

JOB = "login-proxy"
"""Its scrape job; also the UID of its dashboard."""
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
                    dashboard=JOB,
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
                    dashboard=JOB,
                ),
            ),
        ),
    )


def dashboards(thresholds: Thresholds) -> tuple[Dashboard, ...]:
    """Return the dashboard of the requests from outside."""
    # Imported here because a stack without Grafana needs no dashboard library.
    from mixins import panels  # noqa: PLC0415

    def rate(by: str, metric: str, where: str = "") -> str:
        chosen = f'{SELF}, environment=~"$environment"{where}'
        return f"sum by ({by}) (rate(haproxy_{metric}{{{chosen}}}[{thresholds.window}]))"

    answers, failed = (rate("proxy", f"backend_{ANSWERS}", code) for code in ("", ', code="5xx"'))
    entrance = rate("code", f"frontend_{ANSWERS}", ', proxy="entrance"')
    refused = rate("job", f"frontend_{ANSWERS}", ', proxy="entrance", code="4xx"')
    return (
        panels.dashboard(
            JOB,
            "Login proxy",
            "The login in front of what has none: requests from outside, refusals, and errors behind it.",
            variables=(panels.environment(),),
            rows={
                "Requests from outside": (
                    panels.timeseries("Answers by status", [(entrance, "{{code}}")], panels.Unit.REQUESTS),
                    panels.timeseries(
                        "Requests refused",
                        [(refused, "{{job}}")],
                        panels.Unit.REQUESTS,
                        limit=thresholds.refusal_rate,
                    ),
                    panels.timeseries("Requests by product", [(answers, "{{proxy}}")], panels.Unit.REQUESTS),
                    panels.timeseries(
                        "Error ratio by product",
                        [(f"{failed} / ({answers} > 0)", "{{proxy}}")],
                        panels.Unit.RATIO,
                        limit=thresholds.failure_ratio,
                    ),
                ),
            },
        ),
    )


MIXIN = Mixin(name=JOB, requires=frozenset({JOB}), rules=rules, dashboards=dashboards)
