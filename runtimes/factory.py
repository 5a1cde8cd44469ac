"""Which runtime a target has; imports only what that target needs."""

from __future__ import annotations

from runtimes import Runtime
from settings import Settings
from targets import RuntimeKind, Target


def runtime_for(target: Target, settings: Settings) -> Runtime:
    """Return the runtime of a target."""
    if target.runtime is RuntimeKind.PROCESS:
        from runtimes.process import ProcessRuntime

        return ProcessRuntime(settings)
    if target.runtime is RuntimeKind.DOCKER:
        from runtimes.docker import DockerRuntime

        return DockerRuntime(target, settings)
    from runtimes.kubernetes import KubernetesRuntime

    return KubernetesRuntime(target, settings)
