"""Whether the cluster has the Prometheus Operator, and objects of teams that are meant for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kubernetes.client import ApiClient, ApiextensionsV1Api, CustomObjectsApi

from runtimes.kubernetes.site import Site
from scraping.kubernetes_monitors import GROUP, OPERATED, TEAMS

_KEY = "kubernetes.monitors"


def problems(connection: ApiClient, ask: Callable[..., Any], site: Site, remarks: list[str]) -> Iterator[str]:
    """Yield why teams' objects could not be honoured as the settings want; where ignored, remark them."""
    match site.settings.kubernetes.monitors:
        case "found":
            yield from _missing(connection, ask)
        case "installed":
            yield from _somebody_elses(connection, ask, site)
        case _:
            if written := _written(connection, ask):
                remarks.append(
                    f"the cluster has {', '.join(written)}, which this stack does not read; set {_KEY}"
                )


def _missing(connection: ApiClient, ask: Callable[..., Any]) -> Iterator[str]:
    served = {version: _kinds(connection, ask, version) for version in ("v1", *OPERATED.values())}
    wanted = {**dict.fromkeys(TEAMS, "v1"), **OPERATED}
    if missing := [kind for kind, version in wanted.items() if kind not in served[version]]:
        yield (
            f"{_KEY}: no Prometheus Operator is found: the cluster does not know {', '.join(missing)} of "
            f"{GROUP}; write installed, or install one with these kinds"
        )


def _somebody_elses(connection: ApiClient, ask: Callable[..., Any], site: Site) -> Iterator[str]:
    """Yield where another has brought the definitions: two operators would act on the same objects."""
    found = ask(ApiextensionsV1Api(connection).read_custom_resource_definition, f"servicemonitors.{GROUP}")
    ours = site.labels("prometheus-operator")
    if found and not ours.items() <= (found.metadata.labels or {}).items():
        yield f"{_KEY}: the cluster has the definitions of another Prometheus Operator; write found"


def _written(connection: ApiClient, ask: Callable[..., Any]) -> list[str]:
    known = _kinds(connection, ask, "v1")
    api = CustomObjectsApi(connection)
    return [
        kind
        for kind in TEAMS
        if kind in known
        and (listed := ask(api.list_cluster_custom_object, GROUP, "v1", kind, limit=1))
        and listed["items"]
    ]


def _kinds(connection: ApiClient, ask: Callable[..., Any], version: str) -> set[str]:
    """Return the kinds of objects that the cluster knows of a version of the operator's API."""
    answer = ask(CustomObjectsApi(connection).get_api_resources, GROUP, version)
    return {resource.name for resource in answer.resources} if answer else set()
