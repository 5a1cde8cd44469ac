"""The connection to the cluster of a stack, as the kubeconfig of whoever deploys describes it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, list_kube_config_contexts, load_kube_config
from kubernetes.config.kube_config import KubeConfigMerger

from runtimes.kubernetes.site import Site

_MALFORMED = (ConfigException, yaml.YAMLError, AttributeError, KeyError, OSError, TypeError, ValueError)
"""What the client raises of a kubeconfig that is another kind of file, or lacks something."""


class UnusableClusterError(Exception):
    """There is no use in asking further; the message is a problem of the stack."""


def connect(site: Site) -> ApiClient:
    """Return the connection to the cluster; raises `UnusableClusterError` where the kubeconfig gives none."""
    wanted = site.settings.kubernetes.context
    files = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    try:
        contexts, current = list_kube_config_contexts(config_file=files)
    except _MALFORMED as error:
        raise UnusableClusterError(
            f"kubernetes.context: no kubeconfig can be read at {files}: {first_line(error)}; have your "
            "provider's command line write one, or name it in the variable KUBECONFIG"
        ) from None
    names = sorted(context["name"] for context in contexts)
    if wanted not in names and (wanted or not current):
        raise UnusableClusterError(
            f"kubernetes.context: {files} has no context {wanted!r}; it has {', '.join(names) or 'none'}"
        )
    configuration = Configuration()
    configuration.retries = False
    try:
        with _failed_logins() as failures:
            load_kube_config(files, wanted or None, configuration, persist_config=False)
        configuration.proxy = _proxy(files, wanted or current["name"]) or configuration.proxy
    except _MALFORMED as error:
        raise UnusableClusterError(
            f"kubernetes.context: {name(site)} cannot be used: {first_line(error)}"
        ) from None
    if failures:
        raise UnusableClusterError(
            f"kubernetes.context: {name(site)} cannot be used: the program that logs in fails: "
            f"{' '.join(failures[0].split())}; log in with your provider's command line, and see that its "
            "plugin is installed"
        )
    return ApiClient(configuration)


def _proxy(files: str, context: str) -> str:
    """Return the proxy that leads to the cluster of a context, which the client itself does not look for."""
    config = KubeConfigMerger(files).config
    cluster = config["contexts"].get_with_name(context)["context"]["cluster"]
    return str(config["clusters"].get_with_name(cluster)["cluster"].safe_get("proxy-url") or "")


@contextmanager
def _failed_logins() -> Iterator[list[str]]:
    """Give what the client only logs, to go on as nobody: why the program that logs in has failed."""
    failures: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == "kube_config":
                failures.append(record.getMessage())

    listener = Listener(logging.ERROR)
    logging.getLogger().addHandler(listener)
    try:
        yield failures
    finally:
        logging.getLogger().removeHandler(listener)


def name(site: Site) -> str:
    """Return what the cluster's context is called in messages."""
    context = site.settings.kubernetes.context
    return f"the context {context!r}" if context else "the current context"


def first_line(error: Exception) -> str:
    """Return what an error says first, without the full stop."""
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
