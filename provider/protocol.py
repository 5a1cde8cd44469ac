"""The engine's protocol without the rest of the Pulumi SDK.

Importing any part of the `pulumi` package runs its `__init__`, which loads the whole SDK: half of the time
that the plugin would take to start, in every preview. Empty packages with the same search path stand in for
it, so that only the generated protocol modules are loaded.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def skip_the_sdk() -> None:
    """Let `import pulumi.runtime.proto...` load nothing else. For the plugin's own process only."""
    found = importlib.util.find_spec("pulumi")
    if found is None or not found.submodule_search_locations:
        raise ImportError("the Python package pulumi is not installed")
    root = found.submodule_search_locations[0]
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        package = ModuleType(name)
        package.__path__ = ["/".join([root, *name.split(".")[1:]])]
        sys.modules[name] = package
