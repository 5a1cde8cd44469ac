"""The observability stack: one description, whatever the target. Every product is one component."""

import sys

import pulumi

from components.alertmanager import Alertmanager
from components.blackbox_exporter import BlackboxExporter
from components.buckets import Bucket
from components.cadvisor import Cadvisor
from components.collector import Collector
from components.credentials import Credentials
from components.engine_proxy import EngineProxy
from components.grafana import Grafana
from components.hub import link
from components.jaeger import Jaeger, JaegerArgs, JaegerCollector, JaegerIngester
from components.kube_state_metrics import KubeStateMetrics
from components.log_collector import LogCollector
from components.login_proxy import PEOPLE, PROGRAMS, LoginProxy
from components.loki import Loki, LokiArgs, LokiPart
from components.loki_parts import PARTS as LOKI_PARTS
from components.node_exporter import NodeExporter
from components.prometheus import Prometheus
from components.prometheus_agent import PrometheusAgent
from components.prometheus_operator import PrometheusOperator
from components.thanos import ThanosArgs, ThanosCompactor, ThanosQuery, ThanosStore
from outputs import CONTRACT_VERSION, export
from plan import make_plan
from provider.resources import Password
from settings import GRAFANA_PASSWORD, LOGIN_PASSWORD, PUSH_PASSWORD, StackFileError, engine_configuration

stack = pulumi.get_stack()
try:
    plan = make_plan(*engine_configuration(), stack)
except StackFileError as error:
    for problem in error.problems:
        pulumi.log.error(problem)
    sys.exit(1)
for notice in plan.notices:
    pulumi.log.warn(notice)
for announcement in plan.announcements:
    pulumi.log.info(announcement)

settings, runtime, products = plan.settings, plan.runtime, plan.products
credentials = Credentials(pulumi.Config())
buckets = {name: Bucket(f"{name}-bucket", args).made for name, args in plan.buckets.items()}
for bucket in buckets.values():
    credentials.add(bucket.secrets.items())
hub = link(settings.hub, settings.environment_label)

if plan.engine and "engine-proxy" in products:
    EngineProxy("engine-proxy", {"engine": plan.engine}, runtime)
metric_secrets, metric_bucket = credentials.of(settings.metrics.secret_keys), buckets.get("thanos")
thanos: ThanosArgs | None = None
if plan.thanos:
    thanos = {**plan.thanos, "secrets": metric_secrets, "made": metric_bucket}
prometheus = Prometheus("prometheus", {**plan.prometheus, "hub": hub, "thanos": thanos}, runtime)
if thanos:
    ThanosQuery("thanos-query", thanos, runtime)
if thanos and "thanos-store" in products:
    ThanosStore("thanos-store", thanos, runtime)
    ThanosCompactor("thanos-compactor", thanos, runtime)
log_secrets = credentials.of(settings.logs.secret_keys)
lines: LokiArgs = {**plan.loki, "secrets": log_secrets, "made": buckets.get("loki")}
loki = Loki("loki", lines, runtime)
for part in LOKI_PARTS:
    if part != "loki" and part in products:
        LokiPart(part, lines, runtime)
traces: JaegerArgs = {"traces": settings.traces, "secrets": credentials.of(settings.traces.secret_keys)}
jaeger = Jaeger("jaeger", traces, runtime)
if "jaeger-collector" in products:
    JaegerCollector("jaeger-collector", traces, runtime)
    JaegerIngester("jaeger-ingester", traces, runtime)
alertmanager = Alertmanager(
    "alertmanager",
    {
        "alerting": settings.alerting,
        "secrets": credentials.of(settings.alerting.secret_keys),
        "links": plan.prometheus["links"],
    },
    runtime,
)
collector = Collector("collector", {**plan.collector, "hub": hub}, runtime)
if plan.engine and "cadvisor" in products:
    Cadvisor("cadvisor", {"engine": plan.engine}, runtime)
if plan.cluster and "log-collector" in products:
    LogCollector("log-collector", {"cluster": plan.cluster, "services": plan.services}, runtime)
if plan.cluster and "prometheus-operator" in products:
    PrometheusOperator("prometheus-operator", {"cluster": plan.cluster, "images": settings.images}, runtime)
for name, agent in {
    "node-exporter": NodeExporter,
    "blackbox-exporter": BlackboxExporter,
    "kube-state-metrics": KubeStateMetrics,
    "prometheus-agent": PrometheusAgent,
}.items():
    if name in products:
        agent(name, runtime)
outputs = {
    "contract_version": CONTRACT_VERSION,
    "environment": settings.environment_label,
    "prometheus_url": prometheus.url,
    "prometheus_remote_write_url": prometheus.remote_write_url,
    "alertmanager_url": alertmanager.url,
    "loki_url": loki.url,
    "loki_push_url": loki.push_url,
    "jaeger_url": jaeger.url,
    "otlp_grpc_endpoint": collector.otlp_grpc_endpoint,
    "otlp_http_endpoint": collector.otlp_http_endpoint,
    "health": f"python -m operations health --stack {stack}",
    "notices": list(plan.notices),
}
if "login-proxy" in products:
    people = credentials.password(LOGIN_PASSWORD, "login-password")
    programs = credentials.password(PUSH_PASSWORD, "push-password")
    LoginProxy("login-proxy", {**plan.login_proxy, "password": people, "push_password": programs}, runtime)
    outputs |= {
        "login_username": PEOPLE,
        "login_password": people,
        "push_username": PROGRAMS,
        "push_password": programs,
    }
if "grafana" in products:
    password = credentials.password(GRAFANA_PASSWORD, "grafana-password")
    grafana = Grafana(
        "grafana",
        {
            **plan.grafana,
            "password": password,
            "secret_key": Password("grafana-secret-key").result,
            "secrets": credentials.of(settings.dashboards.secret_keys),
        },
        runtime,
    )
    outputs |= {
        "grafana_url": grafana.url,
        "grafana_username": settings.dashboards.username,
        "grafana_password": password,
    }
export(outputs)
