"""How many of each product run: what a profile asks for, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping

from settings import Settings
from targets import Target

REPLICAS: Mapping[str, Mapping[str, int]] = {
    "single": {},
    # Two of what repeats everything, three of what needs a majority or should survive a loss during a change.
    "ha": {"prometheus": 2, "alertmanager": 3, "loki": 3, "grafana": 2, "login-proxy": 2},
}
"""Profile → product → replicas; of what is not named there is one."""


def problems(settings: Settings, target: Target) -> list[str]:
    """Return what keeps a profile from being deployed to a target, a line each."""
    if not REPLICAS[settings.profile]:
        return []
    profile = f"profile: {settings.profile!r}"
    if not target.replicates:
        return [f"{profile} takes a cluster; on target {target.name!r} use single"]
    found = []
    if not settings.logs.object_storage:
        found.append(f"{profile} runs several Loki, which need object storage: set logs.objectStorage")
    if not settings.dashboards.database:
        found.append(
            f"{profile} runs several Grafana, which need a database to share: set dashboards.database"
        )
    return found
