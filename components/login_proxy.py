"""HAProxy in front of what has no login: people read, programs push, everything else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NotRequired, TypedDict

import pulumi

import versions
from placement import PORTS, Placement
from runtimes import Runtime
from workload import Probe, Resources, Workload

NAME = "login-proxy"
PEOPLE, PROGRAMS = "viewer", "push"
"""Names of the two users, and of the groups that they are in."""
_USERS = "users.cfg"
_NOTHING = "^$"


@dataclass(frozen=True)
class Access:
    """What of a product is let through, as regular expressions of paths."""

    port: str = "http"
    reads: str = _NOTHING
    """What people may GET."""
    hidden: str = _NOTHING
    """What of that nobody may."""
    asks: str = _NOTHING
    """What people may POST or DELETE: queries too long for an address, and silences."""
    pushes: str = _NOTHING
    """What programs may POST."""


# Whatever answers without changing anything may be read, except profiles, which cost a processor.
_PAGES, _PROFILES = "^/", "^/debug(/|$)"
ACCESS: Mapping[str, Access] = {
    "prometheus": Access(
        reads=_PAGES,
        hidden=_PROFILES,
        asks=r"^/api/v1/(query|query_range|query_exemplars|format_query|parse_query|series|labels|read)$",
        pushes=r"^/api/v1/(write|otlp/v1/metrics)$",
    ),
    "alertmanager": Access(reads=_PAGES, hidden=_PROFILES, asks=r"^/api/v2/(silences|silence/[0-9a-f-]+)$"),
    # Some of Loki's other pages stop it when they are asked for.
    "loki": Access(
        reads=r"^/(ready|loki/api/v1(/[A-Za-z0-9_-]+)+)$",
        asks=r"^/loki/api/v1/(query|query_range|labels|series|patterns|index/(stats|volume|volume_range))$",
        pushes=r"^/(loki/api/v1/push|otlp/v1/logs)$",
    ),
    "jaeger": Access(reads=_PAGES),
    "collector": Access("otlp-http", pushes=r"^/v1/(traces|metrics|logs)$"),
}
"""Product without a login → what is let through to it."""
READ_INSTEAD: Mapping[str, str] = {"prometheus": "thanos-query"}
"""Product → the one that people read in its place where it runs: each of several has a part of the answer."""


class LoginProxyContent(TypedDict):
    """What the proxy leads to."""

    hosts: Mapping[str, str]
    """Product → DNS name under which it is asked for."""
    instead: NotRequired[Mapping[str, str]]
    """Product → the one that people read in its place; what programs push still goes to the product."""


class LoginProxyArgs(LoginProxyContent):
    """What the proxy needs to know."""

    password: pulumi.Input[str]
    """Password of the people, whose name is `PEOPLE`."""
    push_password: pulumi.Input[str]
    """Password of the programs, whose name is `PROGRAMS`."""


class LoginProxy(pulumi.ComponentResource):
    """Asks who comes from outside for a name and a password."""

    def __init__(
        self, name: str, args: LoginProxyArgs, runtime: Runtime, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("observability:index:LoginProxy", name, None, opts)
        runtime.deploy(workload(args, runtime.placement), parent=self)
        self.register_outputs({})


def workload(args: LoginProxyArgs, placement: Placement) -> Workload:
    """Return the proxy; who may log in is a file of its own, a secret."""
    instead = args.get("instead", {})
    passwords = pulumi.Output.all(args["password"], args["push_password"])
    return Workload(
        name=NAME,
        image=versions.HAPROXY,
        arguments=(
            "-db",
            "-f",
            f"{placement.config(NAME)}/haproxy.cfg",
            "-f",
            placement.secret(NAME, _USERS),
        ),
        ports=PORTS[NAME],
        probe=Probe("http", "/health"),
        resources=Resources("50m", "500m", "64Mi", "128Mi"),
        files={"haproxy.cfg": configuration(args["hosts"], placement, instead)},
        secrets={_USERS: passwords.apply(lambda known: users(*known))},
        replicas=len(placement.replicas(NAME)) or 1,
        # It looks their addresses up once, when it starts.
        needs=(*args["hosts"], *instead.values()),
    )


def users(password: str, push_password: str) -> str:
    """Return the file of who may log in.

    The passwords are as they are: who reads this file finds them in the same Secret anyway, and a hash slow
    enough to protect a password would cost its time at every one of the programs' requests.
    """
    lines = [f"    group {name}" for name in (PEOPLE, PROGRAMS)] + [
        f"    user {name} insecure-password {_quoted(value)} groups {name}"
        for name, value in ((PEOPLE, password), (PROGRAMS, push_password))
    ]
    return "\n".join(("userlist known", *lines, ""))


def _quoted(value: str) -> str:
    """Return a text as one word of the configuration, nothing of which means anything else."""
    return "'" + value.replace("'", r"'\''") + "'"


def configuration(
    hosts: Mapping[str, str], placement: Placement, instead: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return ``haproxy.cfg``."""
    sections = {
        "global": ("log stdout format raw daemon info", "maxconn 500", "nbthread 2"),
        "defaults": (
            "mode http",
            "timeout connect 5s",
            "timeout http-request 10s",
            "timeout client 1m",
            # Longer than the longest query that a product answers.
            "timeout server 3m",
            # Who follows log lines may see none for a long time.
            "timeout tunnel 1h",
        ),
        "frontend entrance": _entrance(hosts, placement),
        "frontend metrics": (
            f"bind {placement.listen(NAME, 'metrics')}",
            "http-request use-service prometheus-exporter if { path /metrics }",
            "http-request deny deny_status 404",
        ),
        **{f"backend {product}": _backend(product, instead.get(product), placement) for product in hosts},
    }
    return "\n".join(
        f"{name}\n" + "".join(f"    {line}\n" for line in lines) for name, lines in sections.items()
    )


