"""Kubernetes' own API: what the tests and the stand-in ask a cluster for."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import yaml

Object = Mapping[str, Any]
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class KubernetesError(Exception):
    """The API server refused; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Kubernetes:
    """The cluster of a kubeconfig's current context, whose user has a token."""

    kubeconfig: Path

    @cached_property
    def _client(self) -> httpx.Client:
        file = yaml.safe_load(self.kubeconfig.read_text(encoding="utf-8"))
        context = _named(file, "contexts", "context", file["current-context"])
        cluster = _named(file, "clusters", "cluster", context["cluster"])
        token = _named(file, "users", "user", context["user"])["token"]
        return httpx.Client(
            base_url=cluster["server"],
            verify=ssl.create_default_context(cafile=cluster["certificate-authority"]),
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    @cached_property
    def _resources(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {}

    def request(
        self, method: str, path: str, body: object = None, kind: str = "application/json", **query: str
    ) -> httpx.Response:
        """Return an answer; raise `KubernetesError` where it is an error, `OSError` where there is none."""
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = self._client.request(
                method, path, content=content, params=query, headers={"Content-Type": kind}
            )
        except httpx.TransportError as error:
            raise OSError(f"{self.kubeconfig}: {error}") from None
        if answer.is_error:
            raise KubernetesError(answer.status_code, _message(answer))
        return answer

    def get(self, path: str, **query: str) -> Any:
        """Return an answer's JSON."""
        return self.request("GET", path, **query).json()

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Return the address of the objects of a kind, or of one of them."""
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        resource = self._resource(root, kind)
        inside = f"/namespaces/{namespace or 'default'}" if resource["namespaced"] else ""
        return f"{root}{inside}/{resource['name']}{f'/{name}' if name else ''}"

    def _resource(self, root: str, kind: str) -> dict[str, Any]:
        if (root, kind) not in self._resources:
            for resource in self.get(root)["resources"]:
                if "/" not in resource["name"]:  # those are parts of others, such as `pods/log`
                    self._resources[root, resource["kind"]] = resource
        if (root, kind) not in self._resources:
            raise KubernetesError(404, f"the cluster knows no {kind} in {root}")
        return self._resources[root, kind]

    def _path_of(self, manifest: Object) -> str:
        metadata = manifest["metadata"]
        return self.path(
            manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"]
        )

    def apply(
        self, manifest: Object, *, manager: str = "tests", force: bool = True, dry_run: bool = False
    ) -> dict[str, Any]:
        """Make an object what it should be, server-side; return what is there now."""
        query = {"fieldManager": manager, "force": str(force).lower(), **_dry(dry_run=dry_run)}
        applied: dict[str, Any] = self.request(
            "PATCH", self._path_of(manifest), manifest, _APPLY, **query
        ).json()
        return applied

    def create(self, manifest: Object, *, dry_run: bool = False) -> dict[str, Any]:
        """Create an object; return what is there now."""
        path = self.path(manifest["apiVersion"], manifest["kind"], manifest["metadata"].get("namespace", ""))
        made: dict[str, Any] = self.request("POST", path, manifest, **_dry(dry_run=dry_run)).json()
        return made

    def patch(self, path: str, changes: Object, *, manager: str = "tests") -> dict[str, Any]:
        """Change some fields of what is at a path; a field that becomes None is removed."""
        changed: dict[str, Any] = self.request("PATCH", path, changes, _MERGE, fieldManager=manager).json()
        return changed

    def read(self, manifest: Object) -> dict[str, Any] | None:
        """Return the object of that kind and name; None where there is none."""
        try:
            found: dict[str, Any] = self.get(self._path_of(manifest))
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise
        return found

    def delete(self, manifest: Object, *, propagation: str = "Background") -> None:
        """Delete an object; that it is gone already is no error."""
        try:
            self.request("DELETE", self._path_of(manifest), propagationPolicy=propagation)
        except KubernetesError as error:
            if error.status != 404:
                raise

    def list(
        self, api_version: str, kind: str, namespace: str = "", **query: str
    ) -> Iterator[dict[str, Any]]:
        """Yield the objects of a kind, in all namespaces where none is given."""
        path = self.path(api_version, kind, namespace)
        if not namespace:
            path = path.replace("/namespaces/default", "")
        for item in self.get(path, **query)["items"]:
            yield {"apiVersion": api_version, "kind": kind, **item}


def _dry(*, dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _named(file: Mapping[str, Any], plural: str, singular: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry[singular] for entry in file[plural] if entry["name"] == name)
    return found


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text
