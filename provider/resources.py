"""The provider's resources, as a Pulumi program uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from provider.layout import Layout


class Password(pulumi.CustomResource):
    """A generated password: random url-safe characters, kept in the encrypted state and nowhere else."""

    result: pulumi.Output[str]
    """The password; always secret."""
    length: pulumi.Output[int]
    """Its number of characters."""

    def __init__(
        self,
        resource_name: str,
        *,
        length: pulumi.Input[int] = 32,
        keepers: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a password.

        `length` is its number of characters, 12 to 256. A change of `length`, or of any value in `keepers`,
        makes a new password.
        """
        inputs = {"length": length, "keepers": keepers, "result": None}
        super().__init__("observability:index:Password", resource_name, inputs, opts)


class Process(pulumi.CustomResource):
    """A program that runs on this machine under the stack's own supervisor.

    It is started again when it crashes, goes on after `pulumi up` has ended, and writes to a rotated log. Its
    environment is HOME, PATH, USER, TMPDIR, the time zone and the locale, what `environment` says, and
    OBSERVABILITY_STACK_DIRECTORY, the mark by which the stack knows its own processes.
    """

    name: pulumi.Output[str]
    """The process's name."""
    directory: pulumi.Output[str]
    """The stack's folder."""
    running: pulumi.Output[bool]
    """Whether it runs with exactly its inputs; a process that was killed shows as a change of this."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        directory: str,
        program: pulumi.Input[str],
        version: pulumi.Input[str] = "",
        arguments: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        environment: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        files: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        secret_files: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        reload_files: Sequence[str] | None = None,
        reload_signal: str | None = None,
        reload_check: Mapping[str, str] | None = None,
        delete_data: bool = False,
        ports: pulumi.Input[Mapping[str, pulumi.Input[int]]] | None = None,
        health_url: pulumi.Input[str] | None = None,
        health_timeout_seconds: float = 90,
        stop_timeout_seconds: int = 30,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a process.

        A change of `name` or `directory` replaces it; any other change restarts it, or reloads it where that
        is enough.

        name: lower-case, unique in the stack's directory; names its folder and its log.
        directory: the stack's own folder, an absolute path; `Layout` says where in it the files are.
        program: the executable, an absolute path.
        version: the program's version; a change restarts the process.
        arguments, environment: as the process gets them; both are visible to others, so secrets are refused.
        files: configuration files, content by path relative to the folder `config`.
        secret_files: content by file name in the folder `secrets`, mode 0600; always secret in state.
        reload_files: patterns of those `files` that the program loads again when it gets `reload_signal`; `*`
            stands for any characters, slashes too.
        reload_signal: for example "SIGHUP".
        reload_check: `url` and `metric` by which a reload is seen to be accepted: a gauge in the Prometheus
            text format, 1 when accepted, whose name ends in `_successful`. After a refused reload the old
            files are put back.
        delete_data: whether deletion removes the process's data and folder too.
        ports: TCP ports that it listens on, by name; one that somebody else holds is reported with its owner.
        health_url: answers 2xx when the process is ready; without it, running for a second is enough.
        health_timeout_seconds: how long it may take until healthy, 1 to 3600.
        stop_timeout_seconds: how long it may take to end after SIGTERM before it is killed, 1 to 600.
        """
        inputs: dict[str, Any] = {
            "name": name,
            "directory": directory,
            "program": program,
            "version": version,
            "arguments": arguments,
            "environment": environment,
            "files": files,
            "secretFiles": None if secret_files is None else pulumi.Output.secret(secret_files),
            "reloadFiles": reload_files,
            "reloadSignal": reload_signal,
            "reloadCheck": reload_check,
            "deleteData": delete_data,
            "ports": ports,
            "healthUrl": health_url,
            "healthTimeoutSeconds": health_timeout_seconds,
            "stopTimeoutSeconds": stop_timeout_seconds,
            "running": None,
        }
        super().__init__("observability:index:Process", resource_name, inputs, opts)


__all__ = ["Layout", "Password", "Process"]