def _entrance(hosts: Mapping[str, str], placement: Placement) -> tuple[str, ...]:
    """Return who is let in, and where to; a log line for everything but what programs pushed."""
    said = {"host": "txn.host", "user": "txn.user", "path": "txn.path"}
    fields = [f'"{name}":"%[var({variable}),json(utf8s)]"' for name, variable in said.items()]
    line = ",".join(('"level":"info"', *fields, '"method":"%HM"', '"status":%ST', '"milliseconds":%Ta'))
    return (
        f"bind {placement.listen(NAME, 'http')}",
        "monitor-uri /health",
        "log global",
        "option dontlognull",
        f"log-format '{{{line}}}'",
        "http-request set-var(txn.host) req.hdr(host),field(1,:),lower",
        "http-request set-var(txn.path) path",
        *(f"acl for-{product} var(txn.host) -m str '{host.lower()}'" for product, host in hosts.items()),
        f"http-request deny deny_status 404 unless {' or '.join(f'for-{product}' for product in hosts)}",
        "http-request auth realm observability unless { http_auth(known) }",
        *(
            f"http-request set-var(txn.user) str({name}) if {{ http_auth_group(known) {name} }}"
            for name in (PEOPLE, PROGRAMS)
        ),
        *(f"use_backend {product} if for-{product}" for product in hosts),
    )


def _backend(product: str, read: str | None, placement: Placement) -> tuple[str, ...]:
    """Return what is let through to a product, or where people ``read`` instead; neither sees a password."""
    access = ACCESS[product]
    return (
        f"acl viewer var(txn.user) -m str {PEOPLE}",
        f"acl program var(txn.user) -m str {PROGRAMS}",
        "acl get method GET HEAD",
        "acl post method POST",
        "acl delete method DELETE",
        f"acl readable path_reg '{access.reads}'",
        f"acl hidden path_reg '{access.hidden}'",
        f"acl question path_reg '{access.asks}'",
        f"acl intake path_reg '{access.pushes}'",
        "acl allowed var(txn.allowed) -m bool",
        "http-request set-var(txn.allowed) bool(true) if viewer get readable !hidden",
        "http-request set-var(txn.allowed) bool(true) if viewer post question or viewer delete question",
        "http-request set-var(txn.allowed) bool(true) if program post intake",
        "http-request deny deny_status 403 unless allowed",
        "http-request set-log-level silent if program",
        "http-request del-header Authorization",
        *(() if read is None else (f"use-server {read} if viewer", f"use-server {product} if program")),
        *(f"server {name} {placement.address(name, access.port)}" for name in (product, read) if name),
    )
