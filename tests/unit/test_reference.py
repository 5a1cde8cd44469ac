"""The generated reference is the one that is committed."""

from __future__ import annotations

from settings.reference import FILE, reference


def test_the_committed_reference_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == reference(), "run: python -m settings.reference"


def test_every_setting_is_described() -> None:
    rows = [line.split("|") for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row[1].strip() for row in rows if not row[3].strip()] == []
