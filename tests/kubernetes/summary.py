"""What the tier ran with, for the end of a test run."""

from __future__ import annotations

import pytest

from tests.docker import images as docker_images
from tests.kubernetes import images
from tests.kubernetes.cluster import missing
from tests.kubernetes.stack import PLUGIN, published_plugin


def write_summary(reporter: pytest.TerminalReporter) -> None:
    """Say what made the pods, or why there were none; nothing where the tier was not asked for."""
    reports = [report for listed in reporter.stats.values() for report in listed]
    if not any(str(getattr(report, "nodeid", "")).startswith("tests/kubernetes/") for report in reports):
        return
    if reason := missing():
        reporter.write_line(f"kubernetes tier: no pods: {reason}")
        return
    plugin = published_plugin()
    found = f"the published plugin, {plugin}" if plugin else f"the tests' stand-in (no {PLUGIN} on PATH)"
    reporter.write_line(f"kubernetes tier: objects were applied by {found}")
    if stubs := [image.program for image in images.PROGRAMS if not docker_images.program(image.program)]:
        reporter.write_line(f"kubernetes tier: in the place of {', '.join(stubs)} a web server answered")
