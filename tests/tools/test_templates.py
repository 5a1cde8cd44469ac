"""Messages lead only where people can go: what is not open to them is not linked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from components.alertmanager_templates import templates
from placement import ContainerPlacement

pytestmark = pytest.mark.tools

GRAFANA = "https://grafana.example.org"
ALERTMANAGER = "https://alertmanager.example.org"
MESSAGES = ("text", "markdown", "slack.text", "email.html")
OPEN: dict[str, tuple[dict[str, str], str, str]] = {
    "nothing": ({}, "", ""),
    "only Grafana": (
        {},
        GRAFANA,
        f"{GRAFANA}/alerting/silence/new?alertmanager=Alertmanager&matcher=alertname%3DA&matcher=pod%3Dx%20y",
    ),
    "everything": (
        {"alertmanager": ALERTMANAGER, "prometheus": "https://prometheus.example.org"},
        GRAFANA,
        f"{ALERTMANAGER}/#/silences/new?filter=%7Balertname%3D%22A%22%2C%20pod%3D%22x%20y%22%7D",
    ),
}
"""What people can open → the addresses, Grafana's, and the link to a silence."""
GRAPH = "generatorURL.example"
DATA = """{
 "status": "firing", "externalURL": "http://inside:9093",
 "commonLabels": {"alertname": "A"}, "groupLabels": {}, "commonAnnotations": {},
 "alerts": [{"status": "firing", "labels": {"alertname": "A", "pod": "x y"},
             "annotations": {"description": "B"}, "generatorURL": "http://generatorURL.example/"}]
}"""


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("case", OPEN)
def test_a_message_links_only_what_is_open(
    tmp_path: Path, tool: Callable[..., str], name: str, case: str
) -> None:
    public, grafana, link = OPEN[case]
    file, data = tmp_path / "notifications.tmpl", tmp_path / "data.json"
    file.write_text(templates(ContainerPlacement(homes={}, public_urls=public), grafana))
    data.write_text(DATA)
    text = tool(
        "amtool",
        "template",
        "render",
        f"--template.glob={file}",
        f"--template.data={data}",
        f'--template.text={{{{ template "observability.{name}" . }}}}',
        *(["--template.type=html"] if name == "email.html" else []),
    ).replace("&amp;", "&")
    assert "B" in text
    assert (GRAPH in text) is ("prometheus" in public)
    assert ("ilence" in text) is bool(link)
    assert link in text
    assert "inside" not in text
    assert not re.search(r"\(\)|<\||href=\"\"|: \n", text), text
