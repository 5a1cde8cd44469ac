"""What each service account may ask the API server, compared with the committed list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graph.kubernetes_objects import STACKS, Rendering, render

pytestmark = pytest.mark.graph

GOLDEN = Path(__file__).parent / "permissions.txt"


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


@pytest.mark.parametrize("stack", STACKS)
def test_nobody_may_change_anything_read_secrets_or_reach_through_a_kubelet(stack: str) -> None:
    for role in render(stack).manifests("Role", "ClusterRole"):
        for rule in role["rules"]:
            assert set(rule["verbs"]) <= {"get", "list", "watch"}
            for what in rule.get("resources", ()):
                assert what not in ("secrets", "configmaps", "nodes/proxy", "pods/exec", "pods/log")
                assert "*" not in what
            assert "*" not in rule.get("apiGroups", ())
