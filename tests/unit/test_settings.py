"""A stack file with mistakes: every one is reported at once, in words that say what to write instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from settings import Settings, StackFileError
from tests.project import load

WEBHOOK = {"name": "oncall", "webhook": {"url": "http://127.0.0.1:5001/"}}
PAGER = {"name": "pager", "pagerduty": {}}
CHAT = {"name": "chat", "slack": {"channel": "#alerts"}}
MAIL = {"name": "mail", "email": {"to": "a@example.org", "sender": "b@example.org", "smarthost": "smtp:25"}}
CANARY = "canary-Zm9vYmFy"


def read(secrets: dict[str, str] | None = None, **config: Any) -> Settings:
    """Load a stack file given as Python values."""
    values = {"target": "process", **config, **(secrets or {})}
    texts = {f"observability:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    return load(texts, [f"observability:{key}" for key in secrets or {}], "test")


def problems(secrets: dict[str, str] | None = None, **config: Any) -> list[str]:
    """Load a stack file that is wrong and return what is said about it."""
    with pytest.raises(StackFileError) as raised:
        read(secrets, **config)
    return raised.value.problems


def test_the_shortest_stack_file_is_complete() -> None:
    settings = read()
    assert settings.environment_label == "test"
    assert settings.metrics.retention == "30d"
    assert settings.thresholds.error_ratio == 0.05


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"target": "aws"},
            'docker, podman, minikube, oke, aks, gke, gke-autopilot; got "aws"',
        ),
        ({"retentionDay": "3"}, "did you mean logs.retention or metrics.retention or traces.retention?"),
        (
            {"metrics": {"retentionn": "3d"}},
            "metrics.retentionn: unknown setting; did you mean metrics.retention?",
        ),
        (
            {"metrics": {"scrape_interval": "15s"}},
            "metrics.scrape_interval: unknown setting; did you mean metrics.scrapeInterval?",
        ),
        (
            {"metrics": {"xyz": 1}},
            "metrics.xyz: unknown setting; known here: maxSize, objectStorage, retention, scrapeInterval",
        ),
        ({"portOffset": "seven"}, 'portOffset: must be a whole number, got "seven"'),
        ({"metrics": {"retention": None}}, "metrics.retention: must be text, got null"),
        (
            {"metrics": {"retention": ""}},
            'metrics.retention: use a duration such as 30s, 5m, 12h or 15d; got ""',
        ),
        ({"metrics": {"retention": "15 days"}}, "use a duration such as 30s, 5m, 12h or 15d"),
        ({"metrics": {"retention": "0d"}}, "must be longer than 0 and at most 10y"),
        ({"metrics": {"retention": "11y"}}, "must be longer than 0 and at most 10y"),
        ({"metrics": {"retention": "1h"}}, "metrics.retention: must be at least 2h"),
        ({"logs": {"retention": "2h"}}, 'logs.retention: must be at least 24h: Loki refuses less; got "2h"'),
        ({"metrics": {"maxSize": "10G B"}}, "use a Kubernetes quantity such as 512Mi or 50Gi"),
        ({"metrics": {"storage": "0Gi"}}, "use a Kubernetes quantity such as 512Mi or 50Gi"),
        (
            {"ports": {"loki-http": 70000}},
            "ports.loki-http: should be less than or equal to 65535; got 70000",
        ),
        ({"ports": {"loki-http": 0}}, "ports.loki-http: should be greater than or equal to 1; got 0"),
        ({"ports": "9090"}, "ports: must be a mapping of keys to values"),
        ({"catalog": "catalog"}, 'catalog: must be a list, got "catalog"'),
        ({"thresholds": {"errorRatio": 5}}, "thresholds.errorRatio: should be less than 1; got 5"),
        (
            {"kubernetes": {"namespace": "kube-system"}},
            "is managed by the provider; use a namespace of your own",
        ),
        (
            {"kubernetes": {"published": ["grafana"]}},
            "kubernetes.published.0: must be one of prometheus, alertmanager, loki, jaeger, collector; got",
        ),
        (
            {"kubernetes": {"published": ["loki"], "hosts": {"loki": "https://loki.example.org"}}},
            "kubernetes.hosts.loki: use a DNS name such as prometheus.example.org",
        ),
        (
            {"kubernetes": {"published": ["loki"], "hosts": {"jaeger": "jaeger.example.org"}}},
            "hosts.jaeger: is not published; add it to kubernetes.published",
        ),
        ({"hub": {"stack": "prod"}}, "hub.stack: use the full name of a stack, such as organization/"),
        ({"spokes": ["edge", "test"]}, "spokes: 'test' is this stack's own environment; remove it"),
        (
            {"target": "gke", "profile": "ha", "spokes": ["edge"]},
            "each of the two Prometheus of the profile 'ha' would get a part of what they send",
        ),
        ({"kubernetes": {"namespace": "My_Space"}}, "lower-case letters, digits and hyphens"),
        ({"kubernetes": {"namespace": "default"}}, "kubernetes.namespace: would go with the stack"),
        ({"kubernetes": {"namespace": "n" * 56}}, "kubernetes.namespace: is too long: -gateway is added"),
        ({"kubernetes": {"host": "https://o.example.org"}}, "kubernetes.host: use a DNS name such as"),
        ({"kubernetes": {"host": "10.0.0.1"}}, "kubernetes.host: use a DNS name such as"),
        ({"kubernetes": {"host": "O.example.org"}}, "kubernetes.host: use a DNS name such as"),
        (
            {
                "kubernetes": {
                    "host": "o.example.org",
                    "published": ["loki"],
                    "hosts": {"loki": "o.example.org"},
                }
            },
            "kubernetes.hosts.loki: o.example.org is also kubernetes.host; give each its own name",
        ),
        (
            {
                "kubernetes": {
                    "host": "o.example.org",
                    "published": ["loki", "jaeger"],
                    "hosts": {"loki": "x.example.org", "jaeger": "x.example.org"},
                }
            },
            "kubernetes.hosts.jaeger: x.example.org is also the name of loki",
        ),
        (
            {"kubernetes": {"host": ".".join(["o" * 60] * 4), "published": ["alertmanager"]}},
            "is too long for DNS; give it a shorter name",
        ),
        ({"kubernetes": {"storageClass": "Fast SSD"}}, "kubernetes.storageClass: use the name of a class"),
        ({"kubernetes": {"gatewayClass": "a_b"}}, "kubernetes.gatewayClass: use the name of a class"),
        (
            {"kubernetes": {"gatewayClass": "a", "ingressClass": "b"}},
            "kubernetes.ingressClass: gatewayClass is another way in; keep one of them",
        ),
        ({"kubernetes": {"ingressClass": "a"}}, "kubernetes.ingressNamespace: is required with ingressClass"),
        ({"kubernetes": {"ingressNamespace": "a"}}, "kubernetes.ingressNamespace: is of no use with ingress"),
        (
            {"kubernetes": {"ingressClass": "a", "ingressNamespace": "B"}},
            "kubernetes.ingressNamespace: use the name of a namespace",
        ),
        (
            {"kubernetes": {"ingressClass": "gce-internal", "ingressNamespace": "a"}},
            "kubernetes.ingressClass: 'gce-internal' is not supported",
        ),
        ({"kubernetes": {"gatewayClass": "gke-l7-rilb"}}, "kubernetes.gatewayClass: 'gke-l7-rilb' is not"),
        ({"kubernetes": {"teams": {"shop": ""}}}, "kubernetes.teams.shop: must not be empty"),
        ({"kubernetes": {"teams": {"Shop": "a"}}}, "kubernetes.teams.Shop: use lower-case letters"),
        (
            {"kubernetes": {"monitors": "found", "monitorLabels": {"-a/b": "c"}}},
            "kubernetes.monitorLabels.-a/b: use the name of a label of Kubernetes",
        ),
        (
            {"kubernetes": {"monitorLabels": {"a": "c"}}},
            "kubernetes.monitorLabels: choose among the objects that monitors are not to honour",
        ),
        (
            {"kubernetes": {"monitors": "found", "monitorSecrets": True}},
            "kubernetes.monitorSecrets: are about the operator that monitors: installed brings",
        ),
        ({"traces": {"queue": {"brokers": ["a:1"]}}}, "traces.queue: needs a store behind it"),
        ({"dashboards": {"username": "a\n[security]"}}, "dashboards.username: use letters, digits and"),
        (
            {"dashboards": {"database": {"address": "db:5432", "name": "a;b"}}},
            "dashboards.database.name: use letters, digits and . _ @ + ~ -",
        ),
        (
            {"traces": {"store": {"kind": "opensearch", "address": "s:9200", "username": "${env:X}"}}},
            "traces.store.username: use letters, digits and . _ @ + ~ -",
        ),
        (
            {"traces": {"store": {"kind": "opensearch", "address": "s:9200", "name": "Jaeger"}}},
            "traces.store.name: use lower-case letters, digits and . _ -",
        ),
        (
            {"metrics": {"objectStorage": {"bucket": "acme", "retentionOfHours": "30d"}}},
            "metrics.objectStorage.retentionOfHours: must be no shorter than retentionOfMinutes",
        ),
        ({"loginPassword": CANARY}, "loginPassword: nothing uses this secret; remove it with: pulumi"),
        ({"runbooks": ""}, "runbooks: should have at least 1 character"),
        ({"metrics": {"scrapeInterval": "1ms"}}, "metrics.scrapeInterval: must be at least 1s"),
        ({"metrics": {"scrapeInterval": "5m"}}, "metrics.scrapeInterval: must be at most 2m"),
        (
            {"docker": {"bindAddress": "0.0.0.0"}},
            "docker.bindAddress: would expose Prometheus without a password; name one address of this",
        ),
        ({"docker": {"bindAddress": "localhost"}}, "docker.bindAddress: use an IPv4 address of this machine"),
        ({"docker": {"subnet": "172.20.0.0/28"}}, "docker.subnet: is too small for the stack"),
        ({"docker": {"subnet": "172.20.0.0"}}, "docker.subnet: use an address range such as 172.20.0.0/16"),
        (
            {"docker": {"subnet": "172.20.0.7/16"}},
            "docker.subnet: has bits beyond its prefix; write 172.20.0.0/16",
        ),
        ({"docker": {"subnet": "8.8.0.0/16"}}, "docker.subnet: is not a private range"),
        ({"docker": {"subnet": "a network"}}, "docker.subnet: use an address range such as 172.20.0.0/16"),
        (
            {"docker": {"monitoredNetworks": ["my shop"]}},
            "docker.monitoredNetworks.0: use a name that docker network ls shows, such as shop_default; got",
        ),
        ({"docker": {"dataRoot": "docker"}}, "docker.dataRoot: use a whole path with no slash at its end"),
        (
            {"docker": {"containerdSocket": "/run/a\0b"}},
            "docker.containerdSocket: use a whole path with no slash at its end",
        ),
        (
            {"docker": {"host": "var/run/docker.sock"}},
            'docker.host: use the engine\'s address, unix:///var/run/docker.sock; got "var/run/docker.sock"',
        ),
        ({"docker": {"host": "unix:///a b"}}, "docker.host: use the engine's address"),
        ({"dataDirectory": "/srv/*"}, "dataDirectory: use a path without * ? [ ] { }"),
        ({"dataDirectory": "/srv/a\0b"}, "dataDirectory: use a path without * ? [ ] { }"),
        (
            {"dataDirectory": "~nobody-of-that-name/data"},
            "dataDirectory: nobody of that name has a home here; write the whole path; got",
        ),
        ({"images": {"registry": "https://mirror.example.org"}}, "images.registry: use a host with a path"),
        ({"images": {"registry": "mirror.example.org/"}}, "images.registry: use a host with a path"),
        ({"images": {"digests": "perhaps"}}, 'images.digests: must be true or false, got "perhaps"'),
        (
            {"alerting": {"receivers": [{"name": "a", "webhook": {"url": "http://a/ "}}]}},
            "alerting.receivers.0.webhook.url: has leading or trailing whitespace",
        ),
        ({"alerting": {"receivers": [{"name": "a", "webhook": {"url": "a.org"}}]}}, "use an absolute URL"),
        ({"alerting": {"receivers": [{"name": "a"}]}}, "receiver 'a' has no channel"),
        (
            {"alerting": {"receivers": [WEBHOOK, WEBHOOK]}},
            "alerting.receivers.1.name: 'oncall' is there already",
        ),
        (
            {"alerting": {"receivers": [WEBHOOK], "routes": [{"match": {"team": "x"}, "receiver": "y"}]}},
            "alerting.routes.0.receiver: there is no receiver 'y'; defined are: oncall",
        ),
        (
            {"alerting": {"receivers": [WEBHOOK], "defaultReceiver": "z"}},
            "alerting.defaultReceiver: there is no receiver 'z'",
        ),
        (
            {"alerting": {"receivers": [{**MAIL, "email": {**MAIL["email"], "smarthost": "smtp"}}]}},  # type: ignore[dict-item]
            "alerting.receivers.0.email.smarthost: use host:port",
        ),
        (
            {"alerting": {"receivers": [CHAT]}},
            "slackApiUrl: this secret is missing; set it with: pulumi config set",
        ),
        (
            {"grafanaPassword": CANARY},
            "grafanaPassword: is stored in plain text; set it with: pulumi config set",
        ),
    ],
)
def test_each_mistake_says_where_and_what_to_write(config: dict[str, Any], expected: str) -> None:
    found = problems(**config)
    assert any(expected in problem for problem in found), found
    assert len(found) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.20", "10.0.0.1"])
def test_every_address_but_all_of_them_may_be_published_on(address: str) -> None:
    assert read(docker={"bindAddress": address}).docker.bind_address == address


def test_all_mistakes_are_reported_at_once() -> None:
    found = problems(
        target="aws",
        retentionDay="3",
        metrics={"retention": "15 days", "scrapeIntervall": "15s"},
        logs={"retention": "2h"},
        portOffset="seven",
        ports={"loki-http": 70000},
        alerting={"receivers": [{"name": "a b", "webhook": {"url": "ftp:/"}}]},
        thresholds={"errorRatio": 5},
        catalog="x",
    )
    assert len(found) == 11
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("secrets", "receiver", "expected"),
    [
        ({"grafanaPassword": "short"}, WEBHOOK, "grafanaPassword: must be at least 8 characters"),
        (
            {"slackApiUrl": f"https://hooks/{CANARY}\n"},
            CHAT,
            "slackApiUrl: has leading or trailing whitespace",
        ),
        ({"slackApiUrl": f"hooks/{CANARY}"}, CHAT, "a Slack webhook URL starts with https://"),
        ({"pagerdutyRoutingKey": CANARY}, PAGER, "expected 32 characters, got 15"),
        (
            {"slackApiUrl": CANARY},
            WEBHOOK,
            "slackApiUrl: nothing uses this secret; remove it with: pulumi config rm slackApiUrl",
        ),
        ({"target": CANARY}, WEBHOOK, "target: is not a secret setting; set it again without --secret"),
    ],
)
def test_a_bad_secret_is_named_but_never_shown(
    secrets: dict[str, str], receiver: dict[str, Any], expected: str
) -> None:
    found = problems(secrets, alerting={"receivers": [receiver]})
    assert any(expected in problem for problem in found), found
    assert CANARY not in "\n".join(found)


def test_a_plain_text_secret_is_not_echoed() -> None:
    assert CANARY not in "\n".join(problems(grafanaPassword=CANARY))


def test_good_secrets_are_accepted() -> None:
    settings = read(
        {"slackApiUrl": "https://hooks.example.org/x", "pagerdutyRoutingKey": "k" * 32},
        alerting={"receivers": [CHAT, PAGER]},
    )
    assert settings.alerting.secret_keys == ("slackApiUrl", "pagerdutyRoutingKey")


def test_configuration_of_other_projects_is_left_alone() -> None:
    texts = {"observability:target": "process", "aws:region": "x"}
    assert load(texts, [], "test").target == "process"


def test_a_project_that_is_nearly_ours_is_a_mistake() -> None:
    with pytest.raises(StackFileError) as raised:
        load({"observability:target": "process", "Observabilty:metrics": "{}"}, [], "test")
    said = "Observabilty:metrics: belongs to no project here; did you mean observability:metrics?"
    assert raised.value.problems == [said]


def test_while_receivers_cannot_be_read_no_secret_is_called_unknown() -> None:
    found = problems(
        {"slackApiUrl": "https://hooks.example.org/x"}, alerting={"receivers": [CHAT], "groupWait": "0.5s"}
    )
    assert len(found) == 1
    assert found[0].startswith("alerting.groupWait: use a duration")


def test_passwords_of_the_login_are_for_stacks_that_have_one() -> None:
    published = {"kubernetes": {"host": "o.example.org", "published": ["loki"]}}
    read({"pushPassword": "a password of one line"}, **published)
    assert problems({"pushPassword": f"two\nlines {CANARY}"}, **published) == [
        (
            "pushPassword: contains a line break or another character that cannot be typed; "
            "set it with: pulumi config set --secret pushPassword"
        )
    ]
    assert problems({"loginPassword": CANARY}) == [
        "loginPassword: nothing uses this secret; remove it with: pulumi config rm loginPassword"
    ]
