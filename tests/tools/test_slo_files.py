"""Generated rule files are accepted by promtool, from every format that is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slo.__main__ import main

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_promtool_accepts_what_is_generated(tmp_path: Path, tool: Callable[..., str]) -> None:
    sources = [str(EXAMPLES / "slo"), str(EXAMPLES / "shop" / "service.yaml")]
    assert (
        main(["generate", *sources, "--out", str(tmp_path), "--grafana", "https://grafana.example.org"]) == 0
    )
    files = sorted(map(str, tmp_path.iterdir()))
    assert [Path(file).name for file in files] == [
        "slo-orders.yaml", "slo-payments.yaml", "slo-search.yaml", "slo-shop.yaml", "slo.yaml",
    ]  # fmt: skip
    output = tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", *files)
    assert output.count("SUCCESS") == len(files)
