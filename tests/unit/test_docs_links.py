"""Every link between pages of the repository leads to a page, and to a heading, that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FOLDERS = ("docs", "catalog", "examples", "sdk", "tests", "provider", "toolchain")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def pages() -> list[Path]:
    return [*PROJECT.glob("*.md"), *(page for folder in FOLDERS for page in (PROJECT / folder).rglob("*.md"))]


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return what can follow # in a link to a page: its headings as GitHub names them, and anchors."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}
    return frozenset(named | set(re.findall(r'id="([^"]+)"', text)))


def broken(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield link


def test_every_link_leads_somewhere() -> None:
    assert len(pages()) > 100
    found = [f"{page.relative_to(PROJECT)}: {link}" for page in pages() for link in broken(page)]
    assert found == []


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    other, page = tmp_path / "other.md", tmp_path / "page.md"
    other.write_text(
        "# The `ha` profile\n\n<a id='x'></a><a id=\"hub\"></a>\n\n```sh\n# not a heading\n```\n"
    )
    sound = ["other.md", "other.md#the-ha-profile", "other.md#hub", "#here", "https://example.org/#x"]
    wrong = ["another.md", "other.md#not-a-heading", "#there", "other.md#ha-profile"]
    page.write_text("# Here\n\n" + " ".join(f"[a]({link})" for link in (*sound, *wrong)))
    assert list(broken(page)) == wrong
