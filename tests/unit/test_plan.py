"""What only a whole stack can have wrong: its settings against the catalogue, the target and the project."""

from __future__ import annotations

import pytest

from plan import make_plan
from runtimes import SKIP
from settings import StackFileError


@pytest.mark.parametrize("place", ["docs/runbook", "ftp://wiki.example.org", "README.md"])
def test_links_to_runbooks_lead_to_a_folder_or_a_page(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv(SKIP, "1")
    with pytest.raises(StackFileError) as raised:
        make_plan({"observability:target": "docker", "observability:runbooks": place}, [], "test")
    (problem,) = raised.value.problems
    assert problem == (
        f"runbooks: {place!r} is no folder of the project and no URL; write docs/runbooks or https://…"
    )


def test_links_may_lead_to_a_wiki(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SKIP, "1")
    config = {"observability:target": "docker", "observability:runbooks": "https://wiki.example.org/runbooks"}
    assert make_plan(config, [], "test").prometheus["links"].runbooks == "https://wiki.example.org/runbooks"
