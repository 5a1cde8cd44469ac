"""Secrets are in files of their service, and nowhere else."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from urllib.parse import quote

import psutil
import pytest

from tests.docker.conftest import CANARIES
from tests.docker.stack import Stack
from tests.live.conftest import get

pytestmark = pytest.mark.docker

FILES = {
    "slackApiUrl": ("alertmanager", "/run/secrets/alertmanager/slackApiUrl"),
    "grafanaPassword": ("grafana", "/run/secrets/grafana/admin-password"),
}


def forms(secret: str) -> set[str]:
    """Return how a secret could be written somewhere."""
    return {
        secret,
        base64.b64encode(secret.encode()).decode().rstrip("="),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
    }


def test_secret_files_belong_to_their_service_alone(stack: Stack) -> None:
    for key, (product, path) in FILES.items():
        container = stack.containers()[product]
        archive = stack.engine.request("GET", f"/containers/{container['Id']}/archive", None, "", path=path)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            (entry,) = files.getmembers()
            content = files.extractfile(entry)
            assert content is not None
            assert content.read().decode() == CANARIES[key]
        assert (entry.mode & 0o777, str(entry.uid)) == (0o400, container["Config"]["User"].split(":")[0])


def test_no_secret_is_anywhere_else(stack: Stack, refreshed: str) -> None:
    containers = stack.engine.containers(**{"observability.stack": stack.name})
    assert len(containers) > len(stack.containers()), "the loaders are looked at too"
    places = {
        "state": stack.state(),
        "stack file": (stack.project.path / f"Pulumi.{stack.name}.yaml").read_text(),
        "outputs": stack.project.run("stack", "output", "--json", "--stack", stack.name),
        "preview": refreshed,
        "inspect": json.dumps(containers),
        "volumes": json.dumps(stack.engine.get("/volumes")),
        "images": json.dumps(stack.engine.get("/images/json")),
        "processes": str([process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]),
        "alertmanager": json.dumps(get(f"{stack.outputs['alertmanager_url']}/api/v2/status")),
        **{container["Name"]: stack.engine.logs(container["Id"]) for container in containers},
    }
    assert all(places[name] for name in ("state", "stack file", "outputs", "preview", "inspect"))
    found = {
        (key, place)
        for key, secret in CANARIES.items()
        for form in forms(secret)
        for place, text in places.items()
        if form in text
    }
    assert found == set()
