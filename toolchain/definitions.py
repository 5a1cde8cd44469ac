"""The custom resource definitions of the Prometheus Operator, as its own project publishes them.

They are nobody's text of this repository: set-up fetches them, by a pinned sum, and a deployment reads them.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from toolchain import gomodule, installation, lookup, release
from toolchain.errors import SourceError
from toolchain.progress import Progress

VERSION = "0.93.0"
"""Version of the operator; its image is of the same."""
_SHA256 = "a3061ceebd87de793d1ba9bed10cb763be9ce748adb53b5c5ef4c7c65ee38376"
_FILE = "bundle.yaml"
"""Name of the file in the project's repository, and so in its Go module."""
_PROJECT = "prometheus-operator/prometheus-operator"
_URL = f"https://raw.githubusercontent.com/{_PROJECT}/v{VERSION}/{_FILE}"
_MODULE = f"github.com/{_PROJECT}"


def file() -> Path:
    """Return where the definitions are kept, as one YAML file; they may not have been fetched yet."""
    return lookup.cache_folder() / "prometheus-operator-definitions" / f"{VERSION}.yaml"


def ensure(progress: Progress) -> None:
    """Fetch the definitions unless they are there; only stacks that install the operator need them."""
    if file().exists():
        return
    tried = []
    for source in (_from_project, _from_module):
        try:
            with progress.step(f"fetching the definitions of prometheus-operator {VERSION}"):
                _keep(source())
        except (SourceError, OSError) as error:
            tried.append(str(error))
            continue
        return
    progress.line(
        "The custom resource definitions of the Prometheus Operator are left out: no stack with "
        f"kubernetes.monitors: installed can be deployed from here ({'; '.join(tried)})"
    )


def _from_project() -> bytes:
    if (lookup.cache_folder() / installation.OFFLINE).exists():
        raise SourceError("not downloaded, because the hosts of releases cannot be reached")
    return release.read(_URL).encode()


def _from_module() -> bytes:
    go = shutil.which("go")
    if go is None:
        raise SourceError("`go` is not on PATH")
    with tempfile.TemporaryDirectory() as work:
        return (gomodule.source(go, f"{_MODULE}@v{VERSION}", Path(work)) / _FILE).read_bytes()


def _keep(content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if digest != _SHA256:
        raise SourceError(f"{_FILE} has SHA-256 {digest}, but {_SHA256} is pinned; it was not used")
    lookup.replace_file(file(), content.decode())
