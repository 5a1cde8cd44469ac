"""What only tests use: other servers, a cluster of one node, a checker."""

from __future__ import annotations

from toolchain.model import GoModule, Program, Release
from toolchain.programs.sources import PROMETHEUS_VERSION, github, prometheus_release

BLACKBOX_EXPORTER = Program(
    "blackbox_exporter",
    "probes addresses from outside",
    binaries=("blackbox_exporter",),
    at_least=(0, 27, 0),
    below=(1, 0, 0),
    release=prometheus_release("blackbox_exporter", "0.28.0"),
    modules=(
        GoModule(
            "github.com/prometheus/blackbox_exporter",
            "v0.28.0",
            packages=(".",),
            version="0.28.0",
            tags="netgo",
            version_variable=PROMETHEUS_VERSION,
        ),
    ),
    tests_only=True,
)

ACTIONLINT = Program(
    "actionlint",
    "checks the workflows of this repository",
    binaries=("actionlint",),
    at_least=(1, 7, 0),
    below=(2, 0, 0),
    release=Release(
        "1.7.12",
        archives=(github("rhysd/actionlint", "actionlint_{version}_{os}_{arch}.tar.gz"),),
        checksums=github("rhysd/actionlint", "actionlint_{version}_checksums.txt"),
    ),
    modules=(
        GoModule(
            "github.com/rhysd/actionlint",
            "v1.7.12",
            packages=("./cmd/actionlint",),
            version="1.7.12",
            version_variable="github.com/rhysd/actionlint.version",
        ),
    ),
    tests_only=True,
)

THANOS = Program(
    "thanos",
    "one answer from several Prometheus, and their samples in a bucket",
    binaries=("thanos",),
    at_least=(0, 40, 0),
    below=(1, 0, 0),
    release=Release(
        "0.42.4",
        archives=(github("thanos-io/thanos", "thanos-{version}.{os}-{arch}.tar.gz"),),
        checksums=github("thanos-io/thanos", "sha256sums.txt"),
        strip=1,
    ),
    modules=(
        GoModule(
            "github.com/thanos-io/thanos",
            "v0.42.4",
            packages=("./cmd/thanos",),
            version="0.42.4",
            # Without the second it is built from a form of labels that it takes for another, and crashes.
            tags="netgo,slicelabels",
            version_variable=PROMETHEUS_VERSION,
        ),
    ),
    optional=True,  # only profiles of several replicas run it, in clusters
    tests_only=True,
)

_CLUSTER = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
KUBERNETES = Program(
    "kubernetes",
    "the servers of a one-node cluster, for tests",
    binaries=_CLUSTER,
    at_least=(1, 34, 0),
    below=(2, 0, 0),
    release=Release(
        "1.36.3",
        archives=tuple(f"https://dl.k8s.io/v{{version}}/bin/{{os}}/{{arch}}/{binary}" for binary in _CLUSTER),
        checksums="{archive}.sha256",
    ),
    modules=(
        GoModule(
            "",
            "",
            packages=tuple(f"k8s.io/kubernetes/cmd/{binary}" for binary in _CLUSTER),
            version="v1.36.3",  # as these programs print it, and as their clients read it
            version_variable="k8s.io/component-base/version.gitVersion",
            folder="kubernetes",
        ),
    ),
    optional=True,  # they run on Linux only
    tests_only=True,
)

COREDNS = Program(
    "coredns",
    "names of services in a cluster, for tests",
    binaries=("coredns",),
    at_least=(1, 11, 0),
    below=(2, 0, 0),
    release=Release(
        "1.14.2",
        archives=(github("coredns/coredns", "coredns_{version}_{os}_{arch}.tgz"),),
        checksums="{archive}.sha256",
    ),
    modules=(GoModule("", "", packages=("./coredns",), version="1.14.2", folder="kubernetes"),),
    version_arguments=("-version",),
    optional=True,
    tests_only=True,
)

KUBE_STATE_METRICS = Program(
    "kube-state-metrics",
    "metrics of the objects of a cluster",
    binaries=("kube-state-metrics",),
    at_least=(2, 15, 0),
    below=(3, 0, 0),
    release=Release("2.18.0", archives=(), checksums=""),
    modules=(
        GoModule(
            "k8s.io/kube-state-metrics/v2",
            "v2.18.0",
            packages=(".",),
            version="2.18.0",
            version_variable=PROMETHEUS_VERSION,
        ),
    ),
    version_arguments=("version",),
    optional=True,
    tests_only=True,
)

PROMETHEUS_OPERATOR = Program(
    "prometheus-operator",
    "honours the ServiceMonitor and other objects of a cluster",
    binaries=("operator", "prometheus-config-reloader"),
    at_least=(0, 85, 0),
    below=(1, 0, 0),
    release=Release("0.93.0", archives=(), checksums=""),
    modules=(
        GoModule(
            "github.com/prometheus-operator/prometheus-operator",
            "v0.93.0",
            packages=("./cmd/operator", "./cmd/prometheus-config-reloader"),
            version="0.93.0",
            version_variable=PROMETHEUS_VERSION,
        ),
    ),
    optional=True,
    tests_only=True,
)
