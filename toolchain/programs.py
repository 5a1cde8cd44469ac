"""Every program with its pinned versions: the one place to change when one is updated."""

from __future__ import annotations

from toolchain.model import GoModule, Program, Release

_GITHUB = "https://github.com/{repository}/releases/download/v{{version}}/"


def _github(repository: str, file: str) -> str:
    return _GITHUB.format(repository=repository) + file


_PROMETHEUS_VERSION = "github.com/prometheus/common/version.Version"


def _prometheus_release(name: str, version: str) -> Release:
    repository = f"prometheus/{name}"
    return Release(
        version,
        archives=(_github(repository, name + "-{version}.{os}-{arch}.tar.gz"),),
        checksums=_github(repository, "sha256sums.txt"),
        strip=1,
    )


PULUMI = Program(
    "pulumi",
    "the engine that compares and applies",
    binaries=("pulumi", "pulumi-language-python"),
    at_least=(3, 230, 0),
    below=(4, 0, 0),
    release=Release(
        "3.272.0",  # the Python SDK's own version
        archives=(_github("pulumi/pulumi", "pulumi-v{version}-{os}-{cpu}.tar.gz"),),
        checksums=_github("pulumi/pulumi", "pulumi-{version}-checksums.txt"),
        strip=1,
    ),
    modules=(
        GoModule(
            "github.com/pulumi/pulumi/pkg/v3",
            "v3.230.0",
            packages=("./cmd/pulumi",),
            version="3.230.0",
            version_variable="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
        ),
        # The last module that contains the language host; it works with later engines.
        GoModule(
            "github.com/pulumi/pulumi/sdk/v3",
            "v3.70.0",
            packages=("./python/cmd/pulumi-language-python",),
            version="3.70.0",
            version_variable="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
        ),
    ),
    scripts=("pulumi-language-python-exec",),
    version_arguments=("version",),
)

PROMETHEUS = Program(
    "prometheus",
    "metrics and alert rules; promtool checks them",
    binaries=("prometheus", "promtool"),
    at_least=(3, 13, 0),
    below=(4, 0, 0),
    release=_prometheus_release("prometheus", "3.13.1"),
    modules=(
        GoModule(
            "github.com/prometheus/prometheus",
            "v0.315.0",
            packages=("./cmd/prometheus", "./cmd/promtool"),
            version="3.15.0",
            # Only the discoveries that the stack uses: the others take most of the build time.
            tags="netgo,remove_all_sd,enable_kubernetes_sd,enable_moby_sd,enable_dns_sd",
            version_variable=_PROMETHEUS_VERSION,
        ),
    ),
)

ALERTMANAGER = Program(
    "alertmanager",
    "notifications and silences; amtool checks routes",
    binaries=("alertmanager", "amtool"),
    at_least=(0, 31, 0),
    below=(1, 0, 0),
    release=_prometheus_release("alertmanager", "0.34.0"),
    modules=(
        GoModule(
            "github.com/prometheus/alertmanager",
            "v0.31.1",  # the last module that contains the web page, without which the server does not build
            packages=("./cmd/alertmanager", "./cmd/amtool"),
            version="0.31.1",
            tags="netgo",
            version_variable=_PROMETHEUS_VERSION,
        ),
    ),
)

LOKI = Program(
    "loki",
    "logs; logcli reads them",
    binaries=("loki", "logcli"),
    at_least=(3, 7, 6),
    below=(4, 0, 0),
    release=Release(
        "3.7.6",
        archives=(
            _github("grafana/loki", "loki-{os}-{arch}.zip"),
            _github("grafana/loki", "logcli-{os}-{arch}.zip"),
        ),
        checksums=_github("grafana/loki", "SHA256SUMS"),
        rename=(("loki-{os}-{arch}", "loki"), ("logcli-{os}-{arch}", "logcli")),
    ),
    modules=(
        GoModule(
            "github.com/grafana/loki/v3",
            "v3.7.8",
            packages=("./cmd/loki", "./cmd/logcli"),
            version="3.7.8",
            tags="netgo",
            version_variable="github.com/grafana/loki/v3/pkg/util/build.Version",
        ),
    ),
)

JAEGER = Program(
    "jaeger",
    "traces",
    binaries=("jaeger",),
    at_least=(2, 13, 0),
    below=(3, 0, 0),
    release=Release(
        "2.19.0",
        archives=(_github("jaegertracing/jaeger", "jaeger-{version}-{os}-{arch}.tar.gz"),),
        checksums=_github("jaegertracing/jaeger", "jaeger-{version}-{os}-{arch}.sha256sum.txt"),
        sums_of="members",
        strip=1,
    ),
    modules=(
        GoModule(
            "github.com/jaegertracing/jaeger",
            "v1.76.0",  # the same commit as 2.13.0, whose tag is not a module
            packages=("./cmd/jaeger",),
            version="2.13.0",
            version_variable="github.com/jaegertracing/jaeger/internal/version.latestVersion",
        ),
    ),
    version_arguments=("version",),
)

