"""Routing as the stack file says it: who hears of what, and what is said about mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from catalogue import Service
from plan.checks import silent_alerts
from settings import Alerting, Settings, StackFileError
from settings.routes import Matcher, parse_matcher
from tests.project import load

CHAT = {"name": "chat", "webhook": {"url": "http://127.0.0.1:1/chat"}}
PAGER = {"name": "pager", "webhook": {"url": "http://127.0.0.1:1/pager"}}
NIGHT = {"name": "night", "periods": [{"times": [{"start": "22:00", "end": "24:00"}]}]}


def alerting(**settings: Any) -> Alerting:
    """Return a routing with two receivers, chat and pager."""
    return Alerting.model_validate({"receivers": [CHAT, PAGER], **settings})


def problem(**settings: Any) -> str:
    """Return the only thing that is said about a routing that is wrong."""
    config = {"observability:target": "process", "observability:alerting": json.dumps(settings)}
    with pytest.raises(StackFileError) as raised:
        load(config, [], "test")
    [text] = raised.value.problems
    return text


def goes_to(settings: Alerting, **labels: str) -> list[str]:
    return [destination.receiver for destination in settings.destinations(labels)]


def test_without_routes_the_first_receiver_hears_of_everything() -> None:
    assert goes_to(alerting(), severity="critical") == ["chat"]
    assert goes_to(alerting(defaultReceiver="pager"), severity="critical") == ["pager"]
    assert goes_to(Alerting(), severity="critical") == []


def test_the_first_route_that_matches_decides_unless_it_continues() -> None:
    routes = [
        {"match": {"team": "a"}, "receiver": "pager", "continue": True},
        {"match": {"severity": ["critical", "warning"], "team": "a"}, "receiver": "pager"},
        {"match": {"severity": "critical"}, "receiver": "pager"},
    ]
    settings = alerting(routes=routes)
    assert goes_to(settings, severity="critical", team="a") == ["pager", "pager"]
    assert goes_to(settings, severity="info", team="a") == ["pager", "chat"]
    assert goes_to(settings, severity="critical", team="b") == ["pager"]
    assert goes_to(settings, severity="warning", team="b") == ["chat"]


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ('team="a"', "a", True),
        ('team="a"', "b", False),
        ('team!="a"', "", True),
        ('team=~"a|b"', "b", True),
        ('team=~"a"', "ab", False),
        ('team!~"a.*"', "ab", False),
        (' team =~ ".+" ', "", False),
        (r'team="a\\b\"c"', r"a\b\"c".replace('\\"', '"'), True),
    ],
)
def test_matchers_mean_what_alertmanager_says(text: str, value: str, matches: bool) -> None:
    assert parse_matcher(text).matches({"team": value} if value else {}) is matches


def test_several_values_are_one_matcher_that_takes_them_literally() -> None:
    [route] = alerting(routes=[{"match": {"team": ["a.b", "c"]}, "receiver": "pager"}]).routes
    assert route.conditions == (Matcher("team", "=~", r"a\.b|c"),)
    assert not route.conditions[0].matches({"team": "axb"})


def test_a_route_changes_what_it_names_and_nothing_else() -> None:
    routes = [{"match": {"team": "a"}, "receiver": "pager", "groupWait": "0s", "groupBy": ["severity"]}]
    [found] = alerting(routes=routes, repeatInterval="4h").destinations({"team": "a"})
    assert (found.group_wait, found.group_by) == ("0s", ("severity",))
    assert (found.group_interval, found.repeat_interval) == ("5m", "4h")


@pytest.mark.parametrize("wait", ["0s", "5s", "10s", "30s"])
@pytest.mark.parametrize("repeat", ["4h", "12h"])
def test_the_usual_waits_and_repeats_are_valid(wait: str, repeat: str) -> None:
    assert alerting(groupWait=wait, repeatInterval=repeat).group_wait == wait


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"routes": [{"receiver": "chat"}]}, "alerting.routes.0: matches every alert; add match"),
        (
            {"routes": [{"match": {"severity": 1}, "receiver": "chat"}]},
            "alerting.routes.0.match.severity: use a text, or a list of texts of which one must match; got 1",
        ),
        (
            {"routes": [{"match": {"severity": []}, "receiver": "chat"}]},
            "alerting.routes.0.match.severity: use a text, or a list of texts",
        ),
        (
            {"routes": [{"matchers": ["severity=critical"], "receiver": "chat"}]},
            "alerting.routes.0.matchers.0: write a matcher as label, =, !=, =~ or !~, and a value in quotes",
        ),
        (
            {"routes": [{"matchers": ['a=~"("'], "receiver": "chat"}]},
            "alerting.routes.0.matchers.0: is not a regular expression: missing )",
        ),
        (
            {"routes": [{"matchers": ['a=~"(?!x).*"'], "receiver": "chat"}]},
            "alerting.routes.0.matchers.0: Alertmanager's regular expressions know no lookaround",
        ),
        (
            {"routes": [{"matchers": [r'a="\d"'], "receiver": "chat"}]},
            "alerting.routes.0.matchers.0: the value has a backslash that escapes nothing",
        ),
        (
            {"routes": [{"match": {"a": "b"}, "receiver": "chat", "muteTimeIntervals": ["nights"]}]},
            "alerting.routes.0.muteTimeIntervals: there is no time interval 'nights'; did you mean 'night'?",
        ),
        ({"timeIntervals": [NIGHT, NIGHT]}, "alerting.timeIntervals.1.name: 'night' is there already"),
        (
            {"timeIntervals": [{"name": "n", "periods": [{"times": [{"start": "22:00", "end": "06:00"}]}]}]},
            "timeIntervals.0.periods.0.times.0: 22:00 to 06:00 ends before it starts; across",
        ),
        (
            {"timeIntervals": [{"name": "n", "periods": [{"times": [{"start": "9:00", "end": "10:00"}]}]}]},
            "timeIntervals.0.periods.0.times.0.start: use a time in quotes from 00:00 to 24:00",
        ),
        (
            {"timeIntervals": [{"name": "n", "periods": [{"weekdays": ["saturday:sunday"]}]}]},
            "timeIntervals.0.periods.0.weekdays.0: ends before it starts (sunday comes first); write two",
        ),
        (
            {"timeIntervals": [{"name": "n", "periods": [{"weekdays": ["Sa"]}]}]},
            "timeIntervals.0.periods.0.weekdays.0: use days such as saturday or monday:friday",
        ),
        (
            {"timeIntervals": [{"name": "n", "periods": [{"location": "Berlin"}]}]},
            "timeIntervals.0.periods.0.location: use a name of the time zone database, such as Europe/Berlin",
        ),
        (
            {"inhibitions": [{"sourceMatchers": ["x"], "targetMatchers": ['a="b"']}]},
            "alerting.inhibitions.0.sourceMatchers.0: write a matcher as",
        ),
        ({"groupBy": []}, "alerting.groupBy: must not be empty"),
        ({"groupBy": ["a b"]}, "alerting.groupBy.0: use the name of a label"),
        ({"groupBy": ["...", "a"]}, "alerting.groupBy: ... stands for all labels; leave the others out"),
        ({"groupBy": ["a", "b", "a"]}, "alerting.groupBy: names a twice; once will do"),
        (
            {"defaultReceiver": "nobody"},
            "alerting.defaultReceiver: there is no receiver 'nobody'; defined are",
        ),
        (
            {"routeTests": [{"labels": {"a": "b"}, "receivers": ["pagr"]}]},
            "alerting.routeTests.0.receivers: there is no receiver 'pagr'; did you mean 'pager'?",
        ),
        (
            {"routes": [{"match": {"a": "b"}, "matchers": ['a="c"'], "receiver": "chat"}]},
            'alerting.routes.0: matches no alert: a="b" and a="c" exclude each other',
        ),
        (
            {
                "routes": [
                    {
                        "match": {"a": "b"},
                        "receiver": "chat",
                        "muteTimeIntervals": ["night"],
                        "activeTimeIntervals": ["night"],
                    }
                ]
            },
            "alerting.routes.0: never sends: 'night' is in muteTimeIntervals and in activeTimeIntervals",
        ),
        ({"timeIntervals": [{"name": "n", "periods": [{}]}]}, "periods.0: is always; say when with weekdays"),
        *(
            (
                {"timeIntervals": [{"name": "n", "periods": [{"daysOfMonth": [days]}]}]},
                f"alerting.timeIntervals.0.periods.0.daysOfMonth.0: {reason}",
            )
            for days, reason in (
                ("first", "use days such as 1, 1:5 or -3:-1"),
                ("0", "days are 1 to 31, or -1 for the last one to -31"),
                ("1:32", "days are 1 to 31"),
                ("-2:2", "begins at the end of the month and ends at its beginning"),
                ("5:1", "ends before it starts"),
                ("-1:-3", "ends before it starts"),
            )
        ),
        ({"repeatInterval": "1m"}, "alerting.repeatInterval: 1m is shorter than the groupInterval, 5m"),
        (
            {"routes": [{"match": {"a": "b"}, "receiver": "chat", "groupInterval": "1d"}]},
            "alerting.routes.0.repeatInterval: 12h is shorter than the groupInterval, 1d",
        ),
        (
            {
                "routes": [
                    {"match": {"severity": ["critical", "warning"]}, "receiver": "chat"},
                    {"match": {"severity": "critical", "team": "a"}, "receiver": "pager"},
                ]
            },
            "alerting.routes.1: never matches, routes.0 takes all its alerts; put it first",
        ),
        (
            {"routeTests": [{"labels": {"severity": "critical"}, "receivers": ["pager"]}]},
            "alerting.routeTests.0: {severity: critical} goes to chat, not to pager; correct the routes",
        ),
        ({"deadMansSwitch": {}}, "alerting.deadMansSwitch: needs one address; write url, or urlSecret"),
    ],
)
def test_each_mistake_says_where_and_what_to_write(settings: dict[str, Any], expected: str) -> None:
    found = problem(receivers=[CHAT, PAGER], **{"timeIntervals": [NIGHT], **settings})
    assert expected in found


def test_every_name_that_is_wrong_is_a_line_of_its_own() -> None:
    routes = [{"match": {"a": name}, "receiver": name} for name in ("x", "chat", "y")]
    settings = {"receivers": [CHAT, CHAT], "routes": routes}
    config = {"observability:target": "process", "observability:alerting": json.dumps(settings)}
    with pytest.raises(StackFileError) as raised:
        load(config, [], "test")
    keys = [text.split(":")[0] for text in raised.value.problems]
    assert keys == ["alerting.receivers.1.name", "alerting.routes.0.receiver", "alerting.routes.2.receiver"]


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    found = problem(receivers=[{"name": "a", "webhook": {"url": "https://me:hunter22@example.org/"}}])
    assert found.startswith("alerting.receivers.0.webhook.url: has a user or a password in it")
    assert "hunter22" not in found


@pytest.mark.parametrize("first", ["slack", "pagerduty"])
def test_a_secret_of_two_channels_must_suit_both(first: str) -> None:
    slack = {"name": "a", "slack": {"channel": "#a", "apiUrlSecret": "shared"}}
    pagerduty = {"name": "b", "pagerduty": {"routingKeySecret": "shared"}}
    receivers = [slack, pagerduty] if first == "slack" else [pagerduty, slack]
    check = Alerting.model_validate({"receivers": receivers}).secrets["shared"]
    assert check("https://hooks.example.org/" + "x" * 30).startswith("expected 32 characters")
    assert check("x" * 32).startswith("a Slack webhook URL starts with")


def test_every_failed_route_test_is_named() -> None:
    wrong = {"labels": {"severity": "critical"}, "receivers": ["pager"]}
    with pytest.raises(ValidationError) as raised:
        alerting(routeTests=[wrong, wrong])
    assert "routeTests.0" in str(raised.value)
    assert "routeTests.1" in str(raised.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"receivers": []}, ["alerts reach nobody: alerting.receivers is empty"]),
        (
            {"routes": [{"match": {"a": "b"}, "receiver": "pager"}]},
            ["nobody is told when alerting itself stops"],
        ),
        ({"deadMansSwitch": {"url": "https://w.example.org/"}}, ["no route leads to the receiver 'pager'"]),
        (
            {"routes": [{"match": {"severity": "Critical"}, "receiver": "pager"}]},
            [
                'alerting.routes.0: no alert of the stack has severity="Critical"; severities are critical, ',
                "nobody is told when alerting itself stops",
            ],
        ),
        (
            {"routes": [{"matchers": ['severity=~"critical|page"'], "receiver": "pager"}]},
            ["nobody is told when alerting itself stops"],
        ),
    ],
)
def test_what_nobody_would_hear_of_is_told(given: dict[str, Any], told: list[str]) -> None:
    settings = Settings(stack="s", target="process", alerting=alerting(**given))
    notices = silent_alerts(settings, [Service(service="s", team="storefront")])
    assert len(notices) == len(told)
    assert all(notice.startswith(text) for notice, text in zip(notices, told, strict=True))


def test_a_team_is_heard_of_by_the_receiver_that_has_its_name() -> None:
    settings = alerting(routes=[{"match": {"severity": "critical"}, "receiver": "chat"}])
    assert goes_to(settings, severity="warning", team="pager") == ["pager"]
    assert goes_to(settings, severity="critical", team="pager") == ["chat"]
    assert goes_to(settings, severity="warning", team="storefront") == ["chat"]


def test_the_receiver_of_a_team_needs_no_route() -> None:
    settings = Settings(stack="s", target="process", alerting=alerting(deadMansSwitch=CHAT["webhook"]))
    assert silent_alerts(settings, [Service(service="s", team="pager")]) == ()


def test_a_receiver_that_no_route_leads_to_is_known() -> None:
    assert alerting().unheard == ("pager",)
    assert alerting(defaultReceiver="pager").unheard == ("chat",)
    assert alerting(routes=[{"match": {"a": "b"}, "receiver": "pager"}]).unheard == ()


CANARY = "canary-Zm9vYmFy"


@pytest.mark.parametrize(
    ("settings", "secret", "value", "expected"),
    [
        (
            {"receivers": [{"name": "a", "teams": {}}]},
            "teamsWebhookUrl",
            f"http://example.org/{CANARY}",
            "teamsWebhookUrl: a Teams webhook URL starts with https://; set it with: pulumi config set",
        ),
        (
            {"receivers": [{"name": "a", "webhook": {"urlSecret": "hookUrl"}}]},
            "hookUrl",
            f"https://example.org/{CANARY} x",
            "hookUrl: contains whitespace; set it with: pulumi config set --secret hookUrl",
        ),
        (
            {"receivers": [{"name": "a", "pagerduty": {"routingKeySecret": "mainKey"}}]},
            "mainKey",
            CANARY,
            f"mainKey: expected 32 characters, got {len(CANARY)}; set it with",
        ),
        (
            {"receivers": [{"name": "a", "opsgenie": {}}]},
            "opsgenieApiKey",
            "short",
            "opsgenieApiKey: must be at least 8 characters",
        ),
        (
            {"receivers": [CHAT], "deadMansSwitch": {"urlSecret": "watchdogUrl"}},
            "watchdogUrl",
            "",
            "watchdogUrl: this secret is missing; set it with: pulumi config set --secret watchdogUrl",
        ),
    ],
)
def test_the_secret_of_each_channel_is_checked_and_never_shown(
    settings: dict[str, Any], secret: str, value: str, expected: str
) -> None:
    config = {"observability:target": "process", "observability:alerting": json.dumps(settings)}
    config |= {f"observability:{secret}": value} if value else {}
    with pytest.raises(StackFileError) as raised:
        load(config, [f"observability:{secret}"] if value else [], "test")
    [found] = raised.value.problems
    assert found.startswith(expected)
    assert CANARY not in found
