"""What several programs have in common: where their releases are, and where a build writes its version."""

from __future__ import annotations

from toolchain.model import Release

_GITHUB = "https://github.com/{repository}/releases/download/v{{version}}/"
PROMETHEUS_VERSION = "github.com/prometheus/common/version.Version"
"""Variable of the version in what is built with the libraries of Prometheus."""


def github(repository: str, file: str) -> str:
    """Return the URL of a file of a release on GitHub; it may use the placeholders of `Release`."""
    return _GITHUB.format(repository=repository) + file


def prometheus_release(name: str, version: str) -> Release:
    """Return a release of the project Prometheus."""
    repository = f"prometheus/{name}"
    return Release(
        version,
        archives=(github(repository, name + "-{version}.{os}-{arch}.tar.gz"),),
        checksums=github(repository, "sha256sums.txt"),
        strip=1,
    )