OTELCOL = Program(
    "otelcol",
    "collects logs, traces and metrics",
    # The name of the contrib distribution: `otelcol` is the core one, which lacks most of what is used here.
    binaries=("otelcol-contrib",),
    at_least=(0, 158, 0),
    below=(1, 0, 0),
    release=Release(
        "0.159.0",
        archives=(
            _github(
                "open-telemetry/opentelemetry-collector-releases",
                "otelcol-contrib_{version}_{os}_{arch}.tar.gz",
            ),
        ),
        checksums=_github(
            "open-telemetry/opentelemetry-collector-releases",
            "opentelemetry-collector-releases_otelcol-contrib_checksums.txt",
        ),
    ),
    modules=(GoModule("", "", packages=(".",), version="0.158.0", folder="collector"),),
)

NODE_EXPORTER = Program(
    "node_exporter",
    "metrics of this machine",
    binaries=("node_exporter",),
    at_least=(1, 8, 0),
    below=(2, 0, 0),
    release=_prometheus_release("node_exporter", "1.12.1"),
    modules=(
        GoModule(
            "github.com/prometheus/node_exporter",
            "v1.12.1",
            packages=(".",),
            version="1.12.1",
            tags="netgo",
            version_variable=_PROMETHEUS_VERSION,
        ),
    ),
)

BLACKBOX_EXPORTER = Program(
    "blackbox_exporter",
    "probes addresses from outside",
    binaries=("blackbox_exporter",),
    at_least=(0, 27, 0),
    below=(1, 0, 0),
    release=_prometheus_release("blackbox_exporter", "0.28.0"),
    modules=(
        GoModule(
            "github.com/prometheus/blackbox_exporter",
            "v0.28.0",
            packages=(".",),
            version="0.28.0",
            tags="netgo",
            version_variable=_PROMETHEUS_VERSION,
        ),
    ),
    tests_only=True,
)

GRAFANA = Program(
    "grafana",
    "dashboards",
    binaries=("grafana",),
    at_least=(13, 0, 0),
    below=(14, 0, 0),
    release=Release(
        "13.1.3",
        archives=(
            "https://dl.grafana.com/grafana/release/{version}/grafana_{version}_31135815010_{os}_{arch}.tar.gz",
        ),
        checksums="{archive}.sha256",
        strip=1,
        into="",
    ),
    optional=True,
)

ACTIONLINT = Program(
    "actionlint",
    "checks the workflows of this repository",
    binaries=("actionlint",),
    at_least=(1, 7, 0),
    below=(2, 0, 0),
    release=Release(
        "1.7.12",
        archives=(_github("rhysd/actionlint", "actionlint_{version}_{os}_{arch}.tar.gz"),),
        checksums=_github("rhysd/actionlint", "actionlint_{version}_checksums.txt"),
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
        archives=(_github("thanos-io/thanos", "thanos-{version}.{os}-{arch}.tar.gz"),),
        checksums=_github("thanos-io/thanos", "sha256sums.txt"),
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
            version_variable=_PROMETHEUS_VERSION,
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
        archives=(_github("coredns/coredns", "coredns_{version}_{os}_{arch}.tgz"),),
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
            version_variable=_PROMETHEUS_VERSION,
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
            version_variable=_PROMETHEUS_VERSION,
        ),
    ),
    optional=True,
    tests_only=True,
)

PROGRAMS = (
    PULUMI,
    NODE_EXPORTER,
    ALERTMANAGER,
    PROMETHEUS,
    JAEGER,
    OTELCOL,
    LOKI,
    GRAFANA,
    BLACKBOX_EXPORTER,
    ACTIONLINT,
    KUBERNETES,
    COREDNS,
    KUBE_STATE_METRICS,
    THANOS,
    PROMETHEUS_OPERATOR,
)
"""In the order of set-up: what is quickly built comes first."""


def owner_of(name: str) -> Program:
    """Return the program of this name, or the one that a tool of this name belongs to."""
    for program in PROGRAMS:
        if name == program.name or name in program.binaries:
            return program
    known = ", ".join(program.name for program in PROGRAMS)
    raise KeyError(f"{name!r} is not a program of the toolchain; known: {known}")
