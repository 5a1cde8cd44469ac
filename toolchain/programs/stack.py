"""The engine, and the servers of a stack."""

from __future__ import annotations

from toolchain.model import GoModule, Program, Release
from toolchain.programs.sources import PROMETHEUS_VERSION, github, prometheus_release

PULUMI = Program(
    "pulumi",
    "the engine that compares and applies",
    binaries=("pulumi", "pulumi-language-python"),
    at_least=(3, 230, 0),
    below=(4, 0, 0),
    release=Release(
        "3.272.0",  # the Python SDK's own version
        archives=(github("pulumi/pulumi", "pulumi-v{version}-{os}-{cpu}.tar.gz"),),
        checksums=github("pulumi/pulumi", "pulumi-{version}-checksums.txt"),
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
    release=prometheus_release("prometheus", "3.13.1"),
    modules=(
        GoModule(
            "github.com/prometheus/prometheus",
            "v0.315.0",
            packages=("./cmd/prometheus", "./cmd/promtool"),
            version="3.15.0",
            # Only the discoveries that the stack uses: the others take most of the build time.
            tags="netgo,remove_all_sd,enable_kubernetes_sd,enable_moby_sd,enable_dns_sd",
            version_variable=PROMETHEUS_VERSION,
        ),
    ),
)

ALERTMANAGER = Program(
    "alertmanager",
    "notifications and silences; amtool checks routes",
    binaries=("alertmanager", "amtool"),
    at_least=(0, 31, 0),
    below=(1, 0, 0),
    release=prometheus_release("alertmanager", "0.34.0"),
    modules=(
        GoModule(
            "github.com/prometheus/alertmanager",
            "v0.31.1",  # the last module that contains the web page, without which the server does not build
            packages=("./cmd/alertmanager", "./cmd/amtool"),
            version="0.31.1",
            tags="netgo",
            version_variable=PROMETHEUS_VERSION,
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
            github("grafana/loki", "loki-{os}-{arch}.zip"),
            github("grafana/loki", "logcli-{os}-{arch}.zip"),
        ),
        checksums=github("grafana/loki", "SHA256SUMS"),
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
        archives=(github("jaegertracing/jaeger", "jaeger-{version}-{os}-{arch}.tar.gz"),),
        checksums=github("jaegertracing/jaeger", "jaeger-{version}-{os}-{arch}.sha256sum.txt"),
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
            github(
                "open-telemetry/opentelemetry-collector-releases",
                "otelcol-contrib_{version}_{os}_{arch}.tar.gz",
            ),
        ),
        checksums=github(
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
    release=prometheus_release("node_exporter", "1.12.1"),
    modules=(
        GoModule(
            "github.com/prometheus/node_exporter",
            "v1.12.1",
            packages=(".",),
            version="1.12.1",
            tags="netgo",
            version_variable=PROMETHEUS_VERSION,
        ),
    ),
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
