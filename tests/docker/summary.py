"""What the tier ran with, for the end of a test run."""

from __future__ import annotations

import pytest

from tests.docker import images
from tests.docker.engine import NO_ENGINE
from tests.docker.stack import PLUGIN, published_plugin


def write_summary(reporter: pytest.TerminalReporter) -> None:
    """Say what made the containers, or why there were none; nothing where the tier was not asked for."""
    reports = [
        report
        for listed in reporter.stats.values()
        for report in listed
        if str(getattr(report, "nodeid", "")).startswith("tests/docker/")
    ]
    if not reports:
        return
    reasons = {str(report.longrepr[2]) for report in reports if isinstance(report.longrepr, tuple)}
    if missing := sorted(reason for reason in reasons if NO_ENGINE in reason):
        reporter.write_line(f"docker tier: {'; '.join(missing)}")
        return
    plugin = published_plugin()
    found = f"the published plugin, {plugin}" if plugin else f"the tests' stand-in (no {PLUGIN} on PATH)"
    reporter.write_line(f"docker tier: containers were made by {found}")
    if stubs := images.stubs():
        reporter.write_line(f"docker tier: in the place of {', '.join(stubs)} a web server answered")
