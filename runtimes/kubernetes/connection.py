"""The connection to the cluster of a stack, as the kubeconfig of whoever deploys describes it."""

from __future__ import annotations

import os
from pathlib import Path

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, list_kube_config_contexts, load_kube_config

from runtimes.kubernetes.site import Site


class UnusableClusterError(Exception):
    """There is no use in asking further; the message is a problem of the stack."""


def connect(site: Site) -> ApiClient:
    """Return the connection to the cluster; raises `UnusableClusterError` where the kubeconfig gives none."""
    wanted = site.settings.kubernetes.context
    files = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    try:
        contexts, current = list_kube_config_contexts(config_file=files)
    except ConfigException as error:
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
        load_kube_config(files, wanted or None, configuration, persist_config=False)
    except (ConfigException, OSError, ValueError) as error:
        raise UnusableClusterError(
            f"kubernetes.context: {name(site)} cannot be used: {first_line(error)}"
        ) from None
    return ApiClient(configuration)


def name(site: Site) -> str:
    """Return what the cluster's context is called in messages."""
    context = site.settings.kubernetes.context
    return f"the context {context!r}" if context else "the current context"


def first_line(error: Exception) -> str:
    """Return what an error says first, without the full stop."""
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
