"""Preview stacks where nothing secret is at hand, and print the result as Markdown for a job's summary.

Names of stacks may be given; otherwise it is every stack that has a file. The stack files are rewritten.
"""  # noqa: INP001 - a script beside the workflow that runs it

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml
from pydantic import ValidationError

from settings.model import Alerting, Dashboards, Logs

PLACEHOLDER = "https://example.org/placeholder0"
"""Passes for a webhook's URL and, by its 32 characters, for a routing key."""
ENCRYPTION = ("encryptionsalt", "encryptedkey", "secretsprovider")


def forget_encryption(file: Path) -> list[str]:
    """Remove from a stack file what encrypts its secrets; return the keys of all secrets that it needs."""
    content = yaml.safe_load(file.read_text())
    config = content["config"]
    file.write_text(yaml.safe_dump({key: value for key, value in content.items() if key not in ENCRYPTION}))
    encrypted = {key for key, value in config.items() if isinstance(value, dict) and "secure" in value}
    try:
        needed = (
            *Alerting.model_validate(config.get("observability:alerting", {})).secret_keys,
            *Logs.model_validate(config.get("observability:logs", {})).secret_keys,
            *Dashboards.model_validate(config.get("observability:dashboards", {})).secret_keys,
        )
    except ValidationError:
        needed = ()  # the preview says what is wrong
    return sorted({*encrypted, *(f"observability:{key}" for key in needed)})


def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the engine and collect what it prints."""
    command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
    # There is no cluster here to look at.
    environment = {**os.environ, "OBSERVABILITY_SKIP_PREFLIGHT": "1"}
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment
    )


def preview(stack: str) -> bool:
    """Print the preview of a stack; say whether it succeeded."""
    keys = forget_encryption(Path(f"Pulumi.{stack}.yaml"))
    result = pulumi("stack", "init", stack)
    for key in keys:
        if result.returncode == 0:
            result = pulumi("config", "set", "--secret", key, PLACEHOLDER, "--stack", stack)
    if result.returncode == 0:
        result = pulumi("preview", "--suppress-outputs", "--stack", stack)
    verdict = "fails" if result.returncode else "succeeds"
    print(f"<details><summary>The preview of <code>{stack}</code> {verdict}</summary>\n")
    print(f"```text\n{result.stdout.strip()}\n```\n</details>\n", flush=True)
    return result.returncode == 0


def main(stacks: list[str]) -> int:
    """Preview the stacks; return the exit status, 1 when a preview failed."""
    print("Without the stacks' state and secrets: everything is new, and secrets are placeholders.\n")
    succeeded = [preview(stack) for stack in stacks]
    return 0 if all(succeeded) else 1


if __name__ == "__main__":
    files = sorted(Path().glob("Pulumi.*.yaml"))
    sys.exit(main(sys.argv[1:] or [file.name.split(".")[1] for file in files]))
