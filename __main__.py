"""The observability stack: one description, whatever the target. Every product is one component."""

import sys

import pulumi

from components.alertmanager import Alertmanager
from components.blackbox_exporter import BlackboxExporter
from components.buckets import Bucket
from components.cadvisor import Cadvisor
from components.collector import Collector
from components.engine_proxy import EngineProxy
from components.grafana import Grafana
from components.hub import link
from components.jaeger import Jaeger, JaegerArgs, JaegerCollector, JaegerIngester
from components.kube_state_metrics import KubeStateMetrics
from components.log_collector import LogCollector
from components.login_proxy import PEOPLE, PROGRAMS, LoginProxy
from components.loki import Loki
from components.node_exporter import NodeExporter
from components.prometheus import Prometheus
from components.prometheus_agent import PrometheusAgent
from components.prometheus_operator import PrometheusOperator
from components.thanos import ThanosArgs, ThanosCompactor, ThanosQuery, ThanosStore
from outputs import CONTRACT_VERSION, export
from plan import make_plan
from provider.resources import Password
from settings import GRAFANA_PASSWORD, LOGIN_PASSWORD, PUSH_PASSWORD, StackFileError, engine_configuration

config, stack = pulumi.Config(), pulumi.get_stack()
try:
    plan = make_plan(*engine_configuration(), stack)
except StackFileError as error:
    for problem in error.problems:
        pulumi.log.error(problem)
    sys.exit(1)
settings, runtime = plan.settings, plan.runtime
for notice in plan.notices:
    pulumi.log.warn(notice)
for announcement in plan.announcements:
    pulumi.log.info(announcement)

if plan.engine and "engine-proxy" in plan.products:
    EngineProxy("engine-proxy", {"engine": plan.engine}, runtime)
made = {name: Bucket(f"{name}-bucket", args).made for name, args in plan.buckets.items()}
made_keys = {key: value for bucket in made.values() for key, value in bucket.secrets.items()}
metric_secrets = {
    key: made_keys.get(key) or config.require_secret(key) for key in settings.metrics.secret_keys
}
thanos: ThanosArgs | None = (
    {**plan.thanos, "secrets": metric_secrets, "made": made.get("thanos")} if plan.thanos else None
)
hub = link(settings.hub, settings.environment_label)
prometheus = Prometheus("prometheus", {**plan.prometheus, "hub": hub, "thanos": thanos}, runtime)
if plan.cluster and "prometheus-operator" in plan.products:
    PrometheusOperator("prometheus-operator", {"cluster": plan.cluster, "images": settings.images}, runtime)
if "prometheus-agent" in plan.products:
    PrometheusAgent("prometheus-agent", runtime)
if thanos:
    ThanosQuery("thanos-query", thanos, runtime)
if thanos and "thanos-store" in plan.products:
    ThanosStore("thanos-store", thanos, runtime)
    ThanosCompactor("thanos-compactor", thanos, runtime)
log_secrets = {key: made_keys.get(key) or config.require_secret(key) for key in settings.logs.secret_keys}
loki = Loki("loki", {**plan.loki, "secrets": log_secrets, "made": made.get("loki")}, runtime)
trace_secrets = {key: config.require_secret(key) for key in settings.traces.secret_keys}
traces: JaegerArgs = {"traces": settings.traces, "secrets": trace_secrets}
jaeger = Jaeger("jaeger", traces, runtime)
if "jaeger-collector" in plan.products:
    JaegerCollector("jaeger-collector", traces, runtime)
    JaegerIngester("jaeger-ingester", traces, runtime)
receiver_secrets = {key: config.require_secret(key) for key in settings.alerting.secret_keys}
alertmanager = Alertmanager(
    "alertmanager",
    {"alerting": settings.alerting, "secrets": receiver_secrets, "links": plan.prometheus["links"]},
    runtime,
)
collector = Collector("collector", {**plan.collector, "hub": hub}, runtime)
if "node-exporter" in plan.products:
    NodeExporter("node-exporter", runtime)
if "blackbox-exporter" in plan.products:
    BlackboxExporter("blackbox-exporter", runtime)
if plan.engine and "cadvisor" in plan.products:
    Cadvisor("cadvisor", {"engine": plan.engine}, runtime)
if "kube-state-metrics" in plan.products:
    KubeStateMetrics("kube-state-metrics", runtime)
if plan.cluster and "log-collector" in plan.products:
    LogCollector("log-collector", {"cluster": plan.cluster, "services": plan.services}, runtime)
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
if "login-proxy" in plan.products:
    login_password = config.get_secret(LOGIN_PASSWORD) or Password("login-password").result
    push_password = config.get_secret(PUSH_PASSWORD) or Password("push-password").result
    LoginProxy(
        "login-proxy",
        {**plan.login_proxy, "password": login_password, "push_password": push_password},
        runtime,
    )
    outputs |= {
        "login_username": PEOPLE,
        "login_password": login_password,
        "push_username": PROGRAMS,
        "push_password": push_password,
    }
if "grafana" in plan.products:
    password = config.get_secret(GRAFANA_PASSWORD) or Password("grafana-password").result
    secret_key = Password("grafana-secret-key").result
    database = settings.dashboards.database
    grafana = Grafana(
        "grafana",
        {
            **plan.grafana,
            "password": password,
            "secret_key": secret_key,
            "database_password": config.require_secret(database.password_secret) if database else "",
        },
        runtime,
    )
    outputs |= {
        "grafana_url": grafana.url,
        "grafana_username": settings.dashboards.username,
        "grafana_password": password,
    }
export(outputs)
