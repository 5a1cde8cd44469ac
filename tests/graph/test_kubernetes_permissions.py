"""What each service account may ask the API server, compared with the committed list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graph.kubernetes_objects import (
    STACKS,
    Rendering,
    render,
    render_with_monitors,
    rendered,
    with_kubernetes,
)

pytestmark = pytest.mark.graph

GOLDEN = Path(__file__).parent / "permissions.txt"
MONITORS = Path(__file__).parent / "permissions-monitors.txt"


def permissions(rendering: Rendering) -> Iterator[str]:
    """Yield ``account  where  verbs  what``, one for each rule of each role that is bound."""
    roles = {m["metadata"]["name"]: m for m in rendering.manifests("Role", "ClusterRole")}
    for binding in rendering.manifests("RoleBinding", "ClusterRoleBinding"):
        (subject,) = binding["subjects"]
        role = roles.pop(binding["roleRef"]["name"])
        assert role["kind"] == binding["roleRef"]["kind"]
        where = binding["metadata"].get("namespace", "everywhere")
        for rule in role["rules"]:
            group = (rule.get("apiGroups") or [""])[0]
            what = [*rule.get("nonResourceURLs", ()), *rule.get("resources", ())]
            kinds = ",".join(f"{name}.{group}" if group else name for name in what)
            account = f"{subject['namespace']}/{subject['name']}"
            yield f"{account:40}  {where:10}  {','.join(rule['verbs']):14}  {kinds}"
    assert not roles, "a role that nobody has"


@pytest.mark.parametrize("stack", STACKS)
def test_accounts_may_exactly_what_the_committed_list_says(stack: str) -> None:
    expected = [line for line in GOLDEN.read_text().splitlines() if line and not line.startswith("#")]
    assert sorted(permissions(render(stack))) == sorted(expected)


def test_the_operators_accounts_may_exactly_what_the_committed_list_says() -> None:
    expected = [line for line in MONITORS.read_text().splitlines() if line and not line.startswith("#")]
    found = permissions(render_with_monitors())
    assert sorted(line for line in found if "/prometheus-" in line) == sorted(expected)


def test_the_operator_writes_and_reads_secrets_in_the_stacks_namespace_alone() -> None:
    for role in render_with_monitors().manifests("ClusterRole"):
        for rule in role["rules"]:
            written = set(rule["verbs"]) - {"get", "list", "watch"}
            assert not written or rule["resources"] == ["events"]
            assert "secrets" not in rule.get("resources", ())


def test_monitors_that_refer_to_secrets_can_be_allowed_to() -> None:
    rendering = rendered("aks", with_kubernetes("aks", monitors="installed", monitorSecrets=True))
    everywhere = [line for line in permissions(rendering) if "secrets" in line and "everywhere" in line]
    (line,) = everywhere
    assert line.split() == ["observability/prometheus-operator", "everywhere", "get", "configmaps,secrets"]


@pytest.mark.parametrize("stack", STACKS)
def test_nobody_may_change_anything_read_secrets_or_reach_through_a_kubelet(stack: str) -> None:
    for role in render(stack).manifests("Role", "ClusterRole"):
        for rule in role["rules"]:
            assert set(rule["verbs"]) <= {"get", "list", "watch"}
            for what in rule.get("resources", ()):
                assert what not in ("secrets", "configmaps", "nodes/proxy", "pods/exec", "pods/log")
                assert "*" not in what
            assert "*" not in rule.get("apiGroups", ())
