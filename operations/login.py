"""How operations open a stack's own addresses: directly, and with what its login asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPPasswordMgrWithPriorAuth,
    OpenerDirector,
    ProxyHandler,
    build_opener,
)

_PUSHED_TO = ("prometheus_remote_write_url", "loki_push_url", "otlp_http_endpoint")
_READ = ("prometheus_url", "alertmanager_url", "loki_url", "jaeger_url")


def opener(outputs: Mapping[str, Any]) -> OpenerDirector:
    """Return what opens the addresses among a stack's outputs; their secrets must not be masked."""
    known = HTTPPasswordMgrWithPriorAuth()
    # The first that matches decides, and what is pushed to is below what is read.
    for who, names in (("push", _PUSHED_TO), ("login", _READ)):
        user, password = outputs.get(f"{who}_username"), outputs.get(f"{who}_password")
        addresses = [str(outputs[name]) for name in names if name in outputs]
        if user and password and addresses:
            known.add_password(None, addresses, str(user), str(password), is_authenticated=True)
    return build_opener(ProxyHandler({}), HTTPBasicAuthHandler(known))
