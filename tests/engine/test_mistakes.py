"""Mistakes in a stack file, as a person meets them: with the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.project import Project

pytestmark = pytest.mark.engine

CANARY = "canary-0123456789"
STACK_FILE = f"""config:
  observability:target: process
  observability:retentionDay: 3
  observability:metrics: {{retention: 15 days, scrapeIntervall: 15s, maxSize: 10G B}}
  observability:logs: {{retention: 2h}}
  observability:portOffset: seven
  observability:ports: {{loki-http: 70000}}
  observability:thresholds: {{errorRatio: 5}}
  observability:alerting: {{receivers: [{{name: chat, slack: {{channel: alerts}}}}]}}
  observability:grafanaPassword: {CANARY}
"""
MESSAGES = (
    "retentionDay: unknown setting; did you mean logs.retention or metrics.retention or traces.retention?",
    'metrics.retention: use a duration such as 30s, 5m, 12h or 15d; got "15 days"',
    "metrics.scrapeIntervall: unknown setting; did you mean metrics.scrapeInterval?",
    "metrics.maxSize: use a Kubernetes quantity such as 512Mi or 50Gi",
    "logs.retention: must be at least 24h",
    'portOffset: must be a whole number, got "seven"',
    "ports.loki-http: should be less than or equal to 65535; got 70000",
    "thresholds.errorRatio: should be less than 1; got 5",
    "alerting.receivers.0.slack.channel: use #channel or @user",
    "grafanaPassword: is stored in plain text; set it with: pulumi config set --secret grafanaPassword",
)


def test_ten_mistakes_are_ten_messages_and_nothing_is_registered(tmp_path: Path) -> None:
    project = Project.copy(tmp_path)
    (project.path / "Pulumi.local.yaml").write_text(STACK_FILE)
    output = project.run("up", "--yes", "--skip-preview", "--stack", project.stack, succeeds=False)
    assert [message for message in MESSAGES if message not in output] == [], output
    assert output.count("error: ") <= 2 * len(MESSAGES) + 1, "each once while it runs and once at the end"
    assert "Traceback" not in output
    assert CANARY not in output
    resources = json.loads(project.run("stack", "export", "--stack", project.stack))["deployment"].get(
        "resources", []
    )
    assert {resource["type"] for resource in resources} <= {"pulumi:pulumi:Stack"}
    assert not project.directory.exists()
